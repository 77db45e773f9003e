"""What squawk, strong_migrations and eugene call safe or unsafe, judged here; each difference has its reason in docs/comparison.md.

The statements are our own; the names are those of their rules. "+" says that they report it, "-" that they call it safe.
"""

from pathlib import Path

import pytest

from tests.lint.test_downgrade_kinds import sql, told

ROOT = Path(__file__).parents[2]
TABLES = sql(
    "CREATE TABLE shops (id bigint PRIMARY KEY, name varchar(50), phone varchar(20) NOT NULL, rating numeric(10, 5), note text, "
    "opened timestamp(3), closed timestamp, at time(3), net cidr, tag citext, plan json)",
    "CREATE TABLE visits (id bigint PRIMARY KEY, shop_id bigint, n int)",
    "CREATE UNIQUE INDEX ux ON shops (phone)",
    "CREATE UNIQUE INDEX un ON shops (name)",
    "CREATE TABLE keyless (a text)",
    "CREATE UNIQUE INDEX uk ON keyless (a)",
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    "CREATE DOMAIN amount AS int",
)
OWN = "MRT115 MRT429 MRT101"
"""What every case draws: its downgrade() raises, and nothing sets a timeout."""

NAMED, ADD = "ALTER TABLE shops ALTER COLUMN name", "ALTER TABLE shops ADD COLUMN"
CASES = [
    # new columns
    ("squawk adding-field-with-default -", f"{ADD} open boolean DEFAULT true", ""),
    ("squawk adding-field-with-default -", f"{ADD} since timestamptz NOT NULL DEFAULT now() - interval '3 days'", ""),
    ("squawk adding-field-with-default -", f"{ADD} tags text[] DEFAULT array['new']::text[]", ""),
    ("squawk adding-field-with-default +", f"{ADD} luck float DEFAULT random()", "MRT404"),
    ("squawk adding-field-with-default +", f"{ADD} upper_name text GENERATED ALWAYS AS (upper(name)) STORED", "MRT427"),
    ("squawk adding-field-with-default +", f"{ADD} code text DEFAULT our_code()", ""),
    ("strong_migrations add_column_default_callable +", f"{ADD} seen timestamptz DEFAULT clock_timestamp()", "MRT404"),
    ("strong_migrations add_column_default +", f"{ADD} key uuid DEFAULT gen_random_uuid()", "MRT404"),
    ("strong_migrations add_column_auto_incrementing +", f"{ADD} num bigserial", "MRT427"),
    ("strong_migrations add_column_generated_stored +", f"{ADD} long int GENERATED ALWAYS AS (length(note)) STORED", "MRT427"),
    ("strong_migrations add_column_json +", f"{ADD} data json", ""),
    ("eugene E3 +", "CREATE TABLE plans (id bigint PRIMARY KEY, data json)", ""),
    ("eugene E11 +", f"{ADD} num serial", "MRT427"),
    ("squawk adding-required-field -", f"{ADD} open boolean", ""),
    ("squawk adding-required-field -", f"{ADD} open boolean NOT NULL DEFAULT false", ""),
    ("squawk adding-required-field +", f"{ADD} open boolean NOT NULL", "MRT401 MRT704"),
    ("squawk prefer-timestamptz +", f"{ADD} made timestamp", ""),
    ("squawk prefer-text-field +", f"{ADD} short varchar(9)", ""),
    ("squawk prefer-bigint-over-int +", "CREATE TABLE plans (id int PRIMARY KEY)", ""),
    ("squawk prefer-identity +", "CREATE TABLE plans (id bigserial PRIMARY KEY)", ""),
    # constraints
    (
        "squawk adding-foreign-key-constraint +",
        "ALTER TABLE visits ADD CONSTRAINT fk FOREIGN KEY (shop_id) REFERENCES shops (id)",
        "MRT422 MRT431",
    ),
    ("squawk adding-foreign-key-constraint +", f"{ADD} visit bigint REFERENCES visits (id)", "MRT431"),
    (
        "squawk adding-foreign-key-constraint -",
        "ALTER TABLE visits ADD CONSTRAINT fk FOREIGN KEY (shop_id) REFERENCES shops (id) NOT VALID",
        "MRT431",
    ),
    (
        "squawk constraint-missing-not-valid +",
        "ALTER TABLE visits ADD CONSTRAINT ck CHECK (n > 0) NOT VALID; ALTER TABLE visits VALIDATE CONSTRAINT ck",
        "MRT424",
    ),
    ("squawk constraint-missing-not-valid +", "ALTER TABLE visits ADD CONSTRAINT ck CHECK (n > 0)", "MRT423"),
    ("squawk constraint-missing-not-valid -", "ALTER TABLE visits ADD CONSTRAINT ck CHECK (n > 0) NOT VALID", ""),
    ("squawk constraint-missing-not-valid -", f"{ADD} size int CHECK (size > 0)", "MRT423"),
    (
        "squawk constraint-missing-not-valid -",
        "CREATE TABLE plans (n int); ALTER TABLE plans ADD CONSTRAINT ck CHECK (n > 0); CREATE INDEX ix ON plans (n)",
        "",
    ),
    ("squawk disallowed-unique-constraint +", "ALTER TABLE shops ADD CONSTRAINT uq UNIQUE (note)", "MRT406"),
    ("squawk disallowed-unique-constraint +", f"{ADD} code text UNIQUE", "MRT407"),
    ("squawk disallowed-unique-constraint -", "ALTER TABLE shops ADD CONSTRAINT uq UNIQUE USING INDEX ux", ""),
    ("squawk adding-serial-primary-key-field +", "ALTER TABLE keyless ADD PRIMARY KEY (a)", "MRT426"),
    ("squawk adding-not-nullable-field +", f"{NAMED} SET NOT NULL", "MRT213 MRT704"),
    ("eugene E8 +", "ALTER TABLE visits ADD CONSTRAINT ex EXCLUDE USING gist (n WITH =)", "MRT425"),
    ("eugene W14 +", "ALTER TABLE keyless ADD CONSTRAINT pk PRIMARY KEY USING INDEX uk", "MRT426"),
    ("eugene E15 +", "ALTER TABLE visits ADD FOREIGN KEY (shop_id) REFERENCES shops (id) NOT VALID", "MRT431"),
    ("squawk ban-drop-not-null +", "ALTER TABLE shops ALTER COLUMN phone DROP NOT NULL", "MRT706"),
    ("squawk ban-alter-domain-with-add-constraint +", "ALTER DOMAIN amount ADD CONSTRAINT ck CHECK (value > 0)", "MRT428"),
    ("squawk ban-alter-domain-with-add-constraint -", "ALTER DOMAIN amount SET NOT NULL", "MRT428"),
    ("squawk ban-create-domain-with-constraint +", "CREATE DOMAIN price AS int CHECK (value > 0)", ""),
    # types
    ("squawk changing-column-type +", f"{NAMED} TYPE text", ""),
    ("squawk changing-column-type +", "ALTER TABLE visits ALTER COLUMN n TYPE bigint", "MRT303 MRT705"),
    ("eugene E5 +", "ALTER TABLE shops ALTER COLUMN plan TYPE jsonb", "MRT303 MRT705"),
    ("strong_migrations change_column -", f"{NAMED} TYPE varchar(60)", ""),
    ("strong_migrations change_column -", f"{NAMED} TYPE varchar", ""),
    ("strong_migrations change_column +", f"{NAMED} TYPE varchar(40)", "MRT215 MRT303 MRT705"),
    ("strong_migrations change_column -", "ALTER TABLE shops ALTER COLUMN note TYPE citext", ""),
    ("strong_migrations change_column -", "ALTER TABLE shops ALTER COLUMN tag TYPE text", ""),
    ("strong_migrations change_column +", "ALTER TABLE shops ALTER COLUMN note TYPE varchar(20)", "MRT215 MRT303 MRT705"),
    ("strong_migrations change_column -", "ALTER TABLE shops ALTER COLUMN rating TYPE numeric(11, 5)", ""),
    ("strong_migrations change_column -", "ALTER TABLE shops ALTER COLUMN rating TYPE numeric", ""),
    ("strong_migrations change_column +", "ALTER TABLE shops ALTER COLUMN rating TYPE numeric(9, 5)", "MRT215 MRT303 MRT705"),
    ("strong_migrations change_column +", "ALTER TABLE shops ALTER COLUMN rating TYPE numeric(10, 6)", "MRT215 MRT303 MRT705"),
    ("strong_migrations change_column -", "ALTER TABLE shops ALTER COLUMN opened TYPE timestamp(6)", ""),
    ("strong_migrations change_column +", "ALTER TABLE shops ALTER COLUMN closed TYPE timestamp(3)", "MRT303 MRT705"),
    ("strong_migrations change_column -", "ALTER TABLE shops ALTER COLUMN at TYPE time(6)", ""),
    ("strong_migrations change_column -", "ALTER TABLE shops ALTER COLUMN net TYPE inet", ""),
    (
        "strong_migrations change_column -",
        "SET LOCAL TIME ZONE 'UTC'; ALTER TABLE shops ALTER COLUMN closed TYPE timestamptz",
        "MRT705",
    ),
    # indexes
    ("squawk require-concurrent-index-creation +", "CREATE INDEX ix ON shops (name)", "MRT407"),
    ("squawk require-concurrent-index-deletion +", "DROP INDEX ux", "MRT420"),
    ("squawk require-concurrent-reindex +", "REINDEX TABLE shops", "MRT428"),
    ("squawk require-concurrent-reindex -", "REINDEX SYSTEM shop", "MRT421 MRT428"),
    ("squawk ban-concurrent-index-creation-in-transaction +", "CREATE INDEX CONCURRENTLY ix ON shops (name)", "MRT421"),
    (
        "squawk ban-concurrent-index-creation-in-transaction -",
        "COMMIT; CREATE INDEX CONCURRENTLY ix ON shops (note); BEGIN; ALTER TABLE shops ADD COLUMN code text",
        "MRT421",
    ),
    ("squawk require-concurrent-partition-detach +", "ALTER TABLE shops DETACH PARTITION shops_2019", ""),
    ("strong_migrations add_index_columns +", "CREATE INDEX ix ON shops (name, phone, rating, note)", "MRT407"),
    ("squawk prefer-repack +", "VACUUM FULL shops", "MRT421 MRT428"),
    ("squawk prefer-repack +", "CLUSTER shops USING ux", "MRT428"),
    # what goes, and what gets another name
    ("squawk ban-drop-column +", "ALTER TABLE shops DROP COLUMN note", "MRT201 MRT701"),
    ("squawk ban-drop-table +", "DROP TABLE visits", "MRT202 MRT703"),
    ("squawk ban-drop-database +", "DROP DATABASE shop", "MRT421"),
    ("squawk ban-truncate-cascade +", "TRUNCATE shops CASCADE", "MRT203"),
    ("squawk ban-truncate-cascade -", "TRUNCATE visits", "MRT203"),
    ("squawk renaming-column +", "ALTER TABLE shops RENAME COLUMN name TO title", "MRT702"),
    ("squawk renaming-table +", "ALTER TABLE shops RENAME TO stores", "MRT703"),
    ("strong_migrations rename_schema +", "ALTER SCHEMA public RENAME TO private", ""),
    ("strong_migrations rename_enum_value +", "ALTER TYPE mood RENAME VALUE 'bad' TO 'awful'", ""),
    ("squawk require-enum-value-ordering +", "ALTER TYPE mood ADD VALUE 'so-so'", "MRT304"),
    ("squawk require-enum-value-ordering -", "ALTER TYPE mood ADD VALUE 'so-so' AFTER 'good'", "MRT304"),
    ("eugene W13 +", "CREATE TYPE size AS ENUM ('s', 'm')", ""),
    # transactions and locks
    ("squawk ban-uncommitted-transaction +", "BEGIN; ALTER TABLE shops ADD COLUMN code text", ""),
    ("squawk transaction-nesting +", "BEGIN; ALTER TABLE shops ADD COLUMN code text; COMMIT", ""),
    ("squawk prefer-robust-stmts +", f"{ADD} code text", ""),
    ("eugene E4 +", f"{ADD} code text; SELECT count(*) FROM shops", ""),
    ("eugene E4 +", f"{ADD} code text; UPDATE shops SET code = name", "MRT438 MRT802"),
    ("eugene E10 +", f"{ADD} code text; ALTER TABLE visits ADD COLUMN code text", ""),
    (
        "eugene W12 +",
        f"{NAMED} SET NOT NULL; ALTER TABLE shops ALTER COLUMN note SET NOT NULL",
        "MRT213 MRT704",
    ),
    ("strong_migrations execute +", "SELECT 1", ""),
]


