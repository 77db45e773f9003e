"""What the new code would write after an upgrade."""

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(10) NOT NULL)"


def test_new_tables_get_rows(any_field):
    any_field.seed(USERS)
    written = any_field.write_new_rows("CREATE TABLE posts (id INTEGER PRIMARY KEY)")
    assert set(written) == {"posts"}
    assert [key["id"] for key in written["posts"]] == [key for (key,) in any_field.rows("posts")]


def test_changed_tables_get_more_rows_and_the_old_ones_stay(field):
    field.seed(USERS)
    before = field.rows("users", "id, name")
    written = field.write_new_rows("ALTER TABLE users ADD COLUMN phone VARCHAR(20)")
    after = field.rows("users", "id, name")
    assert set(before) < set(after)
    assert {key["id"] for key in written["users"]} == {key for key, _ in set(after) - set(before)}


def test_unchanged_tables_get_none(field):
    field.seed(USERS)
    field.write_new_rows("CREATE TABLE posts (id INTEGER PRIMARY KEY)")
    assert len(field.rows("users")) == 3


def test_longer_strings_are_written_into_a_widened_column(postgres):
    postgres.seed(USERS)
    postgres.write_new_rows("ALTER TABLE users ALTER COLUMN name TYPE varchar(40)")
    assert max(len(name) for (name,) in postgres.rows("users", "name")) == 40


def test_larger_numbers_are_written_into_a_widened_column(postgres):
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, n integer)")
    postgres.write_new_rows("ALTER TABLE t ALTER COLUMN n TYPE bigint")
    assert any(n is not None and abs(n) > 2**31 for (n,) in postgres.rows("t", "n"))


def test_every_new_label_is_written(postgres):
    postgres.seed("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE t (id integer PRIMARY KEY, m mood)")
    postgres.write_new_rows("ALTER TYPE mood ADD VALUE 'ok'", "ALTER TYPE mood ADD VALUE 'happy'")
    assert {"ok", "happy"} <= {mood for (mood,) in postgres.rows("t", "m")}


def test_every_new_label_of_a_mysql_enum_is_written(mysql):
    mysql.seed("CREATE TABLE t (id integer PRIMARY KEY, m enum('sad'))")
    mysql.write_new_rows("ALTER TABLE t MODIFY m enum('sad', 'ok', 'happy')")
    assert {"ok", "happy"} <= {mood for (mood,) in mysql.rows("t", "m")}


def test_null_is_written_where_it_may_be_now(postgres):
    postgres.seed(USERS)
    postgres.write_new_rows("ALTER TABLE users ALTER COLUMN name DROP NOT NULL")
    assert None in [name for (name,) in postgres.rows("users", "name")]


def test_what_was_unique_is_repeated(postgres):
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, code text NOT NULL CONSTRAINT codes UNIQUE)")
    postgres.write_new_rows("ALTER TABLE t DROP CONSTRAINT codes")
    codes = [code for (code,) in postgres.rows("t", "code")]
    assert len(set(codes)) < len(codes)


def test_what_a_dropped_check_forbade_is_written(postgres):
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, price integer NOT NULL CONSTRAINT positive CHECK (price > 0))")
    assert all(price > 0 for (price,) in postgres.rows("t", "price"))
    postgres.write_new_rows("ALTER TABLE t DROP CONSTRAINT positive")
    assert any(price <= 0 for (price,) in postgres.rows("t", "price"))


def test_orphans_are_written_where_a_foreign_key_is_gone(postgres):
    postgres.seed("CREATE TABLE p (id integer PRIMARY KEY)")
    postgres.seed("CREATE TABLE c (id integer PRIMARY KEY, p_id integer CONSTRAINT bound REFERENCES p (id))")
    postgres.write_new_rows("ALTER TABLE c DROP CONSTRAINT bound")
    parents = {key for (key,) in postgres.rows("p")}
    assert any(key is not None and key not in parents for (key,) in postgres.rows("c", "p_id"))


def test_a_table_without_a_key_is_told_all_the_same(field):
    field.seed("CREATE TABLE t (a INTEGER)")
    written = field.write_new_rows("ALTER TABLE t ADD COLUMN b INTEGER")
    assert written == {"t": ()}
