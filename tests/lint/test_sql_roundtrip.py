"""The DDL that Alembic renders for an operation is read back as that operation, on every dialect."""

import io
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import given, settings
from hypothesis import strategies as st

from mrt_lint.model import ops
from mrt_lint.model.values import UNSET, Column, Constraint, SqlType
from mrt_lint.parse.sql.expand import read_sql

DIALECTS = ["postgresql", "mysql", "sqlite"]
AWKWARD = [
    "order",
    "Select",
    "user data",
    "naïve",
    "key",
    "index",
    "primary",
    "check",
    "a-b",
    "constraint",
    "where",
    'q"uote',
    "b`tick",
    "x1",
    "CamelCase",
]
NAMES = st.one_of(st.sampled_from(AWKWARD), st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True))
TEXTS = st.one_of(st.sampled_from(["a, b) NOT NULL --", "it's", "/* */ ; DROP TABLE x", ""]), st.text("abc'(),;- \n", max_size=8))
FLAGS = st.booleans()

TYPES = st.sampled_from(
    [
        (sa.Integer(), SqlType(name="INTEGER")),
        (sa.BigInteger(), SqlType(name="BIGINT")),
        (sa.SmallInteger(), SqlType(name="SMALLINT")),
        (sa.String(50), SqlType(name="VARCHAR", args=(50,))),
        (sa.Text(), SqlType(name="TEXT")),
        (sa.Numeric(10, 2), SqlType(name="NUMERIC", args=(10, 2))),
        (sa.Boolean(), SqlType(name="BOOLEAN")),
        (sa.Date(), SqlType(name="DATE")),
        (sa.DateTime(), SqlType(name="TIMESTAMP", timezone=False)),
        (sa.Float(), SqlType(name="FLOAT")),
        (sa.JSON(), SqlType(name="JSON")),
        (sa.CHAR(3), SqlType(name="CHAR", args=(3,))),
    ]
)
DEFAULTS = st.one_of(
    st.none().map(lambda _: (None, None)),
    TEXTS.map(lambda text: (text, "'" + text.replace("'", "''") + "'")),
    st.sampled_from(["0", "now()", "1 + 2", "CURRENT_TIMESTAMP"]).map(lambda text: (sa.text(text), text)),
)
ONDELETE = st.sampled_from([None, "CASCADE", "SET NULL", "RESTRICT"])


@st.composite
def columns(draw, name=NAMES, nullable=FLAGS):
    called, nullable = draw(name), draw(nullable)
    (kind, read), (default, text) = draw(TYPES), draw(DEFAULTS)
    made = Column(name=called, type=read, nullable=nullable, server_default=text)
    return sa.Column(called, kind, nullable=nullable, server_default=default, autoincrement=False), made


def unique_names(size):
    return st.lists(NAMES, min_size=size, max_size=size, unique_by=str.lower)


@st.composite
def create_table(draw):
    table, first, second, check, key, unique, other = draw(unique_names(7))
    made = [draw(columns(st.just(first), st.just(False))), draw(columns(st.just(second)))]
    ondelete = draw(ONDELETE)

    def call(op):
        op.create_table(
            table,
            *(column for column, _ in made),
            sa.PrimaryKeyConstraint(first, name=key),
            sa.UniqueConstraint(second, name=unique),
            sa.CheckConstraint("1 > 0", name=check),
            sa.ForeignKeyConstraint([second], [f"{other}.{second}"], ondelete=ondelete),
        )

    constraints = (
        Constraint(kind="primary", name=key, columns=(first,)),
        Constraint(kind="unique", name=unique, columns=(second,)),
        Constraint(kind="check", name=check, condition="1 > 0"),
        Constraint(kind="foreignkey", columns=(second,), referred_table=other, referred_columns=(second,), ondelete=ondelete),
    )
    read = tuple(column for _, column in made)
    return call, lambda _: ops.CreateTable(table=table, columns=read, constraints=constraints)


@st.composite
def add_column(draw):
    table = draw(NAMES)
    column, read = draw(columns())
    return lambda op: op.add_column(table, column), lambda _: ops.AddColumn(table=table, column=read.name, definition=read)


