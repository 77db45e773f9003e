"""What a downgrade does to what its upgrade never touched, and what rows or other objects refuse on the way back."""

import itertools
import os

import pytest
import sqlalchemy as sa

from mrt_lint.analysis.type_family import may_refer
from mrt_lint.model.values import SqlType
from tests.lint.test_downgrade_kinds import AGE, DROP_AGE, DROP_ITEMS, DROP_PARCELS, NOTHING, PARCELS, SHOP, holds, sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

CODED = 'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.String(20), nullable=False, {}))'
BASE = (CODED.format('server_default="x"'), DROP_PARCELS)
NARROW = 'op.alter_column("parcels", "code", {})'


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        # what upgrade() never touched
        (AGE, f"{DROP_AGE}\n{NARROW.format('type_=sa.String(40)')}", "its type was VARCHAR(20) and becomes VARCHAR(40)"),
        (AGE, f"{DROP_AGE}\n{NARROW.format('existing_type=sa.String(20), nullable=True')}", "its nullable was no and becomes yes"),
        (AGE, f"{DROP_AGE}\n{NARROW.format('server_default=None')}", "its default was 'x' and becomes none"),
        (AGE, f"{DROP_AGE}\n{NARROW.format('server_default=which()')}", ""),  # which one is not known
        (AGE, f'{DROP_AGE}\nwith op.batch_alter_table("parcels") as b:\n    b.alter_column("code", nullable=True)', "becomes yes"),
        (AGE, f"{DROP_AGE}\n{sql('ALTER TABLE parcels ALTER COLUMN code DROP NOT NULL')}", "its nullable was no and becomes yes"),
        (AGE, f"{DROP_AGE}\n{sql('ALTER TABLE parcels ALTER code TYPE text')}", "its type was VARCHAR(20) and becomes TEXT"),
        (AGE, f"{DROP_AGE}\n{sql('ALTER TABLE parcels ALTER code DROP DEFAULT')}", "its default was 'x' and becomes none"),
        (
            'op.alter_column("parcels", "code", type_=sa.Text())',
            'op.alter_column("parcels", "code", type_=sa.String(20), nullable=True, server_default=None)',
            "its nullable was no and becomes yes, its default was 'x' and becomes none",
        ),
        (
            'op.alter_column("parcels", "code", new_column_name="mark")',
            'op.alter_column("parcels", "mark", new_column_name="code", type_=sa.Text())',
            "its type was VARCHAR(20) and becomes TEXT",
        ),
        (
            'op.rename_table("parcels", "packets")',
            sql("ALTER TABLE packets ALTER code TYPE text", "ALTER TABLE packets RENAME TO parcels"),
            "TEXT",
        ),
        # as it was, restated, or nobody knows
        (AGE, f"{DROP_AGE}\n{NARROW.format('type_=sa.String(20)')}", ""),
        (AGE, f"{DROP_AGE}\n{NARROW.format('existing_type=sa.String(20), nullable=False')}", ""),
        (AGE, f"{DROP_AGE}\n{NARROW.format('type_=sa.Text()')}\n{NARROW.format('type_=sa.String(20)')}", ""),
        (AGE, f'{DROP_AGE}\nop.alter_column("elsewhere", "code", type_=sa.Text())', ""),
        (f"{AGE}\nop.execute(anything())", f"{DROP_AGE}\n{NARROW.format('type_=sa.Text()')}", ""),
        (AGE, f"{DROP_AGE}\nif flag():\n    {NARROW.format('type_=sa.Text()')}", ""),
        (f"{AGE}\n{NARROW.format('type_=sa.Text()')}", f"{DROP_AGE}\n{NARROW.format('type_=sa.String(20)')}", ""),
        (AGE, f'{DROP_AGE}\n{NARROW.format("type_=sa.Text()")}\nraise RuntimeError("no way back")', ""),
    ],
)
def test_a_downgrade_leaves_alone_what_its_upgrade_never_touched(upgrade: str, downgrade: str, expected: str):
    found = [finding for finding in told([BASE, (upgrade, downgrade)]) if finding.code == "MRT111"]
    assert [expected in finding.message for finding in found] == ([True] if expected else [])
    assert all("upgrade did not touch" in finding.message for finding in found)


MODIFIED = f"{DROP_AGE}\n{sql('ALTER TABLE parcels MODIFY code VARCHAR(20)')}"


def test_modify_forgets_what_upgrade_never_touched():
    (finding,) = [one for one in told([BASE, (AGE, MODIFIED)], "mysql") if one.code == "MRT111"]
    assert "its nullable was no and becomes yes, its default was 'x' and becomes none" in finding.message


