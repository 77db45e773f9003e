"""SQL that SQLite does not parse: it fails (MRT121), and what catches that has done nothing, as is meant for another database."""

import sqlite3

import pytest

from tests.lint.test_downgrade_kinds import holds, sql, told

PARCELS = (
    'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.String(20)), '
    'sa.Column("town_id", sa.Integer()), sa.UniqueConstraint("code", name="uq_code"))'
)
STATEMENTS = [
    "ALTER TABLE parcels ADD CONSTRAINT uq_town UNIQUE (town_id)",
    "ALTER TABLE parcels ADD CONSTRAINT fk_town FOREIGN KEY (town_id) REFERENCES parcels (id)",
    "ALTER TABLE parcels DROP CONSTRAINT uq_code",
    "ALTER TABLE parcels ALTER COLUMN code TYPE text",
    "ALTER TABLE parcels ALTER COLUMN code SET DEFAULT 'x'",
]
CAUGHT = "try:\n    {}\nexcept Exception:\n    pass"


@pytest.mark.parametrize("statement", STATEMENTS)
def test_sqlite_parses_no_change_of_keys_and_types(statement: str):
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE parcels (id INTEGER PRIMARY KEY, code VARCHAR(20), town_id INTEGER, CONSTRAINT uq_code UNIQUE (code))"
    )
    with pytest.raises(sqlite3.OperationalError):
        database.execute(statement)
    database.close()
    assert holds("+MRT121", told([(PARCELS, "pass"), (sql(statement), "pass")], "sqlite"))
    assert holds("-MRT121", told([(PARCELS, "pass"), (sql(statement), "pass")], "postgresql"))


@pytest.mark.parametrize("statement", [*STATEMENTS, "ALTER TABLE parcels DROP CONSTRAINT IF EXISTS uq_other"])
def test_what_fails_for_certain_and_is_caught_has_done_nothing(statement: str):
    caught = CAUGHT.format(sql(statement))
    assert not [
        each.code for each in told([(PARCELS, "pass"), (caught, "pass")], "sqlite") if each.code not in {"MRT102", "MRT442"}
    ]
    assert told([(PARCELS, "pass"), (caught, "pass")], "mysql")


def test_a_check_is_what_newer_releases_of_sqlite_take():
    add = sql("ALTER TABLE parcels ADD CONSTRAINT ck CHECK (town_id > 0)")
    assert holds("-MRT121", told([(PARCELS, "pass"), (add, "pass")], "sqlite"))
