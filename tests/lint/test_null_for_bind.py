"""Binds in definitions, which SQLAlchemy writes as NULL (MRT447): Alembic is asked what it writes, and databases what arrives."""

import io
import re
from contextlib import closing

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.lint.test_downgrade_kinds import BASE, NOTHING, told
from tests.lint.test_literal_default import connect

SPELLINGS = [
    'op.add_column("parcels", sa.Column("age", sa.Text(), server_default=sa.text({})))',
    'op.add_column("parcels", sa.Column("age", sa.Text(), sa.DefaultClause(sa.text({}))))',
    'op.add_column("parcels", sa.Column("age", sa.Text(), sa.CheckConstraint("age <> " + {})))',
    'op.add_column("parcels", sa.Column("age", sa.Text(), sa.Computed({})))',
    'op.add_column("parcels", sa.Column("age", sa.Text(), sa.Computed(sqltext=sa.text({}))))',
    'op.create_table("lots", sa.Column("age", sa.Text(), server_default=sa.text({})))',
    'op.create_table("lots", sa.Column("age", sa.Text()), sa.CheckConstraint("age <> " + {}))',
    'op.create_table("lots", sa.Column("age", sa.Text()), sa.CheckConstraint(sa.text("age <> " + {}), name="ck"))',
    'op.create_table("lots", sa.Column("age", sa.Text()), sa.Index("ix", sa.text({})))',
    'op.create_table("lots", sa.Column("age", sa.Text()), sa.Index("ix", "age", postgresql_where="age = " + {}))',
    'op.alter_column("parcels", "code", server_default=sa.text({}))',
    'op.create_check_constraint("ck", "parcels", "code <> " + {})',
    'op.create_check_constraint("ck", "parcels", condition=sa.text("code <> " + {}))',
    'op.create_index("ix", "parcels", [sa.text("(code || " + {} + ")")])',
    'op.create_index("ix", "parcels", ["code"], postgresql_where="code = " + {})',
    'op.create_index("ix", "parcels", ["code"], postgresql_where=sa.text("code = " + {}))',
    'with op.batch_alter_table("parcels") as batch:\n    batch.alter_column("code", server_default=sa.text({}))',
    'with op.batch_alter_table("parcels") as batch:\n    batch.create_check_constraint("ck", "code <> " + {})',
]
BECOMING_NULL = ["""'{"a":true}'""", "':a'", "'(:30'", "' :é '", ":code", "/* :a */ ''"]
KEPT = ["""'{"a": true}'""", """'{"a"\\\\:true}'""", "'12:30:00'", "'a:b'", "'::c'", "'x'::text", "':'", "(ARRAY['x'])[1:2]::text"]


def written(body: str, dialect: str = "postgresql") -> str:
    """Return what Alembic writes."""
    out = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": out})
    exec(body, {"op": Operations(context), "sa": sa})
    return " ".join(out.getvalue().split())


def opened(dialect: str):
    if dialect != "sqlite":
        return connect(dialect)
    engine = sa.create_engine("sqlite://")
    return engine, engine.connect()


