"""Advice about rows, keys and indexes, carried out on a database as it is written: it runs, and leaves what was meant."""

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from packaging.version import Version

from tests.lint.test_advice import engine, execute, op  # noqa: F401 - fixtures
from tests.lint.test_downgrade_kinds import BASE, DROP_PARCELS, INDEXED, ITEMS, NOTHING, PARCELS, UNIQUE, sql, told

SHORTER = 'op.alter_column("parcels", "code", type_=sa.String(5), existing_type=sa.Text())'
WIDE = ('op.create_table("parcels", sa.Column("id", sa.Integer()), sa.Column("code", sa.String(5)))', DROP_PARCELS)
ROWS = sql("INSERT INTO parcels (id, code) VALUES (1, 'longer than it may be'), (2, 'same'), (3, 'same')")

KNOWS_DISTINCT = Version(sa.__version__) >= Version("2.0.16")
"""Whether SQLAlchemy writes NULLS NOT DISTINCT."""


def perform(operations: Operations, *bodies: str) -> None:
    for body in bodies:
        exec(body, {"op": operations, "sa": sa})


def advice(code: str, before: tuple[str, str], upgrade: str, downgrade: str = NOTHING, dialect: str = "postgresql") -> str:
    return next(found.instead for found in told([before, (upgrade, downgrade)], dialect) if found.code == code)


@pytest.mark.parametrize(
    "made",
    [
        'op.create_unique_constraint(None, "parcels", ["code"])',
        'op.create_foreign_key(None, "parcels", "parcels", ["id"], ["id"])',
        f"{sql('ALTER TABLE parcels DROP CONSTRAINT parcels_pkey', 'ALTER TABLE parcels ADD UNIQUE (code, id)')}",
    ],
)
def test_a_constraint_without_a_name_is_dropped_by_what_the_database_called_it(op, made: str):  # noqa: F811 - a fixture
    perform(op, PARCELS, made)
    before = sa.inspect(op.get_bind()).get_unique_constraints("parcels") + sa.inspect(op.get_bind()).get_foreign_keys("parcels")
    execute(op, advice("MRT110", BASE, made))
    now = sa.inspect(op.get_bind())
    assert len(before) == 1
    assert not now.get_unique_constraints("parcels") + now.get_foreign_keys("parcels")


def test_a_primary_key_without_a_name_is_dropped_too(op):  # noqa: F811 - a fixture
    made = 'op.create_primary_key(None, "Town Lots", ["id"])'
    lots = ('op.create_table("Town Lots", sa.Column("id", sa.Integer()))', "pass")
    perform(op, lots[0], made)
    execute(op, advice("MRT110", lots, made))
    assert not sa.inspect(op.get_bind()).get_pk_constraint("Town Lots")["constrained_columns"]


def test_values_are_shortened_before_the_type_is_narrow_again(op):  # noqa: F811 - a fixture
    wider = 'op.alter_column("parcels", "code", type_=sa.Text(), existing_type=sa.String(5))'
    perform(op, WIDE[0], wider, ROWS)
    for text in (advice("MRT111", WIDE, wider), advice("MRT120", WIDE, wider, SHORTER)):
        execute(op, text)
    perform(op, SHORTER)
    assert op.get_bind().scalar(sa.text("SELECT code FROM parcels WHERE id = 1")) == "longe"


def test_a_column_comes_back_not_null_in_three_steps(op):  # noqa: F811 - a fixture
    required = (PARCELS.replace("sa.String(20))", "sa.String(20), nullable=False)"), DROP_PARCELS)
    back = 'op.add_column("parcels", sa.Column("code", sa.String(20)))'
    perform(op, required[0], 'op.drop_column("parcels", "code")', back)
    execute(op, advice("MRT111", required, 'op.drop_column("parcels", "code")', back))
    assert [column["nullable"] for column in sa.inspect(op.get_bind()).get_columns("parcels")] == [False, False]


@pytest.mark.parametrize(
    "made",
    [
        "CREATE INDEX ix ON parcels (code, id DESC) INCLUDE (id)",
        "CREATE INDEX ix ON parcels (code text_pattern_ops, id DESC NULLS LAST) WITH (fillfactor = 70)",
        'CREATE INDEX ix ON parcels (code COLLATE "C" DESC) WHERE id > 1',
        "CREATE INDEX ix ON parcels (lower(code) DESC, (id + 1))",
        "CREATE INDEX ix ON parcels USING hash (code)",
        *(["CREATE UNIQUE INDEX ix ON parcels (code DESC) NULLS NOT DISTINCT"] if KNOWS_DISTINCT else []),
    ],
)
def test_an_index_is_the_same_as_the_one_in_its_place(op, made: str):  # noqa: F811 - a fixture
    written = sa.text("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix'")
    found = told([BASE, (sql(made), NOTHING)])
    text = next(finding.instead for finding in found if finding.code in {"MRT407", "MRT406"})
    perform(op, PARCELS, sql(made))
    before = op.get_bind().scalar(written)
    perform(op, 'op.drop_index("ix", "parcels")')
    execute(op, text)
    assert op.get_bind().scalar(written) == before


