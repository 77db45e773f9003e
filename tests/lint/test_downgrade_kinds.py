"""Kinds of rollbacks, each in several spellings: what has to be said of the last revision ("+"), and what must not ("-")."""

import os
import textwrap

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.model.context import DatabaseTarget, RuleContext
from mrt_lint.model.finding import Finding
from tests.lint.marked import read
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

HEAD = "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {!r}\ndown_revision = {!r}\n\n\n"
PARCELS = 'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.String(20)))'
ITEMS = 'op.create_table("items", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("parcel_id", sa.Integer()))'
DROP_ITEMS, DROP_PARCELS = 'op.drop_table("items")', 'op.drop_table("parcels")'
ENUM = 'sa.Enum("sad", "glad", name="mood")'
DOGS = f'op.create_table("dogs", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("mood", {ENUM}))'


def sql(*statements: str) -> str:
    return "\n".join(f"op.execute({statement!r})" for statement in statements)


def told(bodies: list[tuple[str, str]], dialect: str = "postgresql", of: int = -1) -> list[Finding]:
    """Return what is said of one of some revisions, the last if no other is wanted, each an upgrade and a downgrade."""
    migrations = []
    for number, (upgrade, downgrade) in enumerate(bodies):
        up, down = (textwrap.indent(textwrap.dedent(body), "    ") for body in (upgrade, downgrade))
        parent = f"r{number - 1}" if number else None
        source = HEAD.format(f"r{number}", parent) + f"def upgrade():\n{up}\n\n\ndef downgrade():\n{down}\n"
        migrations.append(read(source, f"versions/r{number}.py", dialect))
    context = RuleContext(target=DatabaseTarget(dialect=dialect), history=History.of(migrations, dialect))
    return list(rules.check(migrations[of], context, rules.all_rules()))


def holds(expected: str, findings: list[Finding]) -> bool:
    codes = {finding.code for finding in findings}
    return all((code[1:] in codes) == (code[0] == "+") for code in expected.split())