KEY = 'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])'
DROP_KEY = 'op.drop_constraint("fk", "items", type_="foreignkey")'
KEYED = (f"{SHOP[0]}\n{KEY}", SHOP[1])
TO_TEXT = 'op.alter_column("{}", "{}", type_=sa.{}, existing_type=sa.Integer())'
BOTH = f"{DROP_KEY}\n{TO_TEXT.format('items', 'parcel_id', 'String(36)')}\n{TO_TEXT.format('parcels', 'id', 'String(36)')}"
BACK = 'op.alter_column("{}", "{}", type_=sa.{}, existing_type=sa.String(36), postgresql_using="id::integer")'
ITEM_BACK, PARCEL_BACK = BACK.format("items", "parcel_id", "Integer()"), BACK.format("parcels", "id", "Integer()")
SAID = "to which its foreign key points"


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "dialect", "is_refused"),
    [
        (f"{BOTH}\n{KEY}", f"{DROP_KEY}\n{ITEM_BACK}\n{KEY}", "postgresql", True),
        (f"{BOTH}\n{KEY}", f"{DROP_KEY}\n{PARCEL_BACK}\n{KEY}", "postgresql", True),
        (f"{BOTH}\n{KEY}", f"{DROP_KEY}\n{PARCEL_BACK}\n{KEY}", "mysql", True),
        (f"{BOTH}\n{KEY}", f"{DROP_KEY}\n{PARCEL_BACK}\n{KEY}", "sqlite", False),
        (BOTH, KEY, "postgresql", False),  # both are text
        (BOTH, f"{ITEM_BACK}\n{KEY}\n{PARCEL_BACK}", "postgresql", True),
        (BOTH, f"{ITEM_BACK}\n{PARCEL_BACK}\n{KEY}", "postgresql", False),
        (
            f"{DROP_KEY}\n" + 'op.drop_column("items", "parcel_id")\n' + TO_TEXT.format("parcels", "id", "String(36)"),
            'op.add_column("items", sa.Column("parcel_id", sa.Integer(), sa.ForeignKey("parcels.id")))',
            "postgresql",
            True,
        ),
        (
            DROP_ITEMS + "\n" + TO_TEXT.format("parcels", "id", "Uuid()"),
            f'{SHOP[0].splitlines()[1][:-1]}, sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name="fk"))',
            "postgresql",
            True,
        ),
        (
            f"{DROP_KEY}\n" + TO_TEXT.format("parcels", "id", "Uuid()"),
            sql("ALTER TABLE items ADD CONSTRAINT fk FOREIGN KEY (parcel_id) REFERENCES parcels (id)"),
            "postgresql",
            True,
        ),
        # widened on one side only: an equality between them is there on PostgreSQL, MySQL wants one size
        (f"{DROP_KEY}\n" + TO_TEXT.format("parcels", "id", "BigInteger()"), KEY, "postgresql", False),
        (f"{DROP_KEY}\n" + TO_TEXT.format("parcels", "id", "BigInteger()"), KEY, "mysql", True),
        (f"{DROP_KEY}\nop.execute(anything())", KEY, "postgresql", False),
        (f"{DROP_KEY}\nif flag():\n    " + TO_TEXT.format("parcels", "id", "String(36)"), KEY, "postgresql", False),
    ],
)
def test_a_foreign_key_fits_what_it_points_to(upgrade: str, downgrade: str, dialect: str, is_refused: bool):
    found = [finding for finding in told([KEYED, (upgrade, downgrade)], dialect) if SAID in finding.message]
    assert [finding.code for finding in found] == (["MRT112"] if is_refused else [])


TYPES = (
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "NUMERIC",
    "VARCHAR(9)",
    "CHAR(9)",
    "TEXT",
    "UUID",
    "DATE",
    "TIMESTAMP",
    "BOOLEAN",
    "INET",
    "CIDR",
)


def connected(url: sa.URL) -> sa.Connection:
    return sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect()


def test_no_foreign_key_that_postgresql_takes_is_said_not_to_fit(postgres_server):  # noqa: F811 - as fixtures are asked for
    with own_database(postgres_server, f"mrt_keys_{os.getpid()}") as url, connected(url) as connection:
        for target, kind in itertools.product(TYPES, TYPES):
            connection.exec_driver_sql(f"CREATE TABLE p (id {target} PRIMARY KEY)")
            try:
                connection.exec_driver_sql(f"CREATE TABLE c (id {kind} REFERENCES p)")
                is_taken = True
            except sa.exc.DBAPIError:
                is_taken = False
            connection.exec_driver_sql("DROP TABLE IF EXISTS c, p")
            said = may_refer(*(SqlType(name=name.partition("(")[0]) for name in (kind, target)), "postgresql")
            assert said is is_taken or (said and {kind, target} <= {"NUMERIC", "SMALLINT", "INTEGER", "BIGINT"})


