"""What cannot be filled is named, with the database's own reason, and harms nothing else."""

import sqlite3

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from mrt_runtime.migrate import MigrationError
from mrt_runtime.migrate.error import describe
from mrt_runtime.seed.refusal import classify, read_refusal
from mrt_runtime.verify.step_error import find_targets, is_about_existence

REASONS = {
    "sqlite": "CREATE TRIGGER stop BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no one may write here'); END",
    "postgresql": "CREATE TRIGGER stop BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stop()",
    "mysql": "CREATE TRIGGER stop BEFORE INSERT ON t FOR EACH ROW"
    " SIGNAL SQLSTATE '45000' SET message_text = 'no one may write here'",
}
FUNCTION = "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no one may write here'; END $$"


def test_a_trigger_that_refuses_every_row_is_quoted(any_field):
    dialect = any_field.scratch.engine.dialect.name
    trigger = REASONS[dialect]
    any_field.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)", *([FUNCTION] if dialect == "postgresql" else []), trigger)
    any_field.seed("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    assert set(any_field.seeded.unseeded) == {"t"}
    assert "no one may write here" in any_field.seeded.unseeded["t"]
    assert "\n" not in any_field.seeded.unseeded["t"]
    assert len(any_field.rows("other")) == 3


def test_an_unknown_type_is_named_with_its_column(postgres):
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, a aclitem NOT NULL)")
    postgres.seed("CREATE TABLE u (id integer PRIMARY KEY, a aclitem)")
    assert postgres.seeded.unseeded == {
        "t": "no value is known for the type aclitem of column 'a'",
        "u": "no value is known for the type aclitem of column 'a'",
    }
    assert len(postgres.rows("u")) == 3


def test_a_check_that_only_the_database_understands_is_learnt_from_refusals(postgres):
    postgres.seed(
        "CREATE FUNCTION fits(n integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS"
        " $$ BEGIN IF abs(n::bigint) > 9999 THEN RAISE EXCEPTION 'no table has that many'; END IF; RETURN n % 5 = 3; END $$",
        "CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL CONSTRAINT fitting CHECK (fits(n)))",
    )
    assert postgres.seeded.unseeded == {}
    assert [n % 5 for (n,) in postgres.rows("t", "n")] == [3, 3, 3]


def test_a_unique_rule_that_only_the_database_understands_is_learnt_from_refusals(postgres):
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL)", "CREATE UNIQUE INDEX thirds ON t ((n % 3))")
    assert len(postgres.rows("t")) == 3


def test_a_unique_column_that_is_generated_is_learnt_through_what_it_is_made_of(postgres):
    postgres.seed(
        "CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL, third integer GENERATED ALWAYS AS (n % 3) STORED UNIQUE)"
    )
    assert len(postgres.rows("t")) == 3


def test_trying_ends(field, monkeypatch):
    tried = []
    original = field.seeder.dialect.attempt
    monkeypatch.setattr(field.seeder.dialect, "attempt", lambda connection: tried.append(1) or original(connection))
    field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, CHECK (a * 0 = 1 AND b * 0 = 1 AND a IS NOT NULL))")
    assert "t" in field.seeded.unseeded
    assert len(tried) < 100


class Error(Exception):
    """What PEP 249 has a driver call its base."""


class StatedError(Error):
    """As MySQL Connector and MariaDB Connector raise them: with a number and a SQLSTATE."""

    def __init__(self, number, state, words):
        super().__init__(words)
        self.errno, self.sqlstate = number, state


@pytest.mark.parametrize(
    ("message", "constraint", "columns"),
    [
        (("CHECK constraint failed: price > 0",), "price > 0", ()),
        (("UNIQUE constraint failed: t.a, t.b",), None, ("a", "b")),
        (("UNIQUE constraint failed: t.a, b, t.c",), None, ("a, b", "c")),
        (("UNIQUE constraint failed: index 'lower_x'",), "lower_x", ()),
        (("NOT NULL constraint failed: t.a",), None, ("a",)),
        ((4025, "CONSTRAINT `t.positive` failed for `db`.`t`"), "positive", ()),
        ((3819, "Check constraint 'positive' is violated."), "positive", ()),
        ((1062, "Duplicate entry 'x' for key 't.u_name'"), "u_name", ()),
        ((1062, "Duplicate entry 'x' for key 'PRIMARY'"), "PRIMARY", ()),
        ((1406, "Data too long for column 'v' at row 1"), None, ("v",)),
        ((1366, "Incorrect string value: '\\xC5' for column `db`.`t`.`v` at row 1"), None, ("v",)),
        ((1264, "Out of range value for column 'n' at row 1"), None, ("n",)),
        ((1048, "Column 'n' cannot be null"), None, ("n",)),
        (("cannot store TEXT value in INTEGER column t.n",), None, ("n",)),
        (("something\n  else",), None, ()),
    ],
)
def test_constraints_and_columns_are_found_in_messages(message, constraint, columns):
    refusal = read_refusal(Error(*message))
    assert (refusal.constraint, refusal.columns) == (constraint, columns)
    assert "\n" not in refusal.reason


