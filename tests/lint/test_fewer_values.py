"""A downgrade back to fewer values of an enum or a CHECK: rows written since are refused (MRT120). PostgreSQL is asked whether."""

import os

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.lint.test_downgrade_kinds import DOGS, ENUM, NOTHING, sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

DOGS_TOO = (f"{DOGS}\nop.add_column('dogs', sa.Column('kind', sa.Text()))", 'op.drop_table("dogs")')
ADD = sql("ALTER TYPE mood ADD VALUE 'mad'")
RENAMED, MADE, GONE = (
    "ALTER TYPE mood RENAME TO mood_old",
    "CREATE TYPE mood AS ENUM ('sad', 'glad')",
    "DROP TYPE mood_old",
)
PLAIN = sql(RENAMED, MADE, "ALTER TABLE dogs ALTER COLUMN mood TYPE mood USING mood::text::mood", GONE)
ALTERED = f'op.alter_column("dogs", "mood", type_={ENUM}, postgresql_using="mood::text::mood")'
IN_BATCH = ALTERED.replace('op.alter_column("dogs", ', "batch.alter_column(")
SWAPS = [
    PLAIN,
    sql(RENAMED, MADE, 'ALTER TABLE dogs ALTER mood TYPE mood USING ("mood"::text)::"public"."mood"', GONE),
    f"{sql(RENAMED)}\n{ENUM}.create(op.get_bind(), checkfirst=False)\n{ALTERED}\n{sql(GONE)}",
    sql("CREATE TYPE mood_2 AS ENUM ('sad', 'glad')")
    + "\n"
    + sql("ALTER TABLE dogs ALTER COLUMN mood TYPE mood_2 USING mood::text::mood_2", "DROP TYPE mood")
    + "\n"
    + sql("ALTER TYPE mood_2 RENAME TO mood"),
    f"{sql(RENAMED, MADE)}\nwith op.batch_alter_table('dogs') as batch:\n    {IN_BATCH}\n{sql(GONE)}",
]
SYNC = 'op.sync_enum_values("public", "mood", {}, [("dogs", "mood")], enum_values_to_rename={})'
TO_TEXT = sql("ALTER TABLE dogs ALTER COLUMN mood TYPE varchar(20) USING mood::text")
TO_ENUM = sql("ALTER TABLE dogs ALTER COLUMN mood TYPE mood USING mood::mood")
ADD_CHECK, DROP_CHECK = (
    'op.create_check_constraint("ck", "dogs", {!r})',
    'op.drop_constraint("ck", "dogs", type_="check")',
)
MORE, FEWER = ADD_CHECK.format("kind IN ('a', 'b', 'c')"), ADD_CHECK.format("kind IN ('a', 'b')")
SHORTER = [
    FEWER,
    sql("ALTER TABLE dogs ADD CONSTRAINT ck CHECK (kind IN ('a', 'b'))"),
    sql("ALTER TABLE dogs ADD CHECK (((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))"),
    ADD_CHECK.format("kind IS NULL OR kind IN ('a', 'b')"),
    ADD_CHECK.format("dogs.kind = 'a'"),
    "with op.batch_alter_table('dogs') as batch:\n    batch.create_check_constraint('ck', \"kind IN ('b', 'a')\")",
]
MOVED = [
    sql("UPDATE dogs SET {0} = '{1}' WHERE {0} = '{2}'"),
    sql("DELETE FROM dogs WHERE {0} = '{2}'"),
    'op.execute(sa.table("dogs", sa.column("{0}")).update().values({0}="{1}"))',
]


def said(upgrade: str, downgrade: str, dialect: str = "postgresql", base: tuple[str, str] = DOGS_TOO) -> list[str]:
    found = told([base, (upgrade, downgrade)], dialect)
    return [f"{finding.message} {finding.instead}" for finding in found if finding.code == "MRT120"]