@st.composite
def alter_column(draw):
    table, name, new = draw(unique_names(3))
    (kind, read), renamed, nullable = draw(TYPES), draw(FLAGS), draw(FLAGS)
    given_name = {"new_column_name": new} if renamed else {}

    def call(op):
        if op.get_context().dialect.name == "postgresql":
            op.alter_column(table, name, type_=kind)
        else:
            op.alter_column(table, name, type_=kind, existing_type=sa.Integer(), existing_nullable=nullable, **given_name)

    def expected(dialect):
        made = ops.AlterColumn(table=table, column=name, type=read)
        if dialect == "postgresql":
            return made
        return replace(made, nullable=nullable, server_default=None, new_column=new if renamed else UNSET)

    return call, expected


@st.composite
def create_index(draw):
    index, table, first, second = draw(unique_names(4))
    unique = draw(FLAGS)
    made = ops.CreateIndex(index=index, table=table, columns=(first, second), unique=unique)
    return lambda op: op.create_index(index, table, [first, second], unique=unique), lambda _: made


@st.composite
def create_constraint(draw):
    name, table, column, other, target = draw(unique_names(5))
    ondelete = draw(ONDELETE)
    key = Constraint(
        kind="foreignkey", name=name, columns=(column,), referred_table=other, referred_columns=(target,), ondelete=ondelete
    )
    unique = Constraint(kind="unique", name=name, columns=(column,))
    check = Constraint(kind="check", name=name, condition="1 > 0")
    return draw(
        st.sampled_from(
            [
                (
                    lambda op: op.create_foreign_key(name, table, other, [column], [target], ondelete=ondelete),
                    lambda _: ops.CreateForeignKey(table=table, definition=key),
                ),
                (
                    lambda op: op.create_unique_constraint(name, table, [column]),
                    lambda _: ops.CreateUniqueConstraint(table=table, definition=unique),
                ),
                (
                    lambda op: op.create_check_constraint(name, table, "1 > 0"),
                    lambda _: ops.CreateCheckConstraint(table=table, definition=check),
                ),
            ]
        )
    )


@st.composite
def drop(draw):
    name, table = draw(unique_names(2))
    return draw(
        st.sampled_from(
            [
                (lambda op: op.drop_table(name), lambda _: ops.DropTable(table=name)),
                (lambda op: op.drop_column(table, name), lambda _: ops.DropColumn(table=table, column=name)),
                (lambda op: op.rename_table(table, name), lambda _: ops.RenameTable(table=table, new_table=name)),
                (
                    lambda op: op.drop_index(name, table),
                    lambda dialect: ops.DropIndex(index=name, table=table if dialect == "mysql" else None),
                ),
                (
                    lambda op: op.drop_constraint(name, table, type_="foreignkey"),
                    lambda dialect: ops.DropConstraint(
                        constraint=name, table=table, kind="foreignkey" if dialect == "mysql" else None
                    ),
                ),
            ]
        )
    )


OPERATIONS = st.one_of(create_table(), add_column(), alter_column(), create_index(), create_constraint(), drop())
NOT_ON_SQLITE = (ops.AlterColumn, ops.CreateConstraint, ops.DropConstraint)


def render(dialect, calls):
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer})
    operations = Operations(context)
    for call in calls:
        call(operations)
    return buffer.getvalue()


def spell_out(column):
    return replace(column, nullable=column.nullable is not False)


def comparable(op):
    """NULL is what a column takes where nothing is said, and each dialect says it or not."""
    if isinstance(op, ops.CreateTable):
        return replace(op, columns=tuple(map(spell_out, op.columns)), constraints=frozenset(op.constraints))
    return replace(op, definition=spell_out(op.definition)) if isinstance(op, ops.AddColumn) else op


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=35, deadline=None)
@given(made=st.lists(OPERATIONS, min_size=1, max_size=3))
def test_what_alembic_renders_is_read_back(dialect, made):
    pairs = [(call, expected(dialect)) for call, expected in made]
    if dialect == "sqlite":
        pairs = [(call, op) for call, op in pairs if not isinstance(op, NOT_ON_SQLITE)]
    sql = render(dialect, [call for call, _ in pairs])
    assert list(map(comparable, read_sql(sql, dialect))) == [comparable(op) for _, op in pairs], sql