UNIQUE = 'op.create_unique_constraint("uq", "parcels", ["code"])'
DROP_UNIQUE = 'op.drop_constraint("uq", "parcels", type_="unique")'
INDEX = 'op.create_index("ux", "parcels", ["code"], unique=True)'
WIDER = 'op.create_unique_constraint("{}", "parcels", ["code", "id"])'
TWO = 'op.create_unique_constraint("{}", "parcels", ["shop", "code"])'
WITH_SHOP = PARCELS[:-1] + ', sa.Column("shop", sa.Integer()))'


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade", "is_refused"),
    [
        (UNIQUE, DROP_UNIQUE, UNIQUE, True),
        (INDEX, 'op.drop_index("ux", table_name="parcels")', INDEX, True),
        (INDEX, sql("DROP INDEX ux"), sql("CREATE UNIQUE INDEX ux ON parcels (code)"), True),
        (UNIQUE, DROP_UNIQUE, sql("ALTER TABLE parcels ADD CONSTRAINT uq UNIQUE (code)"), True),
        (
            UNIQUE,
            "with op.batch_alter_table('parcels') as b:\n    b.drop_constraint('uq', type_='unique')",
            "with op.batch_alter_table('parcels') as b:\n    b.create_unique_constraint('uq', ['code'])",
            True,
        ),
        (UNIQUE, f"{DROP_UNIQUE}\n{TWO.format('uq2')}", f'op.drop_constraint("uq2", "parcels", type_="unique")\n{UNIQUE}', True),
        (UNIQUE, f"{DROP_UNIQUE}\n{TWO.format('uq')}", f"{DROP_UNIQUE}\n{UNIQUE}", True),
        # still unique in between, or by fewer columns, or for other reasons no two rows are alike
        (
            TWO.format("uq"),
            f"{DROP_UNIQUE}\n{UNIQUE.replace('uq', 'uq2')}",
            f'op.drop_constraint("uq2", "parcels", type_="unique")\n{TWO.format("uq")}',
            False,
        ),
        (UNIQUE, f"{DROP_UNIQUE}\n{INDEX}", f'op.drop_index("ux", table_name="parcels")\n{UNIQUE}', False),
        (f"{UNIQUE}\n{INDEX}", DROP_UNIQUE, UNIQUE, False),
        (WIDER.format("uq"), DROP_UNIQUE, WIDER.format("uq"), False),  # id is the primary key
        (
            UNIQUE,
            sql("ALTER TABLE parcels RENAME CONSTRAINT uq TO uq2"),
            sql("ALTER TABLE parcels RENAME CONSTRAINT uq2 TO uq"),
            False,
        ),
        # thought of
        (
            UNIQUE,
            DROP_UNIQUE,
            sql("DELETE FROM parcels a USING parcels b WHERE a.id > b.id AND a.code = b.code") + f"\n{UNIQUE}",
            False,
        ),
        (UNIQUE, DROP_UNIQUE, sql("UPDATE parcels SET code = code || id") + f"\n{UNIQUE}", False),
        (UNIQUE, DROP_UNIQUE, f"op.execute(dedupe())\n{UNIQUE}", False),
        (UNIQUE, DROP_UNIQUE, f"if flag():\n    {UNIQUE}", False),
        # every row holds NULL by then, or the table is new
        (
            UNIQUE,
            f'{DROP_UNIQUE}\nop.drop_column("parcels", "code")',
            f'op.add_column("parcels", sa.Column("code", sa.Text()))\n{UNIQUE}',
            False,
        ),
        (UNIQUE, DROP_PARCELS, f"{WITH_SHOP}\n{UNIQUE}", False),
        (
            INDEX.replace("unique=True", "unique=False"),
            'op.drop_index("ux", table_name="parcels")',
            INDEX.replace("unique=True", "unique=False"),
            False,
        ),
    ],
)
def test_what_is_made_unique_again_is_refused_by_rows_written_since(before: str, upgrade: str, downgrade: str, is_refused: bool):
    found = told([(f"{WITH_SHOP}\n{before}", DROP_PARCELS), (upgrade, downgrade)])
    assert [finding.code for finding in found if "hold the same" in finding.message and finding.code == "MRT120"] == (
        ["MRT120"] if is_refused else []
    )


def test_a_constraint_of_which_the_history_tells_nothing_is_unique_as_downgrade_makes_it():
    (finding,) = [one for one in told([(DROP_UNIQUE, UNIQUE)]) if one.code == "MRT120"]
    assert "makes (code) unique in table 'parcels' again" in finding.message
    assert not [one for one in told([(NOTHING, UNIQUE)]) if one.code == "MRT120"]


READS = "CREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE {} AS $$ {} $$"


