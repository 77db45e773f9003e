"""SQLite's rows are read exactly, and a look that builds on another sees what a first look sees."""

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrt_runtime.compare.row_difference import compare
from mrt_runtime.databases.sqlite.pages import take_image

TABLES = ("plain", "rowless", "keyless")
CREATE = {
    "plain": "CREATE TABLE plain (id INTEGER PRIMARY KEY, value)",
    "rowless": "CREATE TABLE rowless (id PRIMARY KEY, value) WITHOUT ROWID",
    "keyless": "CREATE TABLE keyless (id, value)",
}


def test_storage_classes_are_told_apart(sqlite):
    sqlite.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES (1, 1), (2, '1'), (3, 1.0), (4, x'31'), (5, NULL)"
    )
    assert sorted(sqlite.look().rows.tables["t"].rows) == [(1, 1), (2, "1"), (3, 1.0), (4, b"1"), (5, None)]
    before = sqlite.look().rows
    sqlite.run("UPDATE t SET v = CAST(v AS TEXT) WHERE id = 1")
    assert [failure.message for failure in compare(before, sqlite.look().rows)] == [
        "Column 't.v': 1/5 values changed after rollback"
    ]


def test_text_that_is_no_utf8_is_read(sqlite):
    sqlite.run("CREATE TABLE t (v)", "INSERT INTO t VALUES (CAST(x'ff61' AS TEXT)), ('ö')")
    before = sqlite.look().rows
    assert compare(before, sqlite.look().rows) == ()
    sqlite.run("UPDATE t SET v = CAST(x'fe61' AS TEXT) WHERE v <> 'ö'")
    assert compare(before, sqlite.look().rows) != ()


def test_odd_names_are_quoted(sqlite):
    sqlite.run('CREATE TABLE "a ""b" ("select" INTEGER, [x y])', 'INSERT INTO "a ""b" VALUES (1, 2)')
    assert sqlite.look().rows.tables['a "b'].rows == ((1, 2),)


def values():
    """Rows of all lengths: within a page, at the edge of one, and over several."""
    return st.one_of(
        st.none(),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 3000).map("x".__mul__),
        st.sampled_from([430, 489, 1000, 9000]).map(bytes),
    )


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.sampled_from(TABLES), st.integers(1, 60), values()),
        st.tuples(st.just("update"), st.sampled_from(TABLES), st.integers(1, 60), values()),
        st.tuples(st.just("delete"), st.sampled_from(TABLES), st.integers(1, 60), st.none()),
        st.tuples(st.sampled_from(["fill", "drop", "alter", "index", "vacuum"]), st.sampled_from(TABLES), st.just(0), st.none()),
    ),
    max_size=4,
)


def change(connection, what, table, number, value):
    run = connection.exec_driver_sql
    if what == "insert":
        run(f"INSERT OR REPLACE INTO {table} (id, value) VALUES (?, ?)", (number, value))
    elif what == "update":
        run(f"UPDATE {table} SET value = ? WHERE id = ?", (value, number))
    elif what == "delete":
        run(f"DELETE FROM {table} WHERE id = ?", (number,))
    elif what == "fill":
        numbers = "WITH n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
        run(f"{numbers} INSERT OR REPLACE INTO {table} (id, value) SELECT i, hex(zeroblob(i)) FROM n")
    elif what == "drop":
        run(f"DROP TABLE {table}")
        run(CREATE[table])
    elif what == "alter":
        run(f"ALTER TABLE {table} ADD COLUMN extra_{len(run(f'PRAGMA table_info({table})').all())} DEFAULT 7")
    elif what == "index":
        run(f"CREATE INDEX IF NOT EXISTS ix_{table} ON {table} (value)")
    connection.commit()
    if what == "vacuum":
        run("VACUUM")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(page_size=st.sampled_from([512, 4096, 65536]), steps=st.lists(CHANGES, min_size=1, max_size=3))
def test_building_on_the_look_before_sees_what_a_first_look_sees(sqlite_file, page_size, steps):
    with sqlite_file(page_size) as place:
        place.run(*CREATE.values())
        seen = place.look()
        for changes in steps:
            for each in changes:
                change(place.connection, *each)
            seen, fresh = place.look(seen), place.look()
            assert seen.schema == fresh.schema
            assert repr(seen.rows) == repr(fresh.rows)


def test_only_tables_whose_pages_changed_are_read_again(sqlite_file):
    with sqlite_file(4096) as place:
        place.run(*CREATE.values(), *(f"INSERT INTO {table} VALUES (1, zeroblob(9000))" for table in TABLES))
        before = place.look()
        place.run("UPDATE plain SET value = 1")
        after = place.look(before)
        shared = {name for name in TABLES if after.rows.tables[name] is before.rows.tables[name]}
        assert shared == {"rowless", "keyless"}


@pytest.mark.parametrize("table", ["plain", "rowless"])
def test_a_change_of_the_last_byte_is_seen_at_every_length(sqlite_file, table):
    lengths = {page + edge + off for page in (0, 508) for edge in (80, 480) for off in range(-55, 15)}
    with sqlite_file(512) as place:
        place.run(CREATE[table], f"INSERT INTO {table} VALUES (1, NULL)")
        raw = place.connection.connection.driver_connection
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        for length in lengths:
            images = []
            for end in (b"x", b"y"):
                raw.execute(f"UPDATE {table} SET value = ?", (b"x" * length + end,))
                raw.commit()
                images.append(take_image(raw))
            assert images[1].changed_since(images[0]).intersection(images[0].pages(root)), length


def test_a_key_that_a_dropped_index_made_is_forgotten(sqlite_file):
    with sqlite_file(4096) as place:
        place.run("CREATE TABLE t (a NOT NULL, b)", "CREATE UNIQUE INDEX ix ON t (a)")
        before = place.look()
        assert before.rows.tables["t"].key == ("a",)
        place.run("DROP INDEX ix")
        assert place.look(before).rows.tables["t"].key == ()


def test_what_the_file_does_not_tell_is_read_each_time(sqlite_file):
    with sqlite_file(4096) as place:
        place.run(CREATE["plain"])
        raw = place.connection.connection.driver_connection
        assert take_image(raw) is not None
        place.connection.exec_driver_sql("INSERT INTO plain VALUES (1, 1)")
        assert take_image(raw) is None, "the transaction is not in the file yet"
        place.connection.commit()
        before = place.look()
        place.run("PRAGMA journal_mode = wal", "UPDATE plain SET value = 2")
        assert take_image(raw) is None, "the last transactions are in the log"
        assert place.look(before).rows.tables["plain"].rows == ((1, 2),)


def test_a_database_in_memory_is_read(sqlite):
    assert isinstance(sqlite.connection, sa.Connection)
    sqlite.run(CREATE["plain"], "INSERT INTO plain VALUES (1, 1)")
    before = sqlite.look()
    sqlite.run("UPDATE plain SET value = 2")
    assert sqlite.look(before).rows.tables["plain"].rows == ((1, 2),)
