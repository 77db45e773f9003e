"""Keys that lie ahead bind rows as long as they are ahead, and keep no table from having rows."""

import pytest

from mrt_runtime.seed import Seeder

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = 'a'\ndown_revision = None\n\n\ndef upgrade():\n"
UNIQUE = "op.create_index('ux', 't', ['flag', 'part'], unique=True)"
TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, flag BOOLEAN NOT NULL, part VARCHAR(1) NOT NULL CHECK (part IN ('x', 'y')))"


def write(tmp_path, *lines):
    file = tmp_path / "a.py"
    file.write_text(HEAD + "".join(f"    {line}\n" for line in lines))
    return [str(file), str(tmp_path / "b.py")]


def test_rows_are_unique_only_until_the_key_was_made(sqlite, tmp_path):
    files = write(tmp_path, UNIQUE)
    sqlite.seeder = Seeder(sqlite.scratch.database, 8, files=files)
    sqlite.seeder.note_next(files[0])
    sqlite.seed(TABLE)
    rows = sqlite.rows("t", "flag, part")
    assert len(set(rows)) == len(rows) == 4
    sqlite.seeder.note_next(files[1])
    sqlite.seed("INSERT INTO t VALUES (1, 0, 'x')", touched={"t"})
    sqlite.seed("CREATE TABLE u (id INTEGER PRIMARY KEY, flag BOOLEAN NOT NULL, part VARCHAR(1) NOT NULL)")
    assert len(sqlite.rows("u", "flag")) == 8


WIDE = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), a INTEGER, flag INTEGER CHECK (flag IN (0, 1)), kind VARCHAR(20),"
    " url VARCHAR(90), gone INTEGER)"
)
EXPRESSIONS = {
    "NULL as a value": "coalesce(a, 0), flag",
    "a beginning": "substr(email, 1, 2)",
    "a rest": "(a % 10)",
    "a length in reverse": "length(kind) DESC, flag",
    "a case": "(CASE WHEN gone IS NULL THEN flag END)",
}


@pytest.mark.parametrize("expressions", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_what_is_computed_of_rows_does_not_repeat_where_a_key_over_it_is_ahead(field, tmp_path, expressions):
    index = f"CREATE UNIQUE INDEX ux ON t ({expressions})"
    wanted = "UPDATE t SET url = 'x' WHERE kind IN ('aaa', 'bbb', 'cc') AND a IS NULL"
    files = write(tmp_path, f'op.execute("{wanted}")', f'op.execute("{index}")')
    field.seeder = Seeder(field.scratch.database, 6, files=files)
    seeded = field.seed(WIDE)
    assert not seeded.unseeded
    with field.scratch.engine.begin() as connection:
        field.seeder.write_wanted(connection, field.schema, seeded, files[0])
    field.run(index)
    assert len(field.rows("t", "id")) >= 2


def test_it_does_not_repeat_on_mysql(mysql, tmp_path):
    """MariaDB knows no index over an expression; it evaluates the expressions all the same."""
    mysql.seeder = Seeder(mysql.scratch.database, 6, files=write(tmp_path, 'op.execute("CREATE UNIQUE INDEX ux ON t ((a % 10))")'))
    assert not mysql.seed(WIDE).unseeded
    rests = [rest for (rest,) in mysql.rows("t", "mod(a, 10)") if rest is not None]
    assert len(set(rests)) == len(rests) >= 2


def test_a_partial_key_with_an_expression_binds_the_rows_that_it_is_for(field, tmp_path):
    index = "CREATE UNIQUE INDEX ux ON t (coalesce(a, 0)) WHERE gone IS NULL"
    field.seeder = Seeder(field.scratch.database, 6, files=write(tmp_path, f'op.execute("{index}")'))
    field.seed(WIDE)
    field.run(index)
    field.seed("ALTER TABLE t ADD COLUMN later INTEGER")
    assert len(field.rows("t", "id")) >= 6


def test_columns_that_come_later_do_not_repeat_either(field, tmp_path):
    index = "CREATE UNIQUE INDEX ux ON t ((later % 10))"
    field.seeder = Seeder(field.scratch.database, 6, files=write(tmp_path, f'op.execute("{index}")'))
    field.seed(WIDE)
    assert not field.seed("ALTER TABLE t ADD COLUMN later INTEGER").unseeded
    field.run(index)


@pytest.mark.parametrize("expressions", ["lower(none_such)", "no_such_function(kind)", "length(kind), a, ("])
def test_a_key_that_the_database_cannot_compute_binds_nothing(field, tmp_path, expressions):
    field.seeder = Seeder(
        field.scratch.database, files=write(tmp_path, f'op.execute("CREATE UNIQUE INDEX ux ON t ({expressions})")')
    )
    assert not field.seed(WIDE).unseeded
    assert len(field.rows("t", "id")) >= 3


def test_a_key_that_leaves_room_for_one_row_keeps_the_table_from_no_rows(field, tmp_path):
    field.seeder = Seeder(field.scratch.database, files=write(tmp_path, 'op.execute("CREATE UNIQUE INDEX ux ON t ((id * 0))")'))
    assert not field.seed(WIDE).unseeded
    assert len(field.rows("t", "id")) >= 1


def test_a_table_whose_parent_takes_no_rows_has_rows_all_the_same(sqlite, tmp_path):
    sqlite.seeder = Seeder(sqlite.scratch.database, files=write(tmp_path, "op.create_foreign_key('fk', 'k', 'p', ['p'], ['id'])"))
    seeded = sqlite.seed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER CHECK (n > 1 AND n < 1), CHECK (n IS NOT NULL))",
        "CREATE TABLE k (id INTEGER PRIMARY KEY, p INTEGER NOT NULL)",
    )
    assert set(seeded.unseeded) == {"p"}
    assert len(sqlite.rows("k", "p")) == 3