INDEXED = (f'{PARCELS}\nop.create_index("ix", "parcels", ["code"])', DROP_PARCELS)
UNIQUE = (f'{PARCELS}\nop.create_unique_constraint("uq", "parcels", ["code"])', DROP_PARCELS)
SHOP = (f"{PARCELS}\n{ITEMS}", f"{DROP_ITEMS}\n{DROP_PARCELS}")
KEYED = (
    f'{PARCELS}\n{ITEMS}\nop.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])',
    f"{DROP_ITEMS}\n{DROP_PARCELS}",
)
VIEW = (f"{PARCELS}\n{sql('CREATE VIEW v AS SELECT id FROM parcels')}", f"{sql('DROP VIEW v')}\n{DROP_PARCELS}")
DROP_INDEX = 'op.drop_index("ix", table_name="parcels")'
DROP_UNIQUE = 'op.drop_constraint("uq", "parcels", type_="unique")'
DROP_KEY = 'op.drop_constraint("fk", "items", type_="foreignkey")'
NOTHING = sql("SELECT 1")
BASE = (PARCELS, DROP_PARCELS)
AGE = 'op.add_column("parcels", sa.Column("age", sa.Integer()))'
DROP_AGE = 'op.drop_column("parcels", "age")'
OLD_CODE = 'op.add_column("parcels", sa.Column("code", sa.String(20)))'


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade", "expected"),
    [
        # dropped and made again under its own name
        (INDEXED, f'{DROP_INDEX}\nop.create_index("ix", "parcels", ["code", "id"])', DROP_INDEX, "+MRT408 -MRT110"),
        (INDEXED, sql("DROP INDEX ix", "CREATE UNIQUE INDEX ix ON parcels (code)"), sql("DROP INDEX ix"), "+MRT408 -MRT110"),
        (UNIQUE, f'{DROP_UNIQUE}\nop.create_unique_constraint("uq", "parcels", ["code", "id"])', DROP_UNIQUE, "+MRT409 -MRT110"),
        (VIEW, sql("DROP VIEW v", "CREATE VIEW v AS SELECT code FROM parcels"), sql("DROP VIEW v"), "+MRT207 -MRT110"),
        (
            BASE,
            'op.drop_column("parcels", "code")\nop.add_column("parcels", sa.Column("code", sa.Text()))',
            'op.drop_column("parcels", "code")',
            "+MRT201 -MRT110 -MRT113",
        ),
        (BASE, f'{AGE}\nop.create_index("ix", "parcels", ["age"])', NOTHING, "+MRT110"),
        # renamed into the place of another
        (
            SHOP,
            (
                'op.add_column("items", sa.Column("new", sa.BigInteger()))\nop.drop_column("items", "parcel_id")\n'
                'op.alter_column("items", "new", new_column_name="parcel_id")'
            ),
            NOTHING,
            "+MRT201 -MRT110",
        ),
        (
            SHOP,
            sql("ALTER TABLE items ADD n bigint", "ALTER TABLE items DROP parcel_id", "ALTER TABLE items RENAME n TO parcel_id"),
            NOTHING,
            "+MRT201 -MRT110",
        ),
        (
            INDEXED,
            'op.create_index("iy", "parcels", ["code"])\n' + sql("DROP INDEX ix", "ALTER INDEX iy RENAME TO ix"),
            NOTHING,
            "-MRT110",
        ),
        # a former nullability that nobody knows
        (
            (NOTHING, "pass"),
            'op.alter_column("t", "a", type_=sa.JSON(), nullable=True)',
            'op.alter_column("t", "a", type_=sa.Text())',
            "-MRT111",
        ),
        (
            (NOTHING, "pass"),
            'op.alter_column("t", "a", new_column_name="b", nullable=True)',
            'op.alter_column("t", "b", new_column_name="a")',
            "-MRT111",
        ),
        (
            (NOTHING, "pass"),
            'with op.batch_alter_table("t") as b:\n    b.alter_column("a", type_=sa.Text(), nullable=True)',
            'with op.batch_alter_table("t") as b:\n    b.alter_column("a", type_=sa.String(5))',
            "-MRT111",
        ),
        (
            BASE,
            'op.alter_column("parcels", "id", type_=sa.Text(), nullable=True)',
            'op.alter_column("parcels", "id", type_=sa.Integer(), postgresql_using="id::int")',
            "+MRT111",
        ),
        # a constraint made from an index has the index's columns
        (
            UNIQUE,
            f"{DROP_UNIQUE}\n"
            + sql("CREATE UNIQUE INDEX uq ON parcels (code)", "ALTER TABLE parcels ADD CONSTRAINT uq UNIQUE USING INDEX uq"),
            NOTHING,
            "-MRT111 -MRT409",
        ),
        (
            UNIQUE,
            f"{DROP_UNIQUE}\n"
            + sql("CREATE UNIQUE INDEX i ON parcels (code)", "ALTER TABLE parcels ADD CONSTRAINT uq UNIQUE USING INDEX i"),
            NOTHING,
            "-MRT111 -MRT409",
        ),
        (
            UNIQUE,
            f"{DROP_UNIQUE}\n" + sql("CREATE UNIQUE INDEX uq ON parcels (code)", "ALTER TABLE parcels ADD UNIQUE USING INDEX uq"),
            NOTHING,
            "-MRT111 -MRT409",
        ),
        (
            UNIQUE,
            f"{DROP_UNIQUE}\n"
            + sql("CREATE UNIQUE INDEX i ON parcels (id)", "ALTER TABLE parcels ADD CONSTRAINT uq UNIQUE USING INDEX i"),
            NOTHING,
            "+MRT111",
        ),
        # what covers a column goes with it for good
        (KEYED, f'{DROP_KEY}\nop.drop_column("items", "parcel_id")', NOTHING, "-MRT205 +MRT201"),
        (KEYED, sql("ALTER TABLE items DROP CONSTRAINT fk", "ALTER TABLE items DROP COLUMN parcel_id"), NOTHING, "-MRT205 +MRT201"),
        (INDEXED, f'{DROP_INDEX}\nop.drop_column("parcels", "code")', NOTHING, "-MRT408 +MRT201"),
        (UNIQUE, f'{DROP_UNIQUE}\nop.drop_column("parcels", "code")', NOTHING, "-MRT409 +MRT201"),
        (
            KEYED,
            f'{DROP_KEY}\nop.drop_column("items", "parcel_id")',
            'op.add_column("items", sa.Column("parcel_id", sa.Integer()))',
            "+MRT205",
        ),
        (
            KEYED,
            f'{DROP_KEY}\nop.alter_column("items", "parcel_id", new_column_name="p")',
            'op.alter_column("items", "p", new_column_name="parcel_id")',
            "+MRT205",
        ),
        # what has no name leaves open only what may have it
        (
            SHOP,
            f'{AGE}\nop.create_foreign_key(None, "items", "parcels", ["parcel_id"], ["id"])',
            f'{DROP_AGE}\nop.drop_column("items", "parcel_id")',
            "+MRT113",
        ),
        (SHOP, f'{AGE}\nop.create_unique_constraint(None, "items", ["parcel_id"])', f"{DROP_AGE}\n{DROP_ITEMS}", "+MRT113"),
        (SHOP, f'{AGE}\nop.drop_constraint(NAME, "parcels")', f'{DROP_AGE}\nop.drop_column("items", "parcel_id")', "+MRT113"),
        (SHOP, f'{AGE}\nop.drop_column("parcels", NAME)', f'{DROP_AGE}\nop.drop_column("items", "parcel_id")', "+MRT113"),
        (SHOP, f'{AGE}\nop.add_column("items", column())', f'{DROP_AGE}\nop.drop_column("items", "parcel_id")', "-MRT113"),
        (
            SHOP,
            f"{AGE}\nop.create_entity(view)",
            f'op.drop_entity(view)\n{DROP_AGE}\nop.drop_column("items", "parcel_id")',
            "+MRT113",
        ),
        (SHOP, f'{AGE}\nop.create_entity("items")', f'{DROP_AGE}\nop.drop_column("items", "parcel_id")', "-MRT113"),
        (BASE, AGE, f'op.drop_index("ix_parcels_age", table_name="parcels")\n{DROP_AGE}', "+MRT117"),
        (BASE, AGE, f"{sql('DROP INDEX ix_age')}\n{DROP_AGE}", "+MRT117"),
        (
            (f"{PARCELS}\nop.create_entity(view)", f"op.drop_entity(view)\n{DROP_PARCELS}"),
            AGE,
            'op.drop_column("parcels", "aged")',
            "+MRT117",
        ),
        ((f"{PARCELS}\nop.add_things('parcels')", DROP_PARCELS), AGE, 'op.drop_column("parcels", "aged")', "-MRT117 +MRT113"),
        ((f"{PARCELS}\nanything(op)", DROP_PARCELS), AGE, 'op.drop_column("parcels", "aged")', "-MRT117 +MRT113"),
        # what has no name in the source has one in the database
        (
            (PARCELS + '\nop.create_unique_constraint(None, "parcels", ["code"])', "pass"),
            'op.drop_constraint("parcels_code_key", "parcels", type_="unique")',
            NOTHING,
            "+MRT409",
        ),
        (
            (PARCELS + '\nop.create_unique_constraint(None, "parcels", ["code"])', "pass"),
            'op.drop_constraint("parcels_code_key", "parcels", type_="unique")',
            'op.create_unique_constraint("parcels_code_key", "parcels", ["code"])',
            "-MRT409 -MRT111",
        ),
        (
            (PARCELS + '\nop.create_unique_constraint(None, "parcels", ["code"])', "pass"),
            'op.drop_constraint("parcels_code_key", "parcels", type_="unique")',
            'op.create_unique_constraint("parcels_code_key", "parcels", ["id"])',
            "+MRT111",
        ),
        (
            (
                PARCELS
                + "\n"
                + sql(
                    "ALTER TABLE parcels ADD CONSTRAINT ck_parcels_valid CHECK (id > 0), ADD FOREIGN KEY (id) REFERENCES elsewhere"
                ),
                "pass",
            ),
            'op.drop_constraint("ck_parcels_valid_enum", "parcels")\nop.create_check_constraint("valid_enum", "parcels", "id > 1")',
            'op.drop_constraint("ck_parcels_valid_enum", "parcels")\nop.create_check_constraint("valid_enum", "parcels", "id > 0")',
            "-MRT409 -MRT205",
        ),
        # a downgrade that raises is not told what it makes
        (INDEXED, f'{DROP_INDEX}\nop.create_index("ix", "parcels", ["id"])', 'raise RuntimeError("no")', "-MRT408 -MRT111 +MRT115"),
        (
            UNIQUE,
            f'{DROP_UNIQUE}\nop.create_unique_constraint("uq", "parcels", ["id"])',
            'raise NotImplementedError("no")',
            "-MRT111 -MRT409 +MRT115",
        ),
        (BASE, DOGS, f'{AGE}\n{AGE}\nraise RuntimeError("no")', "-MRT112 -MRT114 -MRT110 +MRT115"),
    ],
)
def test_what_is_left_is_the_difference_of_two_schemas(before: tuple[str, str], upgrade: str, downgrade: str, expected: str):
    findings = told([before, (upgrade, downgrade)])
    assert holds(expected, findings), [(finding.code, finding.message) for finding in findings]


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade"),
    [
        # what is there already
        (BASE, AGE, f"{DROP_AGE}\n{OLD_CODE}"),
        (BASE, AGE, f"{DROP_AGE}\n{sql('ALTER TABLE parcels ADD code text')}"),
        (INDEXED, AGE, f'{DROP_AGE}\nop.create_index("ix", "parcels", ["code"])'),
        (UNIQUE, AGE, f'{DROP_AGE}\nop.create_unique_constraint("uq", "parcels", ["id"])'),
        (VIEW, AGE, f"{DROP_AGE}\n{sql('CREATE VIEW v AS SELECT 1')}"),
        (SHOP, AGE, f"{DROP_AGE}\n{ITEMS}"),
        (SHOP, 'op.rename_table("items", "things")', 'op.rename_table("things", "parcels")'),
        # a child before its parent
        (SHOP, f"{DROP_ITEMS}\n{DROP_PARCELS}", 'op.create_table("items", sa.Column("p", sa.Integer(), sa.ForeignKey("parcels.id")))\n' + PARCELS),
        (SHOP, f"{DROP_ITEMS}\n{DROP_PARCELS}", f"{sql('CREATE TABLE items (p int REFERENCES parcels)')}\n{PARCELS}"),
        (SHOP, DROP_PARCELS, f'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])\n{PARCELS}'),
        (SHOP, DROP_PARCELS, f'op.add_column("items", sa.Column("p", sa.Integer(), sa.ForeignKey("parcels.id")))\n{PARCELS}'),
        (SHOP, 'op.rename_table("parcels", "boxes")', 'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])\nop.rename_table("boxes", "parcels")'),
        # a column that is gone by then
        (BASE, AGE, f'{DROP_AGE}\nop.create_index("ix", "parcels", ["age"])'),
        (BASE, AGE, f"{DROP_AGE}\n{sql('UPDATE parcels SET age = 1')}"),
        # an enum type that is there
        ((DOGS, f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}'), 'op.drop_table("dogs")', DOGS),
        ((DOGS, f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}'), f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}', f"{sql('CREATE TYPE mood AS ENUM ()')}\n{DOGS}"),
        ((DOGS, f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}'), f'op.drop_table("dogs")\n{ENUM}.drop(op.get_bind())', f"{ENUM}.create(op.get_bind(), checkfirst=True)\n{DOGS}"),
        ((DOGS, f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}'), f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}', f"{sql('CREATE TYPE mood AS ENUM ()')}\n{ENUM}.create(op.get_bind(), checkfirst=False)"),
    ],
)  # fmt: skip
def test_a_rollback_that_cannot_run_is_told_at_its_line(before: tuple[str, str], upgrade: str, downgrade: str):
    findings = told([before, (upgrade, downgrade)])
    assert "MRT112" in {finding.code for finding in findings}, [(finding.code, finding.message) for finding in findings]


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade"),
    [
        (BASE, f'{AGE}\nop.drop_column("parcels", "code")', f"{DROP_AGE}\n{OLD_CODE}"),
        (BASE, AGE, f"{DROP_AGE}\n{sql('ALTER TABLE parcels ADD COLUMN IF NOT EXISTS code text')}"),
        (BASE, AGE, f'{DROP_AGE}\nop.add_column("parcels", sa.Column("code", sa.Text()), if_not_exists=True)'),
        (SHOP, f"{DROP_ITEMS}\n{DROP_PARCELS}", f'{PARCELS}\nop.create_table("items", sa.Column("p", sa.Integer(), sa.ForeignKey("parcels.id")))'),
        (SHOP, DROP_ITEMS, 'op.create_table("items", sa.Column("id", sa.Integer()), sa.Column("p", sa.Integer(), sa.ForeignKey("items.id")))'),
        (SHOP, DROP_ITEMS, 'op.create_table("items", sa.Column("p", sa.Integer(), sa.ForeignKey("elsewhere.id")))'),
        ((DOGS, "pass"), f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}', DOGS),
        ((DOGS, "pass"), 'op.drop_table("dogs")', DOGS.replace('name="mood"', 'name="mood", create_type=False')),
        ((f"{DOGS}\nanything(op)", "pass"), 'op.drop_table("dogs")', DOGS),
        ((NOTHING, "pass"), f"{DOGS}\n{DOGS.replace('dogs', 'cats')}", 'op.drop_table("cats")\nop.drop_table("dogs")'),
    ],
)  # fmt: skip
def test_a_rollback_that_runs_is_not_told_to_fail(before: tuple[str, str], upgrade: str, downgrade: str):
    codes = {finding.code for finding in told([before, (upgrade, downgrade)])}
    assert codes.isdisjoint({"MRT112", "MRT117", "MRT441", "MRT804"}), codes


