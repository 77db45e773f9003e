"""Seeding again as the schema grows: what is there stays, what is new gets values, nothing is done twice."""

import pytest
import sqlalchemy as sa

from mrt_runtime.seed import Seeder


@pytest.fixture
def statements(field):
    """The statements that a later seeding runs."""
    seen = []
    sa.event.listen(field.scratch.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    return seen


USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)"


def test_nothing_is_asked_or_written_where_nothing_changed(field, statements):
    field.seed(USERS)
    schema, seeded = field.schema, field.seeded
    statements.clear()
    with field.scratch.engine.begin() as connection:
        again = field.seeder.seed(connection, schema, seeded)
    assert statements == []
    assert again.rows == {}
    assert again.keys == seeded.keys


def test_one_statement_fills_a_table_whatever_must_be_unique(field, statements):
    field.run("CREATE TABLE t (a CHAR(1) NOT NULL UNIQUE CHECK (a IN ('w', 'x', 'y', 'z')))", "INSERT INTO t VALUES ('x')")
    field.seed()
    assert len([statement for statement in statements if statement.startswith("INSERT INTO t ")]) == 1
    assert len(field.rows("t")) == 4


def test_rows_of_an_inheriting_table_are_not_taken_for_parents(postgres):
    postgres.seed("CREATE TABLE base (id integer PRIMARY KEY)", "CREATE TABLE heir () INHERITS (base)")
    postgres.run("DELETE FROM ONLY base", "INSERT INTO base VALUES (5)")
    postgres.seeder.seed_rows = 1
    postgres.run("CREATE TABLE child (id integer PRIMARY KEY, base_id integer NOT NULL REFERENCES base)")
    seen = []
    sa.event.listen(postgres.scratch.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    postgres.seed()
    assert postgres.rows("child", "base_id") == [(5,)]
    assert len([statement for statement in seen if statement.startswith("INSERT INTO child ")]) == 1


def test_only_the_new_table_is_visited(field, statements):
    field.seed(USERS)
    field.run("CREATE TABLE posts (id INTEGER PRIMARY KEY, title VARCHAR(20))")
    field.look()
    statements.clear()
    with field.scratch.engine.begin() as connection:
        seeded = field.seeder.seed(connection, field.schema, field.seeded)
    assert seeded.rows == {"posts": 3}
    assert not [statement for statement in statements if "users" in statement]


def test_an_added_column_is_filled_in_the_rows_that_are_there(any_field):
    any_field.seed(USERS)
    seeded = any_field.seed("ALTER TABLE users ADD COLUMN phone VARCHAR(20)")
    rows = any_field.rows("users", "id, phone")
    assert seeded.rows == {"users": 3}
    assert [key for key, _ in rows] == [7100, 7101, 7102]
    assert rows[0][1] == "phone 1"
    assert len(rows[1][1]) == 20
    assert rows[2][1] is None


def test_an_added_column_with_a_default_gets_other_values(field):
    field.seed(USERS)
    field.seed("ALTER TABLE users ADD COLUMN role VARCHAR(20) DEFAULT 'member' NOT NULL")
    assert "member" not in [role for (role,) in field.rows("users", "role")]


def test_an_added_unique_column_gets_different_values(any_field):
    any_field.seed(USERS)
    any_field.seed("ALTER TABLE users ADD COLUMN slug VARCHAR(20)", "CREATE UNIQUE INDEX users_slug ON users (slug)")
    slugs = [slug for (slug,) in any_field.rows("users", "slug") if slug is not None]
    assert len(slugs) == len(set(slugs)) == 2


def test_an_added_foreign_key_points_at_rows(postgres):
    postgres.seed(USERS, "CREATE TABLE teams (id integer PRIMARY KEY)")
    postgres.seed("ALTER TABLE users ADD COLUMN team_id integer REFERENCES teams (id)")
    assert [team for (team,) in postgres.rows("users", "team_id")] == [7100, 7101, None]


def test_each_row_keeps_its_only_parent_while_another_column_is_filled(postgres):
    postgres.seed(
        "CREATE TABLE p (id integer PRIMARY KEY)", "CREATE TABLE c (id integer PRIMARY KEY, p_id integer UNIQUE REFERENCES p)"
    )
    postgres.run("DELETE FROM c WHERE p_id IS NULL", "DELETE FROM p WHERE id NOT IN (SELECT p_id FROM c)")
    postgres.seed("ALTER TABLE c ALTER COLUMN p_id TYPE bigint, ALTER COLUMN p_id SET NOT NULL, ADD COLUMN note text")
    assert postgres.never_filled() == []
    assert len(postgres.rows("c")) == 2


def test_an_added_column_honours_what_else_the_row_holds(postgres):
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL)")
    postgres.seed("ALTER TABLE t ADD COLUMN b integer, ADD CHECK (b > a)")
    rows = postgres.rows("t", "a, b")
    assert all(b is None or b > a for a, b in rows)
    assert any(b is not None for _, b in rows)