REFUSED = [
    ("INSERT INTO t (id, name) VALUES (1, NULL)", "null", "name"),
    ("INSERT INTO t (id, name) VALUES (7, 'a')", "duplicate", None),
    ("INSERT INTO t (id, name, parent) VALUES (8, 'a', 99)", "reference", None),
    ("INSERT INTO t (id, name, many) VALUES (9, 'a', -1)", "check", None),
    ("INSERT INTO t (id, name) VALUES (10, 'much too long')", "too large", None),
    ("INSERT INTO nowhere (id) VALUES (1)", None, None),
]


@pytest.fixture
def refusing(scratch):
    """A connection to a database with a table that refuses rows for five reasons."""
    with scratch.engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(5) NOT NULL, many INTEGER CHECK (many > 0), parent INTEGER,"
            " FOREIGN KEY (parent) REFERENCES t (id))"
        )
        connection.exec_driver_sql("INSERT INTO t (id, name) VALUES (7, 'a')")
        connection.commit()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        yield connection


@pytest.mark.parametrize(("statement", "kind", "column"), REFUSED)
def test_what_rows_are_refused_for_is_known_on_every_database(refusing, statement, kind, column):
    if kind == "too large" and refusing.dialect.name == "sqlite":
        pytest.skip("SQLite holds texts of any length")
    with pytest.raises(DBAPIError) as caught:
        refusing.exec_driver_sql(statement)
    refusal = classify(caught.value)
    assert (refusal and refusal.kind) == kind
    if column is not None:
        assert refusal.column == column
    if refusal is not None and refusing.dialect.name == "postgresql":
        assert refusal.sqlstate.startswith("2")


@pytest.mark.parametrize(
    "error", [None, ValueError("NOT NULL constraint failed: t.name"), KeyError(1062), OSError(1406, "x"), SystemExit(1048)]
)
def test_what_is_no_error_of_a_database_was_refused_for_no_row(error):
    assert classify(error) is None


def test_an_index_over_expressions_is_no_column():
    refusal = classify(sqlite3.IntegrityError("UNIQUE constraint failed: index 'lower_x'"))
    assert (refusal.kind, refusal.column) == ("duplicate", None)


@pytest.mark.parametrize(
    "error",
    [
        Error({"S": "ERROR", "C": "23502", "M": "null value", "c": "name"}),  # as pg8000
        asyncpg.exceptions.NotNullViolationError.new({"C": "23502", "M": "null value", "c": "name"}),
        StatedError(1048, "23000", "Column 'name' cannot be null"),
    ],
)
def test_what_rows_are_refused_for_is_known_of_every_driver(error):
    refusal = classify(error)
    assert (refusal.kind, refusal.column) == ("null", "name")
    assert read_refusal(error).columns == ("name",)


def test_a_table_that_is_not_there_is_known_by_its_number_beside_a_state():
    error = MigrationError("it failed", phase="upgrade")
    error.__cause__ = StatedError(1146, "42S02", "Table 't' doesn't exist")
    assert is_about_existence(error)


def test_a_row_of_another_table_that_is_there_already_is_no_matter_of_words():
    error, statement = MigrationError("it failed", phase="upgrade"), "INSERT INTO u (id) SELECT id FROM t"
    error.__cause__ = IntegrityError(statement, (), sqlite3.IntegrityError("CHECK constraint failed: unique_id"))
    assert find_targets(error) == frozenset()
    error.__cause__ = IntegrityError(statement, (), sqlite3.IntegrityError("UNIQUE constraint failed: u.id"))
    assert find_targets(error) == {"u"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Error(1146, "Table 't' doesn't exist"), "Error: Table 't' doesn't exist"),
        (Error({"S": "ERROR", "C": "42P01", "M": "relation does not exist"}), "Error: relation does not exist"),
        (ValueError(2, "rows"), "ValueError: (2, 'rows')"),
    ],
)
def test_only_a_drivers_error_is_read_as_a_number_and_words(error, words):
    assert describe(error) == words