LEGACY = (
    sql("CREATE SCHEMA legacy") + '\nop.create_table("old", sa.Column("id", sa.Integer()), schema="legacy")',
    'op.drop_table("old", schema="legacy")\n' + sql("DROP SCHEMA legacy"),
)
MATERIALIZED = (
    PARCELS + "\n" + sql("CREATE MATERIALIZED VIEW pv AS SELECT id, code FROM parcels", "CREATE UNIQUE INDEX pv_id ON pv (id)"),
    sql("DROP MATERIALIZED VIEW pv") + "\n" + DROP_PARCELS,
)
MOODY = (sql("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE dogs (id int, mood mood)"), sql("DROP TABLE dogs", "DROP TYPE mood"))
TRIGGER = "CREATE TRIGGER tr BEFORE UPDATE ON parcels FOR EACH ROW EXECUTE FUNCTION touch()"
TRIGGERED = (
    PARCELS + "\n" + sql("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", TRIGGER),
    sql("DROP TRIGGER tr ON parcels", "DROP FUNCTION touch()") + "\n" + DROP_PARCELS,
)


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade", "expected"),
    [
        (LEGACY, sql("DROP SCHEMA legacy CASCADE"), sql("CREATE SCHEMA legacy"), "+MRT202"),
        (LEGACY, 'op.execute(sa.schema.DropSchema("legacy", cascade=True))', sql("CREATE SCHEMA legacy"), "+MRT202"),
        (LEGACY, sql("DROP SCHEMA IF EXISTS legacy CASCADE"), sql("CREATE SCHEMA legacy"), "+MRT202"),
        (MATERIALIZED, sql("DROP MATERIALIZED VIEW pv"), sql("CREATE MATERIALIZED VIEW pv AS SELECT id, code FROM parcels"), "+MRT408 -MRT207"),
        (
            MATERIALIZED,
            sql("DROP MATERIALIZED VIEW pv", "CREATE MATERIALIZED VIEW pv AS SELECT id FROM parcels", "CREATE UNIQUE INDEX pv_id ON pv (id)"),
            sql("DROP MATERIALIZED VIEW pv", "CREATE MATERIALIZED VIEW pv AS SELECT id, code FROM parcels"),
            "+MRT408 -MRT112 -MRT804",
        ),
        (
            MATERIALIZED,
            sql("DROP MATERIALIZED VIEW pv", "CREATE MATERIALIZED VIEW pv AS SELECT id FROM parcels", "CREATE UNIQUE INDEX pv_id ON pv (id)"),
            sql("DROP MATERIALIZED VIEW pv", "CREATE MATERIALIZED VIEW pv AS SELECT id, code FROM parcels", "CREATE UNIQUE INDEX pv_id ON pv (id)"),
            "-MRT408 -MRT112 -MRT110 -MRT804",
        ),
        (MOODY, sql("DROP TYPE mood CASCADE"), sql("CREATE TYPE mood AS ENUM ('sad')"), "+MRT201"),
        (MOODY, f"{ENUM}.drop(op.get_bind())", sql("CREATE TYPE mood AS ENUM ('sad')"), "-MRT201"),
        ((sql("CREATE DOMAIN code AS text", "CREATE TABLE t (id int, c code)"), "pass"), sql("DROP DOMAIN code CASCADE"), sql("CREATE DOMAIN code AS text"), "+MRT201"),
        ((sql("CREATE EXTENSION citext", "CREATE TABLE t (id int, c citext)"), "pass"), sql("DROP EXTENSION citext CASCADE"), sql("CREATE EXTENSION citext"), "+MRT201"),
        (VIEW, sql("DROP TABLE parcels CASCADE"), PARCELS, "+MRT202 +MRT207"),
        (VIEW, sql("ALTER TABLE parcels DROP COLUMN id CASCADE"), 'op.add_column("parcels", sa.Column("id", sa.Integer()))', "+MRT201 +MRT207"),
        (VIEW, sql("DROP TABLE parcels CASCADE"), f"{PARCELS}\n{sql('CREATE VIEW v AS SELECT id FROM parcels')}", "+MRT202 -MRT207"),
        (KEYED, sql("DROP TABLE parcels CASCADE"), PARCELS, "+MRT202 +MRT205"),
        (UNIQUE, sql("ALTER TABLE parcels DROP COLUMN code"), OLD_CODE, "+MRT201 +MRT409"),
        (INDEXED, 'op.drop_column("parcels", "code")', OLD_CODE, "+MRT201 +MRT408"),
        (INDEXED, 'op.drop_column("parcels", "code")', f'{OLD_CODE}\nop.create_index("ix", "parcels", ["code"])', "+MRT201 -MRT408"),
        (INDEXED, 'op.drop_column("parcels", "code")', f'{OLD_CODE}\nop.create_index(None, "parcels", ["code"])', "+MRT201 -MRT408"),
        (INDEXED, 'op.drop_column("parcels", "code")', NOTHING, "+MRT201 -MRT408"),
        (INDEXED, DROP_PARCELS, PARCELS, "+MRT202 +MRT408"),
        (INDEXED, DROP_PARCELS, NOTHING, "+MRT202 -MRT408"),
        (UNIQUE, DROP_PARCELS, f'{PARCELS[:-1]}, sa.UniqueConstraint("code", name="other"))', "+MRT202 -MRT409"),
        (UNIQUE, DROP_PARCELS, f'{PARCELS[:-1]}, sa.UniqueConstraint("id", name="other"))', "+MRT202 +MRT409"),
        ((PARCELS.replace("(20))", "(20), unique=True)"), "pass"), 'op.drop_column("parcels", "code")', OLD_CODE, "+MRT201 +MRT409"),
        ((PARCELS.replace("(20))", "(20), unique=True)"), "pass"), 'op.drop_column("parcels", "code")', OLD_CODE.replace("(20))", "(20), unique=True)"), "+MRT201 -MRT409"),
        (KEYED, 'op.drop_column("items", "parcel_id")', 'op.add_column("items", sa.Column("parcel_id", sa.Integer()))', "+MRT201 +MRT205"),
        (
            KEYED,
            'op.drop_column("items", "parcel_id")',
            ('op.add_column("items", sa.Column("parcel_id", sa.Integer()))\n'
            'op.create_foreign_key("other", "items", "parcels", ["parcel_id"], ["id"], ondelete="CASCADE")'),
            "+MRT201 -MRT205",
        ),
        # in the rollback
        (LEGACY, AGE, f"{DROP_AGE}\n{sql('DROP SCHEMA legacy CASCADE')}", "+MRT113"),
        (MOODY, AGE, f"{DROP_AGE}\n{sql('DROP TYPE mood CASCADE')}", "+MRT113"),
    ],
)  # fmt: skip
def test_what_goes_along_is_told_where_it_goes(before: tuple[str, str], upgrade: str, downgrade: str, expected: str):
    findings = told([before, (upgrade, downgrade)])
    assert holds(expected, findings), [(finding.code, finding.message) for finding in findings]