def test_what_only_another_kind_of_row_may_fill_gets_one(postgres):
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('a', 'b')))")
    postgres.run("DELETE FROM t WHERE kind = 'a'")
    postgres.seed("ALTER TABLE t ADD COLUMN y text, ADD CHECK (kind = 'a' OR y IS NULL)", touched=["t"])
    assert postgres.never_filled() == []
    assert postgres.seeded.unseeded == {}


def test_a_column_that_may_be_null_now_is_null_in_one_row(postgres):
    postgres.seed(USERS)
    postgres.seed("ALTER TABLE users ALTER COLUMN name DROP NOT NULL")
    assert [name for (name,) in postgres.rows("users", "name")][:3].count(None) == 1


def test_a_new_label_of_an_enum_makes_its_column_fresh(postgres):
    postgres.seed("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE t (id integer PRIMARY KEY, m mood)")
    postgres.seed("ALTER TYPE mood ADD VALUE 'happy'")
    assert "happy" in [mood for (mood,) in postgres.rows("t", "m")]


def test_rows_that_a_migration_emptied_are_made_again_where_it_is_told(field):
    field.seed(USERS)
    field.run("DELETE FROM users")
    assert field.seed().rows == {}
    assert field.seed(touched=["users"]).rows == {"users": 3}


def test_columns_that_lost_all_their_values_get_new_ones(field):
    field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR(9))")
    field.run("DELETE FROM t WHERE a IS NOT NULL")
    field.seed(touched=["t"])
    assert field.never_filled() == []


def test_rows_of_migrations_stay_as_they_are(field):
    field.run(USERS, "INSERT INTO users (id, name) VALUES (1, 'admin')")
    field.seed()
    field.seed("ALTER TABLE users ADD COLUMN phone VARCHAR(20)")
    assert field.rows("users")[0] == (1, "admin", None)
    assert len(field.rows("users")) == 4


def test_a_dropped_table_is_forgotten(field):
    field.seed(USERS)
    seeded = field.seed("DROP TABLE users", "CREATE TABLE people (id INTEGER PRIMARY KEY)")
    assert set(seeded.keys) == {"people"}


def test_a_table_without_a_key_gets_fresh_rows_within_a_bound(sqlite):
    sqlite.seed("CREATE TABLE t (a INTEGER)")
    for number in range(25):
        sqlite.seed(f"ALTER TABLE t ADD COLUMN c{number} INTEGER")
    assert len(sqlite.rows("t")) == 60


def test_a_child_that_had_no_parent_is_filled_once_there_is_one(postgres):
    first = postgres.seed(
        "CREATE TABLE parents (id integer PRIMARY KEY, CONSTRAINT never CHECK (id < 0 AND id > 0))",
        "CREATE TABLE children (id integer PRIMARY KEY, parent_id integer NOT NULL REFERENCES parents (id))",
    )
    assert set(first.unseeded) == {"parents", "children"}
    assert "no row of 'parents'" in first.unseeded["children"]
    second = postgres.seed("ALTER TABLE parents DROP CONSTRAINT never")
    assert second.unseeded == {}
    assert second.rows == {"parents": 3, "children": 3}


def test_uuids_do_not_repeat_in_a_table_without_a_key(postgres):
    postgres.seed("CREATE TABLE t (name text NOT NULL)")
    postgres.seed("ALTER TABLE t ADD COLUMN id uuid DEFAULT gen_random_uuid() NOT NULL")
    postgres.seed("ALTER TABLE t ADD COLUMN note text")
    ids = [identity for (identity,) in postgres.rows("t", "id")]
    assert len(ids) > 6
    assert len(set(ids)) == len(ids)


def test_rows_stay_known_where_their_table_is_renamed(sqlite, tmp_path):
    file = tmp_path / "a.py"
    file.write_text("from alembic import op\n\n\ndef upgrade():\n    op.rename_table('job', 'runs')\n")
    sqlite.seeder = Seeder(sqlite.scratch.database, files=[str(file)])
    before = sqlite.seed("CREATE TABLE job (id INTEGER PRIMARY KEY, note TEXT)")
    after = sqlite.seed("ALTER TABLE job RENAME TO runs")
    assert after.edges["runs"][:1] == before.edges["job"]
    assert after.keys["runs"][:3] == before.keys["job"]
    assert len(after.keys["runs"]) == len(sqlite.rows("runs"))