def said(body: str, *, function: str = "upgrade", dialect: str = "postgresql"):
    bodies = (body, "pass") if function == "upgrade" else (NOTHING, body)
    return [found for found in told([BASE, bodies], dialect) if found.code == "MRT447"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_database_gets_null_and_the_finding_shows_it(spelling: str):
    for text in BECOMING_NULL:
        body = spelling.format(f'r"""{text} """')
        assert "NULL" in written(body)
        for function, consequence in (("upgrade", "deploy fails"), ("downgrade", "rollback leaves things")):
            [found] = said(body, function=function)
            assert found.consequence.value == consequence
            arrives = found.message.partition(" gets ")[2]
            clause = re.sub(r"^ON \((.*)\)$", r"\1", arrives).removesuffix(")")
            assert clause.strip() in written(body)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_colon_that_begins_no_bind_arrives(spelling: str):
    for text in KEPT:
        body = spelling.format(f'"""{text} """')
        assert "NULL" not in written(body)
        assert not said(body)
        assert not said(body, function="downgrade")


@pytest.mark.parametrize(
    "body",
    [
        'op.add_column("parcels", sa.Column("age", sa.Text(), server_default=":a"))',
        'op.alter_column("parcels", "code", server_default=":a")',
        'op.add_column("parcels", sa.Column("age", sa.Text(), server_default=sa.literal_column("\':a\'")))',
        'op.add_column("parcels", sa.Column("age", sa.Text(), server_default=sa.func.lower(":a")))',
        'op.add_column("parcels", sa.Column("age", sa.Text(), server_default=sa.text(":a").bindparams(a="x")))',
        'op.add_column("parcels", sa.Column("age", sa.Text(), server_default=sa.text(":a").bindparams(sa.bindparam("a", "x"))))',
        'op.create_check_constraint("ck", "parcels", sa.text("code <> :a").bindparams(a="x"))',
        'op.create_check_constraint("ck", "parcels", sa.column("code") != ":a")',
        'op.create_index("ix", "parcels", ["code"], postgresql_where=sa.text("code = :a").bindparams(a="x"))',
        'op.create_index("ix", "parcels", ["code"], sqlite_where=sa.text("code = :a"))',
        'op.alter_column("parcels", "code", comment=":a", existing_server_default=sa.text(":a"))',
        'op.create_table("lots", sa.Column("age", sa.Text(), comment=":a"), comment=":b", info={"c": ":d"})',
    ],
)
def test_what_is_quoted_or_has_a_value_is_none(body: str):
    assert "NULL" not in written(body)
    assert not said(body)


def test_what_was_not_read_beside_a_colon_says_nothing():
    default = 'op.add_column("parcels", sa.Column("age", sa.Text(), server_default=sa.text(f"{}")))'
    assert not said(default.format("'{values()}:b'"))
    assert not said(default.format("':a{values()}'"))
    assert [":a" in found.message for found in said(default.format("'{values()} :a'"))] == [True]


@pytest.mark.parametrize(
    ("call", "on"),
    [
        ('op.create_index("ix", "parcels", ["code"], postgresql_where=sa.text(":a"))', {"postgresql"}),
        ('op.create_index("ix", "parcels", ["code"], sqlite_where=sa.text(":a"))', {"sqlite"}),
        (
            'op.alter_column("parcels", "code", existing_type=sa.Text(), nullable=True, existing_server_default=sa.text("(:a)"))',
            {"mysql", "mariadb"},
        ),
    ],
)
def test_what_one_database_gets_is_said_for_that_one(call: str, on: set[str]):
    for dialect in ("postgresql", "sqlite", "mysql", "mariadb"):
        assert bool(said(call, dialect=dialect)) is (dialect in on)
        assert (":a" not in call or "WHERE NULL" in written(call, dialect) or "(NULL)" in written(call, dialect)) is (dialect in on)


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb", "sqlite"])
@pytest.mark.parametrize("text", ["""'{"a":true}'""", "'it''s :x'"])
def test_the_advice_is_what_the_database_gets(dialect: str, text: str):
    call = 'op.add_column("mrt_binds", sa.Column("c", sa.String(40), server_default={}))'
    [found] = said(call.format(f"sa.text({text!r})"), dialect=dialect)
    begin, plain = re.search(r"\(\\\\(:\w+) in Python\).*server_default=(.*)", found.instead).groups()
    escaped = repr(text.replace(begin, f"\\{begin}"))
    meant = text[1:-1].replace("''", "'")
    engine, connection = opened(dialect)
    with closing(connection):
        if dialect == "mariadb":
            connection.exec_driver_sql("CREATE OR REPLACE DATABASE mrt_null_for_bind")
            connection.exec_driver_sql("USE mrt_null_for_bind")
        operations = Operations(MigrationContext.configure(connection))
        arrived = []
        for default in (f"sa.text({text!r})", f"sa.text({escaped})", plain):
            connection.exec_driver_sql("CREATE TEMPORARY TABLE mrt_binds (id integer)")
            exec(call.format(default), {"op": operations, "sa": sa})
            connection.exec_driver_sql("INSERT INTO mrt_binds (id) VALUES (1)")
            arrived.append(connection.scalar(sa.text("SELECT c FROM mrt_binds")))
            connection.exec_driver_sql("DROP TABLE mrt_binds")
        if dialect == "mariadb":
            connection.exec_driver_sql("DROP DATABASE mrt_null_for_bind")
    engine.dispose()
    assert arrived == [meant.replace(begin, "NULL"), meant, meant]


def test_a_value_outside_of_quotes_is_given_by_bindparams():
    call = 'op.create_check_constraint("ck", "parcels", {})'
    [found] = said(call.format('"code <> :worst"'))
    assert "sa.text(…).bindparams(worst=…)" in found.instead
    assert "code <> 'x'" in written(call.format('sa.text("code <> :worst").bindparams(worst="x")'))