def test_keys_ahead_that_would_close_a_circle_keep_no_table_empty(sqlite, tmp_path):
    lines = ["op.create_foreign_key('fk', 'a', 'b', ['b'], ['id'])", "op.create_foreign_key('kf', 'b', 'a', ['a'], ['id'])"]
    sqlite.seeder = Seeder(sqlite.scratch.database, files=write(tmp_path, *lines))
    seeded = sqlite.seed(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER NOT NULL)", "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)"
    )
    assert not seeded.unseeded
    assert set(sqlite.rows("a", "b")) <= set(sqlite.rows("b", "id"))


def test_a_key_of_a_table_that_is_renamed_meanwhile_is_known(sqlite, tmp_path):
    lines = ["op.rename_table('t', 'later')", UNIQUE.replace("'t'", "'later'")]
    sqlite.seeder = Seeder(sqlite.scratch.database, 8, files=write(tmp_path, *lines))
    sqlite.seed(TABLE)
    assert len(sqlite.rows("t", "flag, part")) == 4


def test_texts_that_are_keys_differ_from_table_to_table_and_are_never_empty(field):
    """Rows that a migration moves to another table keep their keys."""
    field.seed(*(f"CREATE TABLE {name} (id VARCHAR(36) PRIMARY KEY, n INTEGER)" for name in ("one", "other")))
    found = [{key for (key,) in field.rows(name, "id") if not key.startswith(" ")} for name in ("one", "other")]
    assert all(found)
    assert found[0].isdisjoint(found[1])
    assert "" not in found[0] | found[1]


def test_numbers_that_rows_point_at_are_never_at_the_edge(field):
    field.seed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE)",
        "CREATE TABLE k (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (number))",
    )
    assert max(number for (number,) in field.rows("p", "number")) < 2**31 - 1


def test_a_column_that_a_new_key_of_its_name_is_filled_from_points_there_too(sqlite, tmp_path):
    line = (
        "op.add_column('copy', sa.Column('type_id', sa.Integer, sa.ForeignKey('kinds.id')))\n"
        "    op.execute('UPDATE copy SET type_id = (SELECT type_id FROM things WHERE things.id = copy.id)')"
    )
    files = write(tmp_path, line)
    sqlite.seeder = Seeder(sqlite.scratch.database, files=files)
    sqlite.seed(
        "CREATE TABLE kinds (id INTEGER PRIMARY KEY)",
        "CREATE TABLE things (id INTEGER PRIMARY KEY, type_id INTEGER NOT NULL)",
        "CREATE TABLE copy (id INTEGER PRIMARY KEY)",
    )
    assert set(sqlite.rows("things", "type_id")) <= set(sqlite.rows("kinds", "id"))


def test_a_text_that_is_unique_by_itself_is_never_empty(field, tmp_path):
    """Rows that a migration moves to another table keep such texts, too: two tables with an empty one could not be put together."""
    field.seed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(36) NOT NULL UNIQUE, nick VARCHAR(36) UNIQUE, note TEXT NOT NULL)"
    )
    file = tmp_path / "m.py"
    file.write_text(
        "from alembic import op\n\n\ndef upgrade():\n    op.execute('UPDATE t SET note = nick WHERE nick IS NOT NULL')\n"
    )
    with field.scratch.engine.begin() as connection:
        field.seeder.write_wanted(connection, field.schema, field.seeded, str(file))
    rows = field.rows("t", "id, name, nick, note")
    assert "" not in {value for _, name, nick, _ in rows for value in (name, nick)}
    assert "" in {note for *_, note in rows}