def said(statements: str) -> set[str]:
    upgrade = sql(*(statement.strip() for statement in statements.split(";")))
    findings = told([(TABLES, "pass"), (upgrade, "raise NotImplementedError()")])
    return {finding.code for finding in findings} - set(OWN.split())


@pytest.mark.parametrize(("theirs", "statements", "ours"), CASES)
def test_the_cases_of_other_linters_are_judged(theirs: str, statements: str, ours: str):
    assert said(statements) == set(ours.split())


@pytest.mark.parametrize(("theirs", "statements", "ours"), [case for case in CASES if case[0].endswith("+") is not bool(case[2])])
def test_every_difference_has_its_reason_in_the_documentation(theirs: str, statements: str, ours: str):
    tool, rule, _ = theirs.split()
    section = (ROOT / "docs/comparison.md").read_text(encoding="utf-8").partition(f"\n## {tool}\n")[2].partition("\n## ")[0]
    assert f"`{rule}`" in section
    assert all(code in section for code in ours.split() if code not in {"MRT431", "MRT705"})


def test_no_migration_waits_for_a_lock_without_the_opt_in_rule_that_says_so():
    """Eugene's E9, squawk's require-timeout-settings: an opt-in rule here."""
    upgrade = sql(f"{ADD} code text")
    assert "MRT429" in {finding.code for finding in told([(TABLES, "pass"), (upgrade, "pass")])}
