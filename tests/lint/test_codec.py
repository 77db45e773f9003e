from __future__ import annotations

import enum
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrt_lint.cache.codec import JsonCodec
from mrt_lint.model import ops
from mrt_lint.model.migration import Migration, MigrationFunction, ModuleImport, UnreadableCall
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, SourceSpan, SqlType
from mrt_lint.parse.reading import BrokenFile, codec

names = st.one_of(st.text(), st.just(UNKNOWN))
places = st.builds(SourceSpan, *[st.integers(1, 10**6)] * 4)
types = st.builds(SqlType, name=st.text(), args=st.lists(st.integers()).map(tuple), members=st.none() | st.lists(names).map(tuple))
columns = st.builds(
    Column,
    name=names,
    type=st.none() | types | st.just(UNKNOWN),
    nullable=st.none() | st.booleans(),
    server_default=st.none() | names,
)
operations = st.one_of(
    st.builds(ops.AddColumn, origin=places, table=names, column=names, definition=columns, certain=st.booleans()),
    st.builds(ops.AlterColumn, table=names, column=names, nullable=st.sampled_from([True, False, UNKNOWN, UNSET])),
    st.builds(ops.CreateTable, table=names, columns=st.lists(columns, max_size=3).map(tuple)),
    st.builds(
        ops.CreateForeignKey, table=names, definition=st.builds(Constraint, kind=st.just("foreignkey"), name=st.none() | names)
    ),
    st.builds(ops.Execute, statement=names, dialects=st.none() | st.lists(st.text()).map(tuple)),
)
functions = st.none() | st.builds(
    MigrationFunction, place=places, ops=st.lists(operations, max_size=4).map(tuple), effect=st.booleans()
)
migrations = st.builds(
    Migration,
    path=st.text(),
    revision=st.none() | names,
    down_revision=st.just(UNKNOWN) | st.lists(st.text()).map(tuple),
    place=places,
    upgrade=functions,
    downgrade=functions,
    unreadable=st.lists(st.builds(UnreadableCall, place=places, source=st.text(), why=st.text())).map(tuple),
    imports=st.lists(st.builds(ModuleImport, module=st.text(), names=st.lists(st.text()).map(tuple), place=places)).map(tuple),
)


@settings(max_examples=50, deadline=None)
@given(migrations)
def test_a_migration_survives_the_journey(migration):
    text = codec().dumps(migration)
    assert "\n" not in text
    back = codec().loads(text)
    assert back == migration
    assert repr(back) == repr(migration)
    assert [op.origin for op in back.upgrade_ops] == [op.origin for op in migration.upgrade_ops]


def test_every_operation_can_be_kept():
    kinds = {name for name, cls in vars(ops).items() if isinstance(cls, type) and issubclass(cls, ops.Op)}
    assert len(kinds) > 30
    assert kinds <= codec()._classes.keys()


def test_what_says_nothing_new_is_left_out():
    assert codec().dumps(ops.DropTable(table="users")) == '{"@":"DropTable","table":"users"}'


def test_true_and_one_are_told_apart():
    class Colour(enum.Enum):
        RED = 1

    @dataclass(frozen=True)
    class Pair:
        left: object = 1
        right: object = None

    small = JsonCodec((Pair, Colour))
    kept = small.loads(small.dumps(Pair(left=True, right=Colour.RED)))
    assert (kept.left, kept.right) == (True, Colour.RED)
    assert kept.left is True


def test_a_lone_surrogate_survives():
    broken = BrokenFile(place=SourceSpan(1, 1, 1, 1), reason="\ud800")
    assert codec().loads(codec().dumps(broken)) == broken


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"@":"Nobody"}',
        '{"@":"SourceSpan","line":1}',
        '{"@":"DropTable","table":"a","colour":1}',
        '{"=":"Unknown","value":"?"}',
        "[" * 9999,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="not written by this version"):
        codec().loads(text)