ROLES = ('op.create_table("roles", sa.Column("name", sa.Text()))', 'op.drop_table("roles")')
INSERT = sql("INSERT INTO roles (name) VALUES ('a')")
NEVER = "UPDATE parcels SET code = '' WHERE code = NULL"
SPLIT = sql("UPDATE parcels SET code = 'none' WHERE code = ''")


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade", "expected"),
    [
        # a condition that no row meets answers nothing
        (BASE, SPLIT, sql(NEVER), "+MRT103"),
        (BASE, SPLIT, sql("UPDATE parcels SET code = '' WHERE id > 0 AND code != NULL"), "+MRT103"),
        (BASE, SPLIT, sql("UPDATE parcels SET code = '' WHERE (1 = 0)"), "+MRT103"),
        (BASE, SPLIT, sql("UPDATE parcels SET code = '' WHERE code IS NULL"), "+MRT103"),
        (BASE, SPLIT, sql("UPDATE parcels SET code = '' WHERE code = 'none'"), "-MRT103"),
        (BASE, SPLIT, sql("UPDATE parcels SET code = NULL WHERE code = 'none'"), "-MRT103"),
        (BASE, SPLIT, sql("UPDATE parcels SET code = '' WHERE code = NULL OR code = 'none'"), "-MRT103"),
        # a whole table deleted, and still a table that could not be read
        (BASE, 'op.execute(f"DELETE FROM {name}")\nop.create_unique_constraint("uq", "parcels", ["code"])', DROP_UNIQUE, "+MRT406"),
        # what IF NOT EXISTS did not make
        (BASE, 'op.add_column("parcels", sa.Column("code", sa.Text()), if_not_exists=True)', 'op.drop_column("parcels", "code")', "+MRT113"),
        (BASE, sql("ALTER TABLE parcels ADD COLUMN IF NOT EXISTS code text"), sql("ALTER TABLE parcels DROP COLUMN code"), "+MRT113"),
        (BASE, sql("ALTER TABLE parcels ADD COLUMN IF NOT EXISTS age int"), sql("ALTER TABLE parcels DROP COLUMN age"), "-MRT113"),
        (BASE, sql("CREATE TABLE IF NOT EXISTS parcels (id int)"), DROP_PARCELS, "+MRT113"),
        (BASE, sql("CREATE TABLE IF NOT EXISTS boxes (id int)"), sql("DROP TABLE boxes"), "-MRT113"),
        # extensions
        (BASE, sql("CREATE EXTENSION citext") + f"\n{AGE}", DROP_AGE, "+MRT110"),
        (BASE, sql("CREATE EXTENSION IF NOT EXISTS citext") + f"\n{AGE}", DROP_AGE, "-MRT110"),
        (BASE, sql("CREATE EXTENSION citext") + f"\n{AGE}", f"{DROP_AGE}\n{sql('DROP EXTENSION citext')}", "-MRT110"),
        # rows from nowhere
        (ROLES, INSERT, INSERT, "+MRT107"),
        (ROLES, sql("UPDATE roles SET name = 'b'"), INSERT, "-MRT107"),
        (ROLES, sql("DELETE FROM roles"), INSERT, "-MRT107"),
        (ROLES, sql("SELECT 1"), sql("INSERT INTO roles (name) VALUES ('a') ON CONFLICT DO NOTHING"), "-MRT107"),
        (ROLES, "anything(op.get_bind())", INSERT, "-MRT107"),
    ],
)  # fmt: skip
def test_rows_and_what_was_there_before(before: tuple[str, str], upgrade: str, downgrade: str, expected: str):
    findings = told([before, (upgrade, downgrade)])
    assert holds(expected, findings), [(finding.code, finding.message) for finding in findings]