def runs(server: sa.URL, *bodies: str) -> bool:
    """Return whether PostgreSQL takes these bodies one after the other, in autocommit."""
    with own_database(server, f"mrt_fewer_{os.getpid()}") as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            operations = Operations(MigrationContext.configure(connection))
            try:
                for body in bodies:
                    exec(body, {"op": operations, "sa": sa})
            except sa.exc.DBAPIError:
                return False
    return True


@pytest.mark.parametrize("swap", SWAPS)
def test_a_type_with_fewer_labels_refuses_those_written_since(swap: str, postgres_server):  # noqa: F811 - as fixtures are asked for
    written = sql("INSERT INTO dogs (id, mood) VALUES (1, 'mad')")
    moved = MOVED[0].format("mood", "sad", "mad")
    assert not runs(postgres_server, DOGS_TOO[0], ADD, written, swap)
    assert runs(postgres_server, DOGS_TOO[0], ADD, written, moved, swap)
    [found] = said(ADD, swap)
    assert "the rollback fails where a row holds 'mad' by then" in found
    assert "UPDATE dogs SET mood = … WHERE mood IN ('mad')" in found
    assert not said(ADD, f"{moved}\n{swap}")


@pytest.mark.parametrize("check", SHORTER)
def test_a_shorter_list_of_a_check_refuses_rows(check: str, postgres_server):  # noqa: F811 - as fixtures are asked for
    base, back = f"{DOGS_TOO[0]}\n{check}", f"{DROP_CHECK}\n{check}"
    change = f"{sql('ALTER TABLE dogs DROP CONSTRAINT IF EXISTS ck')}\n{MORE}"
    written = sql("INSERT INTO dogs (id, kind) VALUES (1, 'c')")
    moved = MOVED[0].format("kind", "a", "c")
    assert not runs(postgres_server, DOGS_TOO[0], MORE, written, back)
    assert runs(postgres_server, DOGS_TOO[0], MORE, written, moved, back)
    [found] = said(change, back, base=(base, "pass"))
    assert "'c' by then" in found
    assert "WHERE kind IN (" in found
    assert not said(change, f"{moved}\n{back}", base=(base, "pass"))


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        *((ADD, f"{move.format('mood', 'sad', 'mad')}\n{PLAIN}") for move in MOVED),
        (ADD, PLAIN.replace("USING mood::text::mood", "USING (CASE mood WHEN ''mad'' THEN ''sad'' ELSE mood::text END)::mood")),
        (ADD, PLAIN.replace("'glad'", "'glad', 'mad'")),
        (sql("SELECT 1"), PLAIN),
        (SYNC.format('["sad", "glad", "mad"]', "[]"), SYNC.format('["sad", "glad"]', '[("mad", "sad")]')),
        (MORE, DROP_CHECK),
        (FEWER, f"{DROP_CHECK}\n{MORE}"),
        (MORE, f"{DROP_CHECK}\n{MOVED[1].format('kind', 'a', 'c')}\n{FEWER}"),
        (MORE, f"{DROP_CHECK}\n{sql('ALTER TABLE dogs ADD CONSTRAINT ck CHECK (kind IN (1)) NOT VALID')}"),
        (MORE, f"{DROP_CHECK}\n{ADD_CHECK.format('length(kind) < 3')}"),
        (MORE, f"{DROP_CHECK}\n{ADD_CHECK.format('kind NOT IN (1)')}"),
    ],
)
def test_values_that_are_moved_or_still_taken_are_not_refused(upgrade: str, downgrade: str):
    assert not said(upgrade, downgrade)


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "held"),
    [
        (SYNC.format('["sad", "glad", "mad"]', "[]"), SYNC.format('["sad", "glad"]', "[]"), "a row holds 'mad' by then"),
        (TO_TEXT, TO_ENUM, "a row holds none of 'sad' or 'glad' by then"),
        (DROP_CHECK, FEWER, "a row holds none of 'a' or 'b' by then"),
        (f"{DROP_CHECK}\n{MORE}", f"{DROP_CHECK}\n{FEWER}", "a row holds 'c' by then"),
    ],
)
def test_what_a_row_may_hold_is_named(upgrade: str, downgrade: str, held: str):
    [found] = said(upgrade, downgrade)
    assert held in found


