"""A call of an operation that Python refuses is known to fail, and only such a call: Alembic itself says which."""

import io

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint.model.ops import InvalidCall
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import compose

REFUSED = [
    ('op.drop_column("age")', "lacks its argument column_name"),
    ('op.create_index("ix", "parcels")', "lacks its argument columns"),
    ('op.drop_table("parcels", "items")', "takes 1 positional argument and gets 2"),
    ('op.drop_index("ix", "parcels", ["code"])', "takes 2 positional arguments and gets 3"),
    ('op.rename_table("a", "b", "public")', "takes 2 positional arguments and gets 3"),
    ('op.execute("SELECT 1", {"a": 1})', "takes 1 positional argument and gets 2"),
    ('op.drop_column("parcels", "age", column_name="age")', "is given its argument column_name twice"),
    ('op.add_column("parcels", table_name="parcels", column=sa.Column("age", sa.Integer()))', "its argument table_name twice"),
    ('op.drop_constraint("uq", "parcels", ["code"])', "its type_ is a list"),
    ('op.drop_constraint("uq", "parcels", type_="index")', "its type_ is 'index', which is none of foreignkey"),
    (
        'with op.batch_alter_table("parcels") as batch:\n    batch.drop_index("ix", "parcels")',
        "takes 1 positional argument and gets 2",
    ),
    (
        'with op.batch_alter_table("parcels") as batch:\n    batch.drop_column("parcels", "age")',
        "takes 1 positional argument and gets 2",
    ),
]
TAKEN = [
    'op.drop_index("ix", "parcels")',
    'op.drop_index(table_name="parcels", index_name="ix")',
    'op.create_table("parcels", sa.Column("id", sa.Integer()), sa.Column("age", sa.Integer()))',
    'op.create_exclude_constraint("ex", "parcels", ("during", "&&"), ("room", "="))',
    'op.drop_constraint("uq", "parcels", "unique")',
    'op.execute(sa.text("SELECT 1"))',
    'op.execute("")',
    'op.bulk_insert(sa.table("parcels", sa.column("a")), [])',
    'op.bulk_insert(sa.table("parcels", sa.column("a", sa.Integer)), [{"a": n} for n in range(3)])',
    'with op.batch_alter_table("parcels", None, "never") as batch:\n    batch.drop_constraint("uq", "unique")',
]


def run(body: str) -> None:
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": io.StringIO()})
    exec(body, {"op": Operations(context), "sa": sa})


@pytest.mark.parametrize(("body", "why"), REFUSED)
def test_a_call_with_wrong_arguments_is_refused(body: str, why: str):
    with pytest.raises(TypeError):
        run(body)
    (call,) = (op for op in parse_migration(compose(body).encode(), "m.py").upgrade_ops if isinstance(op, InvalidCall))
    assert why in call.problem


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('op.execute(op.execute("SELECT 1"))', "is given None"),
        ('op.get_context()\nop.execute(sqltext=op.execute("SELECT 1"))', "is given None"),
        ("op.execute(None)", "is given None"),
        ("statement = None\nop.execute(statement)", "is given None"),
        ('op.execute(["SELECT 1", "SELECT 2"])', "is given a list"),
        ('op.execute(("SELECT 1",))', "is given a tuple"),
        ('op.execute(b"SELECT 1")', "is given bytes"),
        ('with op.batch_alter_table("parcels") as batch:\n    batch.execute(None)', "is given None"),
        ('op.bulk_insert(None, [{"a": 1}])', "takes a table and gets None"),
        ('op.bulk_insert("parcels", [{"a": 1}])', "takes a table and gets a text"),
        ('op.bulk_insert(sa.table("parcels"), {"a": 1})', "takes a list of rows and gets a dictionary"),
    ],
)
def test_what_is_no_statement_table_or_list_is_refused(body: str, why: str):
    with pytest.raises((TypeError, AttributeError)):  # the latter where SQL is only written
        run(body)
    calls = [op for op in parse_migration(compose(body).encode(), "m.py").upgrade_ops if isinstance(op, InvalidCall)]
    assert [call.problem for call in calls if why in call.problem]
    assert len(calls) == 1


@pytest.mark.parametrize("body", TAKEN)
def test_a_call_that_python_takes_is_not_refused(body: str):
    run(body)
    found = parse_migration(compose(body).encode(), "m.py").upgrade_ops
    assert found
    assert not any(isinstance(op, InvalidCall) for op in found)


def test_arguments_that_cannot_be_counted_are_not_refused():
    found = parse_migration(compose('op.drop_column("age", *NAMES)', module="from app import NAMES").encode(), "m.py").upgrade_ops
    assert not any(isinstance(op, InvalidCall) for op in found)