LINKS = 'op.create_table("links", sa.Column("name", sa.Text()), sa.Column("version", sa.Text()), sa.Column("url", sa.Text()))'
DROP_LINKS = 'op.drop_table("links")'


@pytest.mark.parametrize(
    ("made", "dropped", "again", "is_same"),
    [
        (LINKS, DROP_LINKS, LINKS, True),
        (LINKS, DROP_LINKS, 'op.create_table("links", sa.Column("id", sa.Uuid()), sa.Column("owner", sa.Uuid()))', False),
        (LINKS, DROP_LINKS, 'op.create_table("links", sa.Column("id", sa.Uuid()), sa.Column("name", sa.Text()), sa.Column("url", sa.Text()))', True),
        (LINKS, DROP_LINKS, sql("CREATE TABLE links (id uuid, owner uuid, href text)"), False),
        (LINKS, DROP_LINKS, 'op.create_table("links", *columns())', True),
        (LINKS, 'op.drop_column("links", "url")', 'op.add_column("links", sa.Column("url", sa.String(90)))', True),
        (LINKS, 'op.drop_column("links", "url")', 'op.add_column("links", sa.Column("url", sa.JSON()))', False),
        (LINKS, 'op.drop_column("links", "url")', sql("ALTER TABLE links ADD url integer"), False),
    ],
)  # fmt: skip
def test_a_name_that_comes_back_years_later_may_mean_another_thing(made: str, dropped: str, again: str, is_same: bool):
    assert holds(
        "+MRT218" if is_same else "-MRT218", told([(made, "pass"), (dropped, "raise RuntimeError"), (again, "pass")], of=1)
    )