@pytest.mark.parametrize(
    ("language", "body", "is_read"),
    [
        ("sql", "SELECT max(age) FROM parcels", True),
        ("sql", "SELECT max(p.age) FROM parcels p", True),
        ("sql", "SELECT max(p.age) FROM items i JOIN parcels p ON p.id = i.parcel_id", True),
        ("plpgsql", "BEGIN RETURN (SELECT max(age) FROM parcels); END", True),
        ("plpgsql", "DECLARE n bigint; BEGIN SELECT max(age) INTO n FROM public.parcels; RETURN n; END", True),
        ("plpgsql", "BEGIN UPDATE parcels SET age = 0; RETURN 1; END", True),
        ("plpgsql", "BEGIN INSERT INTO parcels (id, age) VALUES (1, 2); RETURN 1; END", True),
        ("plpgsql", "BEGIN FOR r IN SELECT age FROM parcels LOOP RETURN r.age; END LOOP; END", True),
        ("plpgsql", "BEGIN IF NEW.age > 1 THEN RETURN 1; END IF; RETURN 2; END", True),
        ("sql", "SELECT max(id) FROM parcels", False),
        ("sql", "SELECT max(age) FROM dogs", False),
        ("sql", "SELECT max(d.age) FROM dogs d JOIN parcels p ON p.id = d.id", False),
        ("plpgsql", "BEGIN RETURN age('2001-04-10'); END", False),
        ("plpgsql", "BEGIN EXECUTE 'SELECT max(age) FROM ' || x; RETURN 1; END", False),
        ("sql", "SELECT max(id) FROM parcels -- age", False),
        ("sql", "SELECT max(id) FROM parcels WHERE code = 'age'", False),
    ],
)
def test_a_function_that_is_left_reads_no_column_that_is_dropped(language: str, body: str, is_read: bool):
    function = sql(READS.format(language, body))
    assert holds("+MRT122" if is_read else "-MRT122", told([SHOP, (f"{AGE}\n{function}", DROP_AGE)]))
    assert holds("-MRT122", told([SHOP, (f"{AGE}\n{function}", f"{DROP_AGE}\n{sql('DROP FUNCTION f()')}")]))


def test_a_function_in_sql_needs_its_tables_when_it_is_made():
    function = sql(READS.format("sql", "SELECT max(id) FROM items"))
    before = [(f"{SHOP[0]}\n{function}", NOTHING)]
    drops = f"{sql('DROP FUNCTION f()')}\n{DROP_ITEMS}"
    items = SHOP[0].splitlines()[1]
    assert holds("+MRT112", told([*before, (drops, f"{function}\n{items}")]))
    assert holds("-MRT112", told([*before, (drops, f"{items}\n{function}")]))
    late = function.replace("LANGUAGE sql", "LANGUAGE plpgsql")
    assert holds("-MRT112", told([*before, (drops, f"{late}\n{items}")]))  # no database looks into it before it is called


RENAMED = sql("ALTER TABLE parcels RENAME CONSTRAINT uq TO uq_parcels_code")


@pytest.mark.parametrize(
    ("between", "downgrade", "expected"),
    [
        (RENAMED, DROP_UNIQUE, "+MRT116"),
        (sql("ALTER INDEX uq RENAME TO uq_parcels_code"), DROP_UNIQUE, "+MRT116"),
        (f"{DROP_UNIQUE}\n{UNIQUE.replace('uq', 'uq_parcels_code')}", DROP_UNIQUE, "+MRT116"),
        (f"{RENAMED}\n{sql('ALTER TABLE parcels RENAME CONSTRAINT uq_parcels_code TO uq')}", DROP_UNIQUE, "-MRT116"),
        (RENAMED, DROP_UNIQUE.replace("uq", "uq_parcels_code"), "-MRT116"),
        (RENAMED, sql("ALTER TABLE parcels DROP CONSTRAINT IF EXISTS uq"), "-MRT116"),
        (RENAMED, sql("ALTER TABLE parcels RENAME CONSTRAINT uq TO uq3"), "+MRT116"),
        (sql("ALTER TABLE parcels RENAME COLUMN code TO mark"), 'op.drop_column("parcels", "code")', "+MRT117 -MRT113"),
        (
            'op.alter_column("parcels", "code", new_column_name="mark")',
            'op.alter_column("parcels", "code", nullable=False)',
            "+MRT117",
        ),
        (
            'op.alter_column("parcels", "code", new_column_name="mark")',
            'op.alter_column("parcels", "mark", nullable=True)',
            "-MRT117",
        ),
    ],
)
def test_what_bears_another_name_by_then_is_not_found(between: str, downgrade: str, expected: str):
    base = (f"{PARCELS}\n{UNIQUE}", DROP_PARCELS)
    assert holds(expected, told([base, (between, NOTHING), (AGE, f"{DROP_AGE}\n{downgrade}")]))
    # a table that the history did not make, or not wholly, tells as much of the name
    assert holds(expected, told([(UNIQUE, NOTHING), (between, NOTHING), (AGE, f"{DROP_AGE}\n{downgrade}")]))
