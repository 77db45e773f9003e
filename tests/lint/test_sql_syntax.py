"""SQL that no database parses, known by its brackets and quotes; PostgreSQL and SQLite are asked whether it is so."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from mrt_lint.model.values import HOLE
from mrt_lint.parse.sql.syntax import find_syntax_error

BROKEN = [
    "DELETE FROM t WHERE a IN (1, 2)) AND b = 1",
    "DELETE FROM t WHERE a IN (1, 2; COMMIT;",
    "UPDATE t SET a = \\Social' WHERE b = 'x'",
    "UPDATE t SET a = 'it's' WHERE b = 'x'",
    "CREATE TABLE t (a INT",
    'DROP TABLE "t',
    "INSERT INTO t VALUES ('(', ')'))",
]
WHOLE = [
    "DELETE FROM t WHERE a IN ('(', ')') -- )",
    "SELECT ')' /* ( */, \"(\" FROM t",
    "INSERT INTO t VALUES ('it''s'), ('a'); COMMIT;",
    "SELECT ((1))",
    "",
    "-- nothing (",
    ";;",
]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("dialect", [None, "postgresql", "mysql", "mariadb", "sqlite"])
def test_what_no_database_parses_is_known(text, dialect):
    assert find_syntax_error(text, dialect)


@pytest.mark.parametrize("text", WHOLE)
@pytest.mark.parametrize("dialect", [None, "postgresql", "mysql", "mariadb", "sqlite"])
def test_what_is_whole_is_not_at_fault(text, dialect):
    assert find_syntax_error(text, dialect) == ""


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("DO $$ BEGIN PERFORM ')'; END $$", "postgresql"),
        ("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $body$ SELECT '(' $body$", "postgresql"),
        (r"INSERT INTO t VALUES (E'it\'s')", "postgresql"),
        (r"INSERT INTO t VALUES ('it\'s')", "mysql"),
        (r"INSERT INTO t VALUES ('it\'s')", None),  # MySQL reads it
        ("INSERT INTO t VALUES ('a') # it's", "mysql"),
        ("INSERT INTO t VALUES ('\\')", None),
        ("SELECT /* /* */ 1", "mysql"),
        ("/*!50100 SELECT (1) */", "mysql"),
        ("SELECT 1 /* why", "sqlite"),
        ("SELECT 1 /* why", None),
        (f"DELETE FROM t WHERE {HOLE})", "postgresql"),
        ("SELECT [(] FROM t", "sqlite"),
        ("BEGIN (", "mssql"),
    ],
)
def test_what_one_database_reads_is_not_at_fault(text, dialect):
    assert find_syntax_error(text, dialect) == ""


def test_the_clause_shows_the_place():
    clause = find_syntax_error("DELETE FROM kinds\n WHERE name IN ('a', 'b'))", None)
    assert clause == "a parenthesis closes that was never opened: “…FROM kinds WHERE name IN ('a', 'b'))”"


@pytest.mark.parametrize("text", BROKEN)
def test_sqlite_refuses_it_too(text):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE kinds (a)")
    with pytest.raises(sqlite3.Error, match=r"syntax error|unrecognized token|incomplete input|no such table: t\b"):
        connection.executescript(text)
    connection.close()


URL = os.environ.get("MRT_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432").replace(
    "postgresql://", "postgresql+psycopg://"
)


def test_postgresql_refuses_it_too():
    pytest.importorskip("psycopg")
    engine = sa.create_engine(f"{URL.rstrip('/')}/postgres")
    with closing(connect(engine)) as connection:
        for text in [*BROKEN, "SELECT 1 /* why", "SELECT 'a' /* why"]:
            assert find_syntax_error(text, "postgresql")
            with pytest.raises(sa.exc.DBAPIError) as refused:
                connection.exec_driver_sql(text)
            assert refused.value.orig.sqlstate == "42601", text
            connection.rollback()
    engine.dispose()


def connect(engine):
    try:
        return engine.connect()
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL server")
