"""MySQL and MariaDB: whatever was done to a scratch database, restoring it leaves what was kept, and makes again only what differs."""

import pytest

from mrt_runtime import databases
from mrt_runtime.databases.mysql.copy import SchemaCopy
from mrt_runtime.databases.mysql.created import CreatedMySQLContents

BASE = (
    "CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, first VARCHAR(20), last VARCHAR(20), at TIMESTAMP NULL, share FLOAT)",
    "INSERT INTO people (first, last, share) VALUES ('Ada', '', 0.1), ('Bob', 'x', 0.2), ('Cy', NULL, 0.3)",
    (
        "CREATE TABLE pets (id INT PRIMARY KEY, owner INT, twice INT GENERATED ALWAYS AS (owner * 2) STORED,"
        " CONSTRAINT of FOREIGN KEY (owner) REFERENCES people (id) ON DELETE CASCADE)"
    ),
    "INSERT INTO pets (id, owner) VALUES (1, 1), (2, 2)",
    "CREATE TABLE empty_one (id INT AUTO_INCREMENT PRIMARY KEY)",
    "CREATE TABLE log (id INT)",
    "CREATE TABLE one (id INT PRIMARY KEY)",
    "INSERT INTO one VALUES (1)",
    "CREATE TABLE two (id INT PRIMARY KEY)",
    "INSERT INTO two VALUES (2)",
    "CREATE VIEW seen AS SELECT id, first FROM people",
    "CREATE VIEW all_seen AS SELECT id FROM seen",
    "CREATE TRIGGER b_note AFTER INSERT ON pets FOR EACH ROW INSERT INTO log VALUES (NEW.id)",
    "CREATE TRIGGER a_note AFTER INSERT ON pets FOR EACH ROW INSERT INTO log VALUES (-NEW.id)",
    "CREATE PROCEDURE add_log(n INT) INSERT INTO log VALUES (n)",
)
CHANGES = {
    "nothing": ((), set()),
    "a text moved to the next column": (("UPDATE people SET last = first, first = '' WHERE id = 1",), {"people"}),
    "values changed places": (("UPDATE people SET share = 0.5 - share - 0.2 WHERE id < 3",), {"people"}),
    "a null": (("UPDATE people SET last = NULL WHERE id = 1",), {"people"}),
    "a time": (("UPDATE people SET at = '2020-01-01 00:00:00'",), {"people"}),
    "a row deleted with those that need it": (("DELETE FROM people WHERE id = 1",), {"people", "pets"}),
    "a counter alone": (("INSERT INTO empty_one VALUES ()", "DELETE FROM empty_one"), {"empty_one"}),
    "rows in an empty table": (("INSERT INTO log VALUES (7)",), {"log"}),
    "what a trigger writes": (("INSERT INTO pets (id, owner) VALUES (3, 3)",), {"pets", "log"}),
    "what a procedure writes": (("CALL add_log(5)",), {"log"}),
    "a table emptied": (("TRUNCATE TABLE one",), {"one"}),
    "two tables exchanged": (("RENAME TABLE one TO x, two TO one, x TO two",), {"one", "two"}),
    "a table gone that others refer to": (("SET foreign_key_checks = 0", "DROP TABLE people"), {"people"}),
    "a table renamed that others refer to": (("RENAME TABLE people TO persons",), {"people", "pets"}),
    "a column more": (("ALTER TABLE one ADD COLUMN x INT",), {"one"}),
    "a column there and back": (("ALTER TABLE one ADD COLUMN x INT", "ALTER TABLE one DROP COLUMN x"), set()),
    "a table more": (("CREATE TABLE more (id INT)",), set()),
    "a view more": (("CREATE VIEW more AS SELECT 1 AS x",), set()),
    "a view in place of a table": (("RENAME TABLE one TO first_one", "CREATE VIEW one AS SELECT * FROM first_one"), {"one"}),
    "a table in place of a view": (("DROP VIEW all_seen", "CREATE TABLE all_seen (id INT)"), set()),
    "a view that nothing is left of": (("DROP VIEW seen",), set()),
    "a trigger changed": (
        (
            "DROP TRIGGER b_note",
            "CREATE TRIGGER b_note AFTER INSERT ON pets FOR EACH ROW INSERT INTO log VALUES (NEW.id + 1)",
        ),
        set(),
    ),
    "triggers in another order": (
        (
            "DROP TRIGGER b_note",
            "CREATE TRIGGER b_note AFTER INSERT ON pets FOR EACH ROW INSERT INTO log VALUES (NEW.id)",
        ),
        set(),
    ),
    "a procedure more": (("CREATE PROCEDURE more() SELECT 1",), set()),
    "a procedure gone": (("DROP PROCEDURE add_log",), set()),
}
SEQUENCES = ("CREATE SEQUENCE numbers START WITH 5", "CREATE TABLE numbered (id INT DEFAULT (NEXT VALUE FOR numbers), x INT)")


@pytest.fixture(scope="module")
def standing(mysql_url):
    database = databases.connect(mysql_url)
    with database.make_scratch() as made:
        yield made
    database.close()


@pytest.fixture
def scratch(standing):
    yield standing
    standing.reset()


