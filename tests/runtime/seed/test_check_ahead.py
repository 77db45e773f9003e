"""Checks that lie ahead bind rows, and keep no table from having rows."""

import pytest

from mrt_runtime.seed import Seeder

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = 'a'\ndown_revision = None\n\n\ndef upgrade():\n"
TABLE = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name VARCHAR(20) NOT NULL, most INTEGER, a INTEGER, b INTEGER)"
)
XOR = "(a IS NULL) <> (b IS NULL)"
CHECKS = {
    "a text that may not be empty": ("name <> ''", lambda row: row["name"] != ""),
    "numbers beside another column": (
        "kind = 0 OR (kind = 1 AND most IS NOT NULL)",
        lambda row: row["kind"] == 0 or (row["kind"] == 1 and row["most"] is not None),
    ),
    "one of two columns": (XOR, lambda row: (row["a"] is None) != (row["b"] is None)),
    "an order": ("most IS NULL OR most < kind", lambda row: row["most"] is None or row["most"] < row["kind"]),
}


def write(tmp_path, *lines):
    file = tmp_path / "a.py"
    file.write_text(HEAD + "".join(f"    {line}\n" for line in lines))
    return [str(file), str(tmp_path / "b.py")]


def add(expression, table="t"):
    return f"op.create_check_constraint('ck', '{table}', \"{expression}\")"


def rows(field):
    names = ("id", "kind", "name", "most", "a", "b")
    return [dict(zip(names, row, strict=True)) for row in field.rows("t", ", ".join(names))]


@pytest.mark.parametrize("check", CHECKS)
def test_rows_meet_a_check_that_a_migration_adds(field, tmp_path, check):
    expression, meets = CHECKS[check]
    field.seeder = Seeder(field.scratch.database, files=write(tmp_path, add(expression)))
    seeded = field.seed(TABLE)
    assert not seeded.unseeded
    assert len(rows(field)) >= 3
    assert all(map(meets, rows(field)))
    assert not field.never_filled()


def test_rows_meet_a_check_under_the_name_that_the_table_gets(sqlite, tmp_path):
    files = write(tmp_path, "op.rename_table('t', 'later')", add("name <> ''", "later"))
    sqlite.seeder = Seeder(sqlite.scratch.database, files=files)
    sqlite.seed(TABLE)
    assert all(row["name"] for row in rows(sqlite))


def test_checks_that_never_hold_together_keep_no_table_empty(field, tmp_path):
    field.seeder = Seeder(field.scratch.database, files=write(tmp_path, add("kind = 0 AND most = 1"), add("kind = 1 AND most = 0")))
    assert not field.seed(TABLE).unseeded
    assert rows(field)


@pytest.mark.parametrize(
    "change", ["op.execute('UPDATE t SET kind = kind + 1')", "op.alter_column('t', 'kind', type_=sa.SmallInteger())"]
)
def test_a_check_of_what_is_changed_before_says_nothing_of_the_rows(sqlite, tmp_path, change):
    sqlite.seeder = Seeder(sqlite.scratch.database, files=write(tmp_path, change, add("kind < 5 AND kind > 0")))
    sqlite.seed(TABLE)
    assert not all(0 < row["kind"] < 5 for row in rows(sqlite))


def test_rows_that_a_migration_cleans_are_there(field, tmp_path):
    clean = "op.execute('UPDATE t SET most = 1 WHERE kind = 1 AND most IS NULL')"
    files = write(tmp_path, clean, add("kind = 0 OR (kind = 1 AND most IS NOT NULL)"))
    field.seeder = Seeder(field.scratch.database, files=files)
    field.seeder.note_next(files[0])
    field.seed(TABLE)
    with field.scratch.engine.begin() as connection:
        field.seeder.write_wanted(connection, field.schema, field.seeded, files[0])
    assert any(row["kind"] == 1 and row["most"] is None for row in rows(field))


def test_a_column_that_a_check_lists_together_with_one_that_is_added_later_has_its_numbers(sqlite, tmp_path):
    files = write(
        tmp_path, "op.add_column('t', sa.Column('later', sa.Integer))", add("kind = 1 OR (kind = 2 AND later IS NOT NULL)")
    )
    sqlite.seeder = Seeder(sqlite.scratch.database, files=files)
    sqlite.seed(TABLE)
    assert {row["kind"] for row in rows(sqlite)} <= {1, 2}


def test_rows_differ_where_a_column_is_computed_of_others(any_field):
    columns = "id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, total INTEGER NOT NULL"
    any_field.seed(f"CREATE TABLE t ({columns}, CHECK (total = a + b))")
    found = any_field.rows("t", "a, b, total")
    assert len(found) == len({total for *_, total in found}) == any_field.seeder.seed_rows
