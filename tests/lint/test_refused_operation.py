"""MRT121 speaks where PostgreSQL, SQLite or Alembic refuses an operation, and nowhere else; what it advises runs."""

import itertools
import os

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint.analysis.impossible import casts_by_itself
from mrt_lint.model.values import SqlType
from mrt_lint.parse.sql.expand import read_sql
from tests.lint.test_downgrade_kinds import NOTHING, PARCELS, sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

TYPES = [
    "varchar(20)",
    "text",
    "char(3)",
    "smallint",
    "integer",
    "bigint",
    "numeric(5,2)",
    "real",
    "date",
    "timestamp",
    "timestamptz",
    "json",
    "jsonb",
    "bytea",
    "inet",
    "cidr",
    "boolean",
    "interval",
    "uuid",
    "mood",
    "other",
    "macaddr",
    "tsvector",
    "xml",
]
SQLITE = [
    'op.drop_constraint("u", "t")',
    'op.create_unique_constraint("x", "t", ["a"])',
    'op.create_foreign_key("x", "t", "t", ["a"], ["id"])',
    'op.create_check_constraint("x", "t", "a > 0")',
    'op.create_primary_key("x", "t", ["a"])',
    'op.alter_column("t", "a", type_=sa.Text())',
    'op.alter_column("t", "a", server_default="x")',
    'with op.batch_alter_table("t", recreate="never") as b:\n    b.create_unique_constraint("x", ["a"])',
]
INVALID = [
    'op.drop_constraint("u")',
    'op.create_index("ix", "t")',
    "op.create_table()",
    'op.create_foreign_key("x", "t", "t", ["a"])',
    'op.rename_table("t")',
    "op.execute()",
    'op.drop_column("t", sa.Column("a", sa.Integer))',
    'op.add_column("t", "b")',
    'op.create_index("ix", sa.table("t"), ["a"])',
    'with op.batch_alter_table("t") as b:\n    b.drop_column()',
]
RUNNING = [
    'op.drop_index("ix")',
    'op.drop_index("ix", "t")',
    'op.alter_column("t", "a", new_column_name="b")',
    'op.alter_column("t", "a", existing_type=sa.Text())',
    'op.drop_table(sa.table("t"))',
    'with op.batch_alter_table("t") as b:\n    b.create_unique_constraint("x", ["a"])',
    'op.rename_table(old_table_name="t", new_table_name="u")',
]


def said(body: str, dialect: str) -> list[str]:
    return [finding.message for finding in told([("pass", "pass"), (NOTHING, body)], dialect) if finding.code == "MRT121"]


def runs(body: str) -> bool:
    """Return whether Alembic and SQLite take it."""
    with sa.create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id int, a int, CONSTRAINT u UNIQUE (a))")
        connection.exec_driver_sql("CREATE INDEX ix ON t (id)")
        try:
            exec(body, {"sa": sa, "op": Operations(MigrationContext.configure(connection))})
        except Exception:  # noqa: BLE001 - whatever it is
            return False
    return True


@pytest.mark.parametrize("body", [*SQLITE, *INVALID, *RUNNING])
def test_it_speaks_where_alembic_or_sqlite_refuses(body: str):
    refused = body not in RUNNING
    assert runs(body) is not refused
    assert bool(said(body, "sqlite")) is refused


@pytest.mark.parametrize("body", ["op.drop_constraint(*names())", 'op.drop_constraint("u", **where())', 'op.drop_index(name="ix")'])
def test_an_argument_that_may_be_there_is_not_missing(body: str):
    assert not said(body, "postgresql")


def test_it_says_what_postgresql_does_not_cast(postgres_server):  # noqa: F811 - as fixtures are asked for
    statement = f"CREATE TABLE t ({', '.join(f'c{number} {kind}' for number, kind in enumerate(TYPES))})"
    kinds: dict[str, SqlType] = dict(
        zip(TYPES, (column.type for column in read_sql(statement, "postgresql")[0].columns), strict=True)
    )
    for name in ("mood", "other"):
        kinds[name] = SqlType(name="ENUM", type_name=name, members=("a",))
    with own_database(postgres_server, f"mrt_casts_{os.getpid()}") as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('a')")
            connection.exec_driver_sql("CREATE TYPE other AS ENUM ('a')")
            wrong = [pair for pair in itertools.permutations(TYPES, 2) if not is_right(connection, *pair, kinds)]
    assert not wrong


def is_right(connection: sa.Connection, former: str, new: str, kinds: dict[str, SqlType]) -> bool:
    """Return whether what is said to be refused is, and what is advised is taken."""
    if casts_by_itself(kinds[former], kinds[new]):
        return True
    connection.exec_driver_sql("DROP TABLE IF EXISTS t")
    connection.exec_driver_sql(f"CREATE TABLE t (c {former})")
    body = f"ALTER TABLE t ALTER COLUMN c TYPE {new}"
    try:
        connection.exec_driver_sql(body)
    except sa.exc.ProgrammingError:
        before = (sql("CREATE TYPE mood AS ENUM ('a')", "CREATE TYPE other AS ENUM ('a')", f"CREATE TABLE t (c {former})"), "pass")
        [found] = [finding for finding in told([before, (sql(body), NOTHING)]) if finding.code == "MRT121"]
        advice = found.instead.removeprefix("add ").removesuffix(" to it")
        if "::" in advice:
            connection.exec_driver_sql(f"{body} {advice}")
        return True
    return False


def test_the_advice_names_the_column_and_is_pythons():
    before = (f'{PARCELS}\nop.add_column("parcels", sa.Column("order", sa.Text()))', "pass")
    [found] = [
        finding
        for finding in told([before, (NOTHING, 'op.alter_column("parcels", "order", type_=sa.Integer())')])
        if finding.code == "MRT121"
    ]
    assert found.instead == """add postgresql_using='"order"::integer' to it"""


@pytest.mark.parametrize(
    ("handler", "speaks"), [("pass", False), ("print('no')", False), ("raise", True), ("print('no')\n    raise RuntimeError", True)]
)
def test_a_failure_that_is_caught_is_none(handler: str, speaks: bool):
    body = f'try:\n    op.alter_column("t", "a", type_=sa.Text())\nexcept Exception:\n    {handler}'
    assert bool(said(body, "sqlite")) is speaks
    assert bool(said(body.replace('op.alter_column("t", "a", type_=sa.Text())', "op.drop_constraint()"), "postgresql")) is speaks
