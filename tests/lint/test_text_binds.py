"""Binds of `sa.text()` and `op.execute()`: what fails whatever the database holds (MRT121). SQLAlchemy is asked whether it is so."""

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import orm

from tests.lint.test_downgrade_kinds import BASE, NOTHING, told

RUN = 'op.get_bind().execute(sa.text("{}"){})'
FAILING = [
    RUN.format("SELECT :a::integer", ', {"a": 1}'),
    RUN.format("SELECT id, :a::numeric(5, 2) FROM parcels", ', {"a": 1}'),
    RUN.format("SELECT :lock::integer", ".bindparams(lock=1)"),
    'op.execute("SELECT :lock::integer")',
    RUN.format("SELECT :a", ', {"b": 1}'),
    RUN.format("SELECT :a, :b", ', [{"a": 1, "b": 2}, {"b": 3}]'),
    RUN.format("SELECT :a", ""),
    RUN.format("SELECT :a, :b", '.bindparams(a=1), {"c": 1}'),
    RUN.format("SELECT 1", ".bindparams(a=1)"),
    RUN.format("SELECT ':a'", ""),
    'op.execute("SELECT :a")',
    'op.execute(sa.text("SELECT 1 -- :a"))',
    "op.execute('SELECT \\'{\"a\":true}\\'')",
    "op.execute(\"SELECT '(:30)'\")",
    'op.get_context().execute("SELECT :a")',
    'orm.Session(op.get_bind()).execute(sa.text("SELECT :a"), {"b": 1})',
    'op.get_bind().scalar(sa.text("SELECT :a"))',
    RUN.format("SELECT 1 WHERE 1 = %(a)s", ', {"a": 1}'),
    'op.execute("SELECT 1 WHERE 1 IN (%s)")',
]
RUNNING = [
    RUN.format("SELECT CAST(:a AS integer)", ', {"a": 1}'),
    RUN.format("SELECT :a", ', [{"a": 1}]'),
    RUN.format("SELECT :a", ', {"a": 1, "b": 2}'),
    RUN.format("SELECT 1", ', {"a": 1}'),
    RUN.format("SELECT :a", ".bindparams(a=1)"),
    RUN.format("SELECT :a", '.bindparams(sa.bindparam("a", 1))'),
    RUN.format("SELECT :a", ".params(a=1, b=2)"),
    RUN.format("SELECT :a", ", parameters=dict(a=1)"),
    RUN.format("SELECT ':'", ""),
    'op.get_bind().execute(statement=sa.text("SELECT :a"), parameters={"a": 1})',
    "op.execute('SELECT \\'{\"a\": true}\\'')",
    "op.execute('SELECT \\'{\"a\"\\\\:true}\\'')",
    "op.execute(\"SELECT '12:30', 'a:b', ':=', '::c'\")",
    "op.execute(\"SELECT '%s', 5 %(3)\")",
    'op.get_bind().exec_driver_sql("SELECT :a", {"a": 1})',
    'values = {}\nfor name in ["a", "b"]:\n    values[name] = 1\n' + RUN.format("SELECT :a, :b", ", values"),
    'op.get_bind().execute(sa.text("SELECT " + ", ".join(f":p{n}" for n in range(2))), {f"p{n}": n for n in range(2)})',
]
UNKNOWN = [
    RUN.format("SELECT :a", ", values()"),
    RUN.format("SELECT :a", ", **values()"),
    RUN.format("SELECT :a", ", *values()"),
    RUN.format("SELECT :a", ".bindparams(*values())"),
    "given = {}\nfill(given)\n" + RUN.format("SELECT :a", ", given"),
    'given = {"b": 1}\ngiven.update(values())\n' + RUN.format("SELECT :a", ", given"),
    'given = {"b": 1}\nif values():\n    given["a"] = 1\n' + RUN.format("SELECT :a", ", given"),
    'op.execute(f"SELECT :a{values()}, {values()}:b")',
    'op.get_bind().execute("SELECT :a")',
    'op.execute("DO $$ DECLARE v int; BEGIN v := 5; PERFORM v::text; END $$")',
    # Whether it runs on SQLite depends on the version: SQLAlchemy 2.0.0 takes this text for a bind there, later ones do not.
    "op.execute(\"SELECT '%(a)s'\")",
]


def runs(body: str) -> bool:
    """Return whether SQLite runs a body by SQLAlchemy and Alembic; of what only PostgreSQL parses, whether SQLAlchemy takes it."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE parcels (id integer)")
        try:
            exec(body, {"op": Operations(MigrationContext.configure(connection)), "sa": sa, "orm": orm})
        except (sa.exc.StatementError, sa.exc.ArgumentError):
            return False
    return True


def said(body: str, *, function: str = "downgrade", dialect: str = "postgresql") -> list[str]:
    bodies = (body, "pass") if function == "upgrade" else (NOTHING, body)
    bodies = (f"import sqlalchemy.orm as orm\n{bodies[0]}", f"import sqlalchemy.orm as orm\n{bodies[1]}")
    return [f"{found.message} {found.instead}" for found in told([BASE, bodies], dialect) if found.code == "MRT121"]


@pytest.mark.parametrize("function", ["upgrade", "downgrade"])
@pytest.mark.parametrize("body", FAILING)
def test_a_bind_that_is_none_or_has_no_value_fails(body: str, function: str):
    assert not runs(body)
    for dialect in ("postgresql", "mysql", "sqlite"):
        assert len(said(body, function=function, dialect=dialect)) == 1


@pytest.mark.parametrize("body", RUNNING)
def test_a_bind_with_a_value_runs(body: str):
    assert runs(body)
    assert not said(body)


@pytest.mark.parametrize("body", UNKNOWN)
def test_values_that_are_not_read_may_be_there(body: str):
    assert not said(body)


@pytest.mark.parametrize(
    ("around", "when"),
    [
        ("{}", "fails here:"),
        ("if rows():\n    {}", "once its condition holds:"),
        ("for row in rows():\n    {}", "once there are rows:"),
        ("try:\n    {}\nexcept Exception:\n    pass", ""),
    ],
)
def test_what_is_wrong_in_itself_fails_under_a_condition_too(around: str, when: str):
    found = said(around.format(FAILING[0]))
    assert [when in text for text in found] == ([True] if when else [])


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        (FAILING[0], "write CAST(:a AS integer)"),
        (RUN.format("UPDATE parcels SET code = :c::shop.kind[]", ""), "write CAST(:c AS shop.kind[])"),
        (RUN.format("UPDATE parcels SET code = :c::character varying(20)", ""), "write CAST(:c AS character varying(20))"),
        (FAILING[4], "sa.text(…).bindparams(a=…)"),
        (FAILING[12], r"(\\:true in Python)"),
        (FAILING[17], "write :a, and give the value by bindparams(a=…)"),
    ],
)
def test_the_advice_says_how_it_is_written(body: str, advice: str):
    assert advice in said(body)[0]