URL, NO_URL = 'op.add_column("{}", sa.Column("url", sa.Text()))', 'op.drop_column("links", "url")'


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([NO_URL, 'op.rename_table("links", "refs")', URL.format("refs")], "+MRT218"),
        ([NO_URL, 'op.rename_table("links", "old")\nop.rename_table("refs", "links")', URL.format("links")], "-MRT218"),
        ([NO_URL, 'op.rename_table("links", "old")', LINKS.replace('"url"', '"uri"'), URL.format("links")], "-MRT218"),
        ([NO_URL, 'op.rename_table("links", "old")', sql("ALTER TABLE old RENAME TO links"), URL.format("links")], "+MRT218"),
        ([NO_URL, f"{DROP_LINKS}\n{LINKS.replace('url', 'uri')}", URL.format("links")], "-MRT218"),
        (
            [NO_URL, 'op.alter_column("links", "name", new_column_name="url")', NO_URL, URL.format("links")],
            "-MRT218",
        ),
        ([DROP_LINKS, 'op.rename_table("refs", "links")', DROP_LINKS, LINKS], "-MRT218"),
        ([f"{NO_URL}\nif again():\n    {URL.format('links')}", NO_URL, URL.format("links")], "-MRT218"),
        ([NO_URL, 'op.alter_column("links", "url", new_column_name="name")', URL.format("links")], "-MRT218"),
        ([DROP_LINKS, sql("DROP TABLE IF EXISTS links"), LINKS], "+MRT218"),
    ],
)
def test_what_comes_back_is_followed_through_renames(steps: list[str], expected: str):
    assert holds(expected, told([(LINKS, "pass"), *((step, "raise RuntimeError") for step in steps)], of=1))


@pytest.mark.parametrize(
    ("dropped", "again", "differs"),
    [
        (DROP_LINKS, LINKS, False),
        (DROP_LINKS, LINKS.replace("sa.Column(", 'sa.Column("year", sa.Integer()), sa.Column(', 1), True),
        (DROP_LINKS, LINKS.replace('"url", sa.Text()', '"url", sa.String(9)'), True),
        (DROP_LINKS, LINKS.replace("sa.Text()))", 'sa.Text()), sa.PrimaryKeyConstraint("name", "version"))'), True),
        (DROP_LINKS, LINKS.replace('"name", sa.Text()', '"name", sa.Text(), primary_key=True'), True),
        (NO_URL, URL.format("links"), False),
        (NO_URL, 'op.add_column("links", sa.Column("url", sa.String(90)))', True),
        (DROP_LINKS, 'op.create_table("links", *columns())', False),
    ],
)
def test_what_comes_back_otherwise_is_to_be_altered_in_place(dropped: str, again: str, differs: bool):
    found = told([(LINKS, "pass"), (dropped, "raise RuntimeError"), (again, "pass")], of=1)
    [said] = [f"{finding.message}: {finding.instead}" for finding in found if finding.code == "MRT218"]
    assert ("write the ALTERs that make of it what revision r2 makes" in said) is differs
    assert ("with another definition" in said) is differs