SMALL, LARGE = 'sa.Enum("sad", "glad", name="mood")', 'sa.Enum("sad", "glad", "mad", name="mood")'
ALTER = 'op.alter_column("dogs", "mood", existing_type={}, type_={})'


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "held"),
    [
        (ALTER.format(SMALL, LARGE), ALTER.format(LARGE, SMALL), "'mad'"),
        (
            sql("ALTER TABLE dogs MODIFY mood ENUM('sad','glad','mad')"),
            sql("ALTER TABLE dogs MODIFY mood ENUM('sad','glad')"),
            "'mad'",
        ),
        (ALTER.format(SMALL, "sa.String(20)"), ALTER.format("sa.String(20)", SMALL), "none of 'sad' or 'glad'"),
    ],
)
def test_mysql_refuses_or_empties_them(dialect: str, upgrade: str, downgrade: str, held: str):
    [found] = said(upgrade, downgrade, dialect)
    assert f"a row holds {held} by then, or empties such values where the server is not strict" in found
    assert not said(upgrade, f"{MOVED[0].format('mood', 'sad', 'mad')}\n{downgrade}", dialect)


def test_sqlite_keeps_no_enums():
    batch = 'with op.batch_alter_table("dogs") as batch:\n    batch.alter_column("mood", type_={})'
    assert not said(batch.format(LARGE), batch.format(SMALL), "sqlite")


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "back"),
    [
        (TO_TEXT, TO_ENUM, "and downgrade() fails where a row holds none of 'sad' or 'glad' by then"),
        (
            sql("ALTER TABLE dogs ALTER COLUMN id TYPE varchar(9)"),
            sql("ALTER TABLE dogs ALTER COLUMN id TYPE int USING id::int"),
            "and downgrade() fails where a row holds what is no INTEGER by then",
        ),
        (
            sql("ALTER TABLE dogs ALTER COLUMN id TYPE varchar(9)"),
            sql("ALTER TABLE dogs ALTER COLUMN id TYPE int USING length(id)"),
            "downgrade() converts what is left",
        ),
        (sql("ALTER TABLE dogs ALTER COLUMN id TYPE varchar(9)"), "pass", "and downgrade() leaves it so"),
        (
            sql("ALTER TABLE dogs ALTER COLUMN kind TYPE uuid USING kind::uuid"),
            sql("ALTER TABLE dogs ALTER COLUMN kind TYPE text"),
            "downgrade() converts what is left",
        ),
    ],
)
def test_a_conversion_that_refuses_converts_nothing(upgrade: str, downgrade: str, back: str):
    messages = [finding.message for finding in told([DOGS_TOO, (upgrade, downgrade)]) if finding.code == "MRT303"]
    assert [message.endswith(f"every value is converted, {back}") for message in messages] == [True]


@pytest.mark.parametrize(
    ("dialect", "labels", "expected"),
    [
        ("sqlite", '"sad", "glad", "mad"', False),
        ("mssql", '"sad", "glad", "very glad"', False),
        ("oracle", '"sad", "mad"', True),
        ("mysql", '"sad", "glad", "mad"', False),
    ],
)
def test_an_enum_is_a_text_where_the_database_has_none(dialect: str, labels: str, expected: bool):
    change = f'with op.batch_alter_table("dogs") as batch:\n    batch.alter_column("mood", type_=sa.Enum({labels}, name="mood"))'
    guarded = f'if op.get_bind().dialect.name == "{dialect}":\n' + "\n".join(f"    {line}" for line in change.splitlines())
    found = [finding for finding in told([DOGS_TOO, (guarded, NOTHING)], dialect) if finding.code == "MRT303"]
    assert bool(found) is expected
