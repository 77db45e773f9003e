"""What was read before a copy was made is taken as read of the copy: it is still there, and whatever else came is seen."""

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.compare.snapshot import find_again, take_snapshot

BASE = (
    "CREATE TYPE mood AS ENUM ('fine', 'so-so')",
    "CREATE TABLE people (id SERIAL PRIMARY KEY, name TEXT, mood mood DEFAULT 'fine')",
    "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people (id))",
    "CREATE INDEX ix_name ON people (name)",
    "CREATE VIEW names AS SELECT name FROM people",
    "INSERT INTO people (name) VALUES ('Ada'), ('Bob')",
    "INSERT INTO pets VALUES (1, 1)",
)
CHANGES = {
    "nothing": (),
    "a row more": ("INSERT INTO pets VALUES (2, 2)",),
    "a row less": ("DELETE FROM pets",),
    "a value": ("UPDATE people SET name = 'Eve' WHERE id = 1",),
    "a row taken out and written again": ("DELETE FROM pets", "INSERT INTO pets VALUES (1, 2)"),
    "a number handed out": ("SELECT nextval('people_id_seq')",),
    "a column more": ("ALTER TABLE pets ADD COLUMN age INTEGER DEFAULT 3",),
    "a column renamed": ("ALTER TABLE people RENAME COLUMN name TO title",),
    "an index less": ("DROP INDEX ix_name",),
    "a table less": ("DROP TABLE pets",),
    "a table in the place of another": ("DROP TABLE pets", "CREATE TABLE pets (id INTEGER PRIMARY KEY)"),
    "a table rewritten": ("ALTER TABLE pets ALTER COLUMN owner TYPE BIGINT",),
    "a label more": ("ALTER TYPE mood ADD VALUE 'bad'",),
    "a view changed": ("CREATE OR REPLACE VIEW names AS SELECT upper(name) AS name FROM people",),
    "a comment": ("COMMENT ON TABLE people IS 'all of them'",),
    "a default": ("ALTER TABLE people ALTER COLUMN mood DROP DEFAULT",),
    "a grant": ("GRANT SELECT ON people TO PUBLIC",),
}


def run(scratch, statements):
    with scratch.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture(scope="module")
def scratch(postgres_server):
    database = databases.connect(postgres_server)
    with database.make_scratch() as made:
        run(made, BASE)
        yield made
    database.close()


@pytest.fixture(scope="module")
def kept(scratch):
    with scratch.engine.connect() as connection:
        seen = take_snapshot(connection, scratch.database)
    return scratch.checkpoint(), seen


@pytest.mark.parametrize("name", CHANGES)
def test_a_look_that_builds_on_one_at_the_original_sees_what_a_first_look_sees(scratch, kept, name):
    checkpoint, seen = kept
    run(scratch, ("DROP TABLE IF EXISTS pets, people CASCADE",))
    scratch.restore(checkpoint)
    run(scratch, CHANGES[name])
    with scratch.engine.connect() as connection:
        moved = find_again(connection, scratch.database, seen)
        here, fresh = take_snapshot(connection, scratch.database, moved), take_snapshot(connection, scratch.database)
    assert here == fresh
    assert here.rows.positions == fresh.rows.positions
    assert (here.schema == seen.schema and here.rows == seen.rows) == (name == "nothing")
    if name == "nothing":
        assert here.schema is moved.schema
        assert all(here.rows.tables[label] is rows for label, rows in seen.rows.tables.items())


def test_what_was_written_between_the_look_and_the_copy_is_seen(postgres_url):
    database = databases.connect(postgres_url)
    with database.make_scratch() as scratch:
        run(scratch, BASE)
        with scratch.engine.connect() as connection:
            seen = take_snapshot(connection, database)
        run(scratch, ("UPDATE people SET name = 'Eve'", "ALTER TABLE pets ADD COLUMN age INTEGER"))
        scratch.restore(scratch.checkpoint())
        with scratch.engine.connect() as connection:
            here = take_snapshot(connection, database, find_again(connection, database, seen))
            assert here == take_snapshot(connection, database)
        assert here.schema != seen.schema
        assert here.rows != seen.rows
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "mysql"])
def test_other_databases_are_read_again(request, url):
    database = databases.connect(request.getfixturevalue(f"{url}_url") if url == "mysql" else url)
    with database.make_scratch() as scratch:
        with scratch.engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE t (id INTEGER PRIMARY KEY)"))
        with scratch.engine.connect() as connection:
            seen = take_snapshot(connection, database)
            assert find_again(connection, database, seen) is None
    database.close()