@pytest.fixture
def again(monkeypatch):
    """The tables that were made again, and True where the database was."""
    made = set()
    make_tables, create = SchemaCopy.make_tables, CreatedMySQLContents._create
    monkeypatch.setattr(
        SchemaCopy, "make_tables", lambda copy, connection, names: made.update(names) or make_tables(copy, connection, names)
    )
    monkeypatch.setattr(CreatedMySQLContents, "_create", lambda contents: made.add(True) or create(contents))
    return made


def run(scratch, *statements):
    with scratch.engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def describe(scratch):
    """All that the database holds."""
    found = []
    with scratch.engine.connect() as connection:

        def ask(query):
            return [tuple(map(str, row)) for row in connection.exec_driver_sql(query).all()]

        found += ask("SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = database()")
        for name, kind in ask("SHOW FULL TABLES"):
            word = {"BASE TABLE": "TABLE"}.get(kind, kind)
            found += ask(f"SHOW CREATE {word} `{name}`")
            found += sorted(ask(f"SELECT * FROM `{name}`")) if word == "TABLE" else []
        query = "SELECT trigger_name, action_order FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 1"
        for name, order in ask(query):
            found += [order, ask(f"SHOW CREATE TRIGGER {name}")[0][:3]]
        query = "SELECT routine_name FROM information_schema.routines WHERE routine_schema = database() ORDER BY 1"
        for (name,) in ask(query):
            found += ask(f"SHOW CREATE PROCEDURE {name}")
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_done_is_undone_and_the_rest_stays(scratch, again, change):
    run(scratch, *BASE)
    before = describe(scratch)
    kept = scratch.checkpoint()
    statements, made = CHANGES[change]
    again.clear()
    for _ in range(2):
        run(scratch, *statements)
        assert (describe(scratch) != before) == (change not in {"nothing", "a column there and back"})
        scratch.restore(kept)
        assert describe(scratch) == before
    assert again == made
    kept.drop()


def test_a_sequence_goes_back(scratch, again):
    with scratch.engine.connect() as connection:
        if not connection.dialect.is_mariadb:
            pytest.skip("MySQL has no sequences")
    run(scratch, *SEQUENCES, "INSERT INTO numbered (x) VALUES (1)")
    kept = scratch.checkpoint()
    again.clear()
    numbers = []
    for _ in range(3):
        scratch.restore(kept)
        with scratch.engine.connect() as connection:
            numbers.append(connection.exec_driver_sql("SELECT NEXT VALUE FOR numbers").scalar())
    assert len(set(numbers)) == 1
    assert again == {"numbers"}
    kept.drop()


def test_a_table_that_keeps_its_past_is_made_again(scratch, again):
    with scratch.engine.connect() as connection:
        if not connection.dialect.is_mariadb:
            pytest.skip("MySQL has no such tables")
    run(scratch, "CREATE TABLE t (id INT) WITH SYSTEM VERSIONING", "INSERT INTO t VALUES (1)")
    kept = scratch.checkpoint()
    again.clear()
    run(scratch, "DELETE FROM t", "INSERT INTO t VALUES (1)")
    scratch.restore(kept)
    with scratch.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id FROM t FOR SYSTEM_TIME ALL").all() == [(1,)]
    assert again == {"t"}
    kept.drop()


def test_what_concerns_the_whole_database_takes_a_new_one(scratch, again):
    run(scratch, *BASE)
    before = describe(scratch)
    kept = scratch.checkpoint()
    again.clear()
    run(scratch, "ALTER DATABASE CHARACTER SET latin1")
    scratch.restore(kept)
    assert True in again
    assert describe(scratch) == before
    kept.drop()


def test_what_is_under_way_is_over_before_anything_is_compared(scratch, again):
    run(scratch, *BASE)
    before = describe(scratch)
    kept = scratch.checkpoint()
    again.clear()
    with scratch.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE one SET id = 9")
        scratch.restore(kept)
        connection.invalidate()
    assert describe(scratch) == before
    assert again == set()
    kept.drop()


def test_a_copy_takes_over_the_rows_of_an_earlier_one_that_are_the_same(scratch, again, monkeypatch):
    copied = []
    copy_rows = SchemaCopy.copy_rows
    monkeypatch.setattr(
        SchemaCopy, "copy_rows", lambda copy, connection, sums: copied.append(set(sums)) or copy_rows(copy, connection, sums)
    )
    scratch.checkpoint().drop()  # what other tests have left
    copied.clear()
    run(scratch, *BASE)
    scratch.checkpoint().drop()
    run(scratch, "UPDATE people SET last = first, first = '' WHERE id = 1", "DROP TABLE two", "INSERT INTO log VALUES (1)")
    kept = scratch.checkpoint()
    assert copied == [set(), {"pets", "one"}]
    before = describe(scratch)
    run(scratch, "DROP TABLE log", "DELETE FROM people", "DELETE FROM one", "CREATE TABLE two (id INT)")
    scratch.restore(kept)
    assert describe(scratch) == before
    other = scratch.checkpoint()
    kept.drop()
    assert copied[-1] == set()
    other.drop()
    scratch.reset()
    scratch.checkpoint().drop()
    assert copied[-1] == set()
    with scratch.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW TABLES").all() == []