CHILD = 'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])'
CHILD_INDEX = 'op.create_index("ix", "items", ["parcel_id"])'
DROP_CHILD_INDEX = 'op.drop_index("ix", "items")'


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade", "fails"),
    [
        (SHOP, f"{CHILD_INDEX}\n{CHILD}", f"{DROP_CHILD_INDEX}\n{DROP_KEY}", True),
        (SHOP, f"{CHILD}\n{CHILD_INDEX}", f"{DROP_CHILD_INDEX}\n{DROP_KEY}", True),
        (SHOP, f"{CHILD_INDEX}\n{CHILD}", sql("ALTER TABLE items DROP INDEX ix", "ALTER TABLE items DROP FOREIGN KEY fk"), True),
        (KEYED, 'op.create_index("ix", "items", ["parcel_id", "id"])', DROP_CHILD_INDEX, True),
        (SHOP, f"{CHILD_INDEX}\n{CHILD}", f"{DROP_KEY}\n{DROP_CHILD_INDEX}", False),
        (KEYED, 'op.create_index("ix", "items", ["id", "parcel_id"])', DROP_CHILD_INDEX, False),
        (
            SHOP,
            f'op.create_unique_constraint("uq", "items", ["parcel_id"])\n{CHILD}',
            'op.drop_constraint("uq", "items", type_="unique")',
            True,
        ),
        (KEYED, f'{CHILD_INDEX}\nop.create_index("iy", "items", ["parcel_id", "id"])', DROP_CHILD_INDEX, False),
    ],
)
def test_mysql_keeps_the_index_that_a_key_needs(before: tuple[str, str], upgrade: str, downgrade: str, fails: bool):
    codes = {finding.code for finding in told([before, (upgrade, downgrade)], "mysql")}
    assert ("MRT112" in codes) is fails
    assert "MRT112" not in {finding.code for finding in told([before, (upgrade, downgrade)], "postgresql")}


@pytest.mark.parametrize(
    ("upgrade", "undo"),
    [
        ('op.add_column("items", sa.Column("a", sa.Integer()))\nop.alter_column("items", "a", new_column_name="b")', 'op.drop_column("items", "b")'),
        ('op.create_index("i", "items", ["id"])\n' + sql("ALTER INDEX i RENAME TO j"), 'op.drop_index("j", table_name="items")'),
        ('op.create_unique_constraint("u", "items", ["id"])\n' + sql("ALTER TABLE items RENAME CONSTRAINT u TO w"), 'op.drop_constraint("w", "items", type_="unique")'),
        ('op.create_table("boxes", sa.Column("id", sa.Integer()))\nop.rename_table("boxes", "cases")', 'op.drop_table("cases")'),
        ('op.create_table("boxes", sa.Column("id", sa.Integer()), schema="shop")', 'op.drop_table("boxes", schema="shop")'),
        ('op.add_column("boxes", sa.Column("a", sa.Integer()), schema="shop")', 'op.drop_column("boxes", "a", schema="shop")'),
    ],
)  # fmt: skip
def test_the_advice_removes_a_thing_by_the_name_that_it_has_in_the_end(upgrade: str, undo: str):
    [finding] = [finding for finding in told([SHOP, (upgrade, NOTHING)]) if finding.code == "MRT110"]
    assert finding.instead == f"add {undo} to downgrade()"
    assert not [finding for finding in told([SHOP, (upgrade, undo)]) if finding.code in {"MRT110", "MRT112", "MRT117"}]


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade"),
    [
        (VIEW, f"{sql('DROP VIEW v')}\n{DROP_PARCELS}", f"{sql('CREATE VIEW v AS SELECT id FROM parcels')}\n{PARCELS}"),
        (SHOP, DROP_ITEMS, f'{ITEMS}\nop.rename_table("parcels", "p")\n{sql("INSERT INTO items (id) SELECT id FROM parcels")}'),
        (MOODY, sql("ALTER TABLE dogs DROP mood", "DROP TYPE mood"), f'op.add_column("dogs", sa.Column("mood", {ENUM}))\n{sql("CREATE TYPE mood AS ENUM ()")}'),
        ((NOTHING, "pass"), sql("CREATE TYPE mood AS ENUM ('a')", "CREATE TABLE dogs (m mood)"), sql("DROP TYPE mood", "DROP TABLE dogs")),
        ((NOTHING, "pass"), sql("CREATE SCHEMA s", "CREATE TABLE s.t (id int)"), sql("DROP SCHEMA s")),
        (SHOP, f"{DROP_ITEMS}\n{DROP_PARCELS}", sql("CREATE TABLE items (p int REFERENCES parcels (id))", "CREATE TABLE parcels (id int PRIMARY KEY)")),
    ],
)  # fmt: skip
def test_what_is_needed_has_to_be_there(before: tuple[str, str], upgrade: str, downgrade: str):
    assert "MRT112" in {finding.code for finding in told([before, (upgrade, downgrade)])}