@pytest.mark.parametrize(
    "index",
    [
        'op.create_index("ix", "parcels", [sa.text("code DESC")])',
        sql("CREATE INDEX ix ON parcels (code COLLATE NOCASE)"),
        sql("CREATE UNIQUE INDEX ix ON parcels (code DESC, id)"),
    ],
)
def test_an_index_gets_its_order_again_after_a_rebuild_on_sqlite(index: str):
    before = (f"{PARCELS}\n{index}", DROP_PARCELS)
    change = 'with op.batch_alter_table("parcels") as batch:\n    batch.alter_column("code", nullable={})'
    written = "SELECT sql FROM sqlite_master WHERE name = 'ix'"
    with sa.create_engine("sqlite://").connect() as connection:
        operations = Operations(MigrationContext.configure(connection))
        perform(operations, before[0])
        former = connection.exec_driver_sql(written).scalar()
        perform(operations, change.format(False))
        assert connection.exec_driver_sql(written).scalar() != former
        text = advice("MRT119", before, change.format(False), change.format(True), "sqlite")
        execute(operations, text)
        assert connection.exec_driver_sql(written).scalar() == former
        calls = text.rpartition(": ")[2].replace(" and op.", "\nop.")
        again = f"{change.format(False)}\n{calls}", f"{change.format(True)}\n{calls}"
        assert not [found for found in told([before, again], "sqlite") if found.code in {"MRT119", "MRT441", "MRT112"}]


@pytest.mark.parametrize(
    ("upgrade", "made"),
    [
        ('op.drop_constraint("uq", "parcels", type_="unique")', UNIQUE),
        ('op.drop_index("ix", table_name="parcels")', (INDEXED[0].replace('["code"])', '["code"], unique=True)'), DROP_PARCELS)),
    ],
)
def test_what_is_unique_again_finds_no_duplicates(op, upgrade: str, made: tuple[str, str]):  # noqa: F811 - a fixture
    text = advice("MRT409" if "constraint" in upgrade else "MRT408", made, upgrade)
    assert text.startswith("change in downgrade() the rows that hold the same in (code) by then, or copy them")
    perform(op, made[0], upgrade, sql("INSERT INTO parcels VALUES (2, 'same'), (3, 'same')"))
    perform(op, sql("UPDATE parcels SET code = code || id WHERE id NOT IN (SELECT min(id) FROM parcels GROUP BY code)"))
    execute(op, text)


def test_a_value_reaches_a_block_by_a_setting_of_the_transaction(op):  # noqa: F811 - a fixture
    block = "op.execute(f\"DO $$ DECLARE v text := '{place}'; BEGIN UPDATE parcels SET code = v; END $$\")"
    text = advice("MRT803", BASE, f"from shop import place\n{block}")
    setting = text[text.index("op.execute(") : text.index(", and read it")]
    perform(op, PARCELS, sql("INSERT INTO parcels VALUES (1, 'a')"), setting.replace("…", '"it\'s"'))
    perform(op, sql("DO $$ DECLARE v text := current_setting('migration.value'); BEGIN UPDATE parcels SET code = v; END $$"))
    assert op.get_bind().scalar(sa.text("SELECT code FROM parcels")) == "it's"


@pytest.mark.parametrize("statement", ["DELETE FROM parcels", "TRUNCATE parcels CASCADE"])
def test_rows_are_kept_and_back(op, statement: str):  # noqa: F811 - a fixture
    key = 'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])'
    text = advice("MRT214" if "DELETE" in statement else "MRT203", (f"{PARCELS}\n{ITEMS}\n{key}", "pass"), sql(statement))
    perform(op, PARCELS, ITEMS, sql("INSERT INTO parcels VALUES (1, 'a')"))
    kept = [part for part in text.partition(")")[0].partition("(")[2].split("; ") if part.startswith("CREATE TABLE")]
    perform(op, sql(*kept, statement, "INSERT INTO parcels SELECT * FROM parcels_backup_r1"))
    assert op.get_bind().scalar(sa.text("SELECT code FROM parcels")) == "a"
    assert len(kept) == (1 if "DELETE" in statement else 2)