def test_what_follows_from_a_step_that_cannot_run_is_not_told_again():
    upgrade = 'with op.batch_alter_table("items") as b:\n    b.add_column(sa.Column("p", sa.Integer()))\n    b.create_unique_constraint("uq", ["p"])'
    dropped = 'op.drop_constraint("uq", "items", type_="unique")\nop.drop_column("items", "p")'
    assert holds("+MRT121 -MRT112", told([SHOP, (upgrade, dropped)], "sqlite"))
    assert holds("-MRT121 +MRT112", told([SHOP, (upgrade, 'op.drop_column("items", "p")')], "sqlite"))
    nameless = dropped.replace('"uq", ', "None, ")
    assert holds("+MRT116 -MRT112", told([SHOP, (upgrade, nameless)], "sqlite"))


def test_the_advice_about_a_type_that_is_there_runs(postgres_server):  # noqa: F811 - as fixtures are asked for
    bodies = [(DOGS, f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}'), ('op.drop_table("dogs")', DOGS)]
    [finding] = [finding for finding in told(bodies) if finding.code == "MRT112"]
    dropped = finding.instead[finding.instead.index("op.execute") : finding.instead.index(";")]
    reused = DOGS.replace(ENUM, 'postgresql.ENUM("sad", "glad", name="mood", create_type=False)')
    assert 'postgresql.ENUM(…, name="mood", create_type=False)' in finding.instead
    with own_database(postgres_server, f"mrt_advice_{os.getpid()}") as url:
        for upgrade, downgrade in ((f'op.drop_table("dogs")\n{dropped}', DOGS), ('op.drop_table("dogs")', reused)):
            for body in (DOGS, upgrade, downgrade, f'op.drop_table("dogs")\n{dropped}'):
                with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
                    operations = Operations(MigrationContext.configure(connection))
                    exec(body, {"sa": sa, "op": operations, "postgresql": postgresql})
            assert "MRT112" not in {finding.code for finding in told([bodies[0], (upgrade, downgrade)])}


@pytest.mark.parametrize(
    ("table", "expected"),
    [("roles", "+MRT106"), ("rolls", "-MRT106"), ("role", "-MRT106"), ("pg_roles", "+MRT106")],
)
def test_rows_for_a_table_that_nothing_makes_outlive_nothing(table: str, expected: str):
    found = told(
        [
            ROLES,
            (
                sql(f"INSERT INTO {table} (name) VALUES ('a')") + f"\n{AGE.replace('parcels', 'roles')}",
                'op.drop_column("roles", "age")',
            ),
        ]
    )
    assert holds(expected, found), [(finding.code, finding.message) for finding in found]


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        ('op.alter_column("parcels", "kod", nullable=True)', "+MRT117"),
        (sql("ALTER TABLE parcels ALTER COLUMN info TYPE json USING info::json"), "+MRT117"),
        ('op.drop_column("parcels", "kod")', "+MRT117"),
        (sql("UPDATE parcels SET kod = 1"), "+MRT117"),
        ('op.alter_column("elsewhere", "kod", nullable=True)', "-MRT117"),
        ('op.alter_column("parcels", "code", nullable=True)', "-MRT117"),
    ],
)
def test_a_table_of_the_historys_own_has_its_columns_though_others_come_from_elsewhere(downgrade: str, expected: str):
    before = (f'op.add_column("elsewhere", sa.Column("x", sa.Integer))\n{PARCELS}', "pass")
    assert holds(expected, told([before, ('op.alter_column("parcels", "code", nullable=False)', downgrade)]))


ONE_OF_TWO = 'op.create_check_constraint("ck", "parcels", {})'
UNREAD = 'sa.case((sa.column("code") != None, 1), else_=0) + sa.case((sa.column("size") != None, 1), else_=0) == 1'


@pytest.mark.parametrize("condition", [UNREAD, '"code IS NOT NULL OR size IS NOT NULL"'])
def test_a_check_goes_with_any_of_its_columns(condition: str):
    made = (f"{PARCELS[:-1]}, sa.Column('size', sa.Integer()))\n{ONE_OF_TWO.format(condition)}", DROP_PARCELS)
    back = f"op.add_column('parcels', sa.Column('size', sa.Integer()))\n{ONE_OF_TWO.format(condition)}"
    assert holds("-MRT112", told([made, ("op.drop_column('parcels', 'size')", back)]))
    assert holds("+MRT112", told([made, ("op.add_column('parcels', sa.Column('x', sa.Integer()))", ONE_OF_TWO.format(condition))]))
    renamed = "op.alter_column('parcels', 'size', new_column_name='weight')"
    assert holds("+MRT112", told([made, (renamed, ONE_OF_TWO.format(condition))]))
    new = f"op.add_column('parcels', sa.Column('size', sa.Integer()))\n{ONE_OF_TWO.format(condition)}"
    again = f"{new}\nop.drop_column('parcels', 'size')\n{new}"
    assert holds("-MRT441", told([BASE, (again, "op.drop_column('parcels', 'size')")]))
    assert holds("+MRT441", told([BASE, (f"{new}\n{ONE_OF_TWO.format(condition)}", "op.drop_column('parcels', 'size')")]))


@pytest.mark.parametrize(("before", "after", "difference"), [(True, False, "takes no NULL"), (False, True, "allows NULL")])
def test_a_nullability_that_upgrade_leaves_and_downgrade_turns_round(before: bool, after: bool, difference: str):
    made = PARCELS.replace("sa.String(20)", f"sa.String(20), nullable={before}"), DROP_PARCELS
    findings = told(
        [made, (f'op.alter_column("parcels", "code", nullable={before})', f'op.alter_column("parcels", "code", nullable={after})')]
    )
    assert [f"does not restore it: it {difference} then" in found.message for found in findings if found.code == "MRT111"] == [True]
