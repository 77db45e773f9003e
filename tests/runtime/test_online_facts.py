"""The linter's table of facts about online DDL, held against the MySQL or MariaDB server at hand."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from mrt_lint.online.facts import FACTS, DdlAlgorithm, ServerVersion, TableChange
from mrt_lint.online.types import change_of_type
from mrt_lint.parse.sql.expand import read_sql

PARENTS = "CREATE TABLE parents (id INT PRIMARY KEY) ENGINE=InnoDB"
THINGS = """
    CREATE TABLE things (
        id INT PRIMARY KEY, number INT, total INT NOT NULL DEFAULT 0, small VARCHAR(50), large VARCHAR(100), short VARCHAR(20),
        state ENUM('a', 'b'), flags SET('a', 'b'), active BOOLEAN, ratio DOUBLE, document LONGTEXT, text TINYTEXT, parent INT, KEY ix_number (number), KEY ix_parent (parent),
        CONSTRAINT ck CHECK (total >= 0), CONSTRAINT fk FOREIGN KEY (parent) REFERENCES parents (id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
"""
BEFORE = {
    TableChange.ADD_SPATIAL: ("ALTER TABLE things ADD COLUMN place POINT NOT NULL",),
    TableChange.CHANGE_ENGINE: ("ALTER TABLE things DROP FOREIGN KEY fk",),
    TableChange.PARTITION: ("ALTER TABLE things DROP FOREIGN KEY fk",),
}
ACTIONS = {
    TableChange.ADD_COLUMN: "ADD COLUMN new INT NOT NULL DEFAULT 5",
    TableChange.ADD_COLUMN_AMID: "ADD COLUMN new INT AFTER id",
    TableChange.ADD_COMPUTED_DEFAULT: "ADD COLUMN new VARCHAR(40) DEFAULT (UUID())",
    TableChange.ADD_AUTO_INCREMENT: "ADD COLUMN new INT AUTO_INCREMENT UNIQUE",
    TableChange.ADD_VIRTUAL: "ADD COLUMN new INT AS (number + 1) VIRTUAL",
    TableChange.ADD_STORED: "ADD COLUMN new INT AS (number + 1) STORED",
    TableChange.DROP_COLUMN: "DROP COLUMN small",
    TableChange.RENAME_COLUMN: "RENAME COLUMN small TO little",
    TableChange.MOVE_COLUMN: "MODIFY small VARCHAR(50) AFTER id",
    TableChange.SET_DEFAULT: "ALTER COLUMN number SET DEFAULT 3",
    TableChange.SET_NOT_NULL: "MODIFY number INT NOT NULL",
    TableChange.DROP_NOT_NULL: "MODIFY total INT NULL DEFAULT 0",
    TableChange.WIDEN_VARCHAR: "MODIFY small VARCHAR(63)",
    TableChange.APPEND_MEMBERS: "MODIFY state ENUM('a', 'b', 'c')",
    TableChange.CHANGE_COLLATION: "MODIFY small VARCHAR(50) COLLATE utf8mb4_bin",
    TableChange.CHANGE_TYPE: "MODIFY number BIGINT",
    TableChange.ADD_INDEX: "ADD INDEX ix (small)",
    TableChange.ADD_FULLTEXT: "ADD FULLTEXT INDEX ix (small)",
    TableChange.ADD_SPATIAL: "ADD SPATIAL INDEX ix (place)",
    TableChange.DROP_INDEX: "DROP INDEX ix_number",
    TableChange.ADD_PRIMARY_KEY: "DROP PRIMARY KEY, ADD PRIMARY KEY (total)",
    TableChange.DROP_PRIMARY_KEY: "DROP PRIMARY KEY",
    TableChange.ADD_FOREIGN_KEY: "ADD CONSTRAINT fk2 FOREIGN KEY (number) REFERENCES parents (id)",
    TableChange.ADD_UNCHECKED_FOREIGN_KEY: "ADD CONSTRAINT fk2 FOREIGN KEY (number) REFERENCES parents (id)",
    TableChange.DROP_FOREIGN_KEY: "DROP FOREIGN KEY fk",
    TableChange.ADD_CHECK: "ADD CONSTRAINT ck2 CHECK (number > 0)",
    TableChange.DROP_CHECK: "DROP CONSTRAINT ck",
    TableChange.CONVERT: "CONVERT TO CHARACTER SET latin1",
    TableChange.REBUILD: "FORCE",
    TableChange.CHANGE_ENGINE: "ENGINE=MyISAM",
    TableChange.PARTITION: "PARTITION BY HASH (id) PARTITIONS 2",
}
ALGORITHM_IS_IGNORED = {TableChange.CHANGE_ENGINE, TableChange.PARTITION}
REFUSALS = {1221, 1845, 1846}
ONLINE_COPIES = (11, 2)


class Tables:
    """Fresh tables for every statement, on one connection; one that the server refused leaves them fresh."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.prepared: tuple[str, ...] | None = None
        version, comment = connection.exec_driver_sql("SELECT VERSION(), @@version_comment").one()
        dialect = "mariadb" if "mariadb" in f"{version} {comment}".lower() else "mysql"
        self.server = ServerVersion(dialect, tuple(int(part) for part in version.partition("-")[0].split(".")))

    def accepts(self, change: TableChange, clause: str, action: str | None = None) -> bool:
        """Tell whether the server carries out a change with an ALGORITHM or LOCK clause."""
        run = self.connection.exec_driver_sql
        wanted = BEFORE.get(change, ())
        if self.prepared != wanted:
            for statement in ("DROP TABLE IF EXISTS things", THINGS, *wanted):
                run(statement)
            self.prepared = wanted
        run(f"SET foreign_key_checks = {int(change is TableChange.ADD_FOREIGN_KEY)}")
        comma = "" if change is TableChange.PARTITION else ","
        try:
            run(f"ALTER TABLE things {clause}{comma} {action or ACTIONS[change]}")
        except sa.exc.DBAPIError as error:
            if error.orig.args[0] in REFUSALS:
                return False
            raise
        self.prepared = None
        return True


@pytest.fixture(scope="module")
def tables(mysql_url):
    engine = sa.create_engine(mysql_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(PARENTS)
        yield Tables(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS things, parents")


def clause(algorithm: DdlAlgorithm, dialect: str) -> str:
    return f"ALGORITHM={'INPLACE' if algorithm is DdlAlgorithm.NOCOPY and dialect == 'mysql' else algorithm.name}"


@pytest.mark.parametrize("change", TableChange, ids=lambda change: change.name)
def test_the_server_takes_the_algorithm_of_the_table_and_none_that_does_less(tables, change):
    way, dialect = tables.server.way(change), tables.server.dialect
    if change not in ALGORITHM_IS_IGNORED:
        assert tables.accepts(change, clause(way.algorithm, dialect))
        less = [algorithm for algorithm in DdlAlgorithm if algorithm < way.algorithm and (dialect == "mariadb" or algorithm != 1)]
        assert not any(tables.accepts(change, clause(algorithm, dialect)) for algorithm in less)
    if way.algorithm is not DdlAlgorithm.INSTANT and not (
        way.algorithm is DdlAlgorithm.COPY and tables.server.version >= ONLINE_COPIES
    ):
        algorithm = "" if change in ALGORITHM_IS_IGNORED else f"{clause(way.algorithm, dialect)}, "
        assert tables.accepts(change, f"{algorithm}LOCK=NONE") is way.writes


TYPES = [
    ("small", "VARCHAR(50)", "VARCHAR(63)"),
    ("small", "VARCHAR(50)", "VARCHAR(64)"),
    ("small", "VARCHAR(50)", "VARCHAR(40)"),
    ("short", "VARCHAR(20)", "VARCHAR(200)"),
    ("large", "VARCHAR(100)", "VARCHAR(200)"),
    ("small", "VARCHAR(50)", "TEXT"),
    ("number", "INTEGER", "BIGINT"),
    ("number", "INTEGER", "INTEGER"),
    ("state", "ENUM('a', 'b')", "ENUM('a', 'b', 'c')"),
    ("state", "ENUM('a', 'b')", "ENUM('a', 'c', 'b')"),
    ("state", "ENUM('a', 'b')", "ENUM('b', 'a')"),
    ("flags", "SET('a', 'b')", "SET('a', 'b', 'c')"),
    ("active", "BOOLEAN", "TINYINT(1)"),
    ("ratio", "DOUBLE", "REAL"),
    ("small", "VARCHAR(50) COLLATE utf8mb4_general_ci", "VARCHAR(50) COLLATE utf8mb4_bin"),
    ("small", "VARCHAR(50) COLLATE utf8mb4_general_ci", "VARCHAR(50) COLLATE latin1_bin"),
    ("document", "LONGTEXT", "JSON"),
    ("text", "TINYTEXT", "TEXT(63)"),
    ("text", "TINYTEXT", "TEXT(64)"),
]


@pytest.mark.parametrize(("column", "former", "new"), TYPES, ids=lambda value: value)
def test_a_change_of_type_costs_what_it_is_said_to_cost(tables, column, former, new):
    given = (read_sql(f"ALTER TABLE t ADD COLUMN c {spelled}", "mysql")[0].definition.type for spelled in (former, new))
    change = change_of_type(*given, tables.server.dialect)
    expected = DdlAlgorithm.INSTANT if change is None else tables.server.way(change).algorithm
    cheapest = next(
        algorithm
        for algorithm in DdlAlgorithm
        if tables.accepts(TableChange.CHANGE_TYPE, clause(algorithm, tables.server.dialect), f"MODIFY {column} {new}")
    )
    assert cheapest == expected or (change is None and tables.server.dialect == "mysql")


def test_every_change_is_known_of_both_databases():
    assert set(ACTIONS) == set(TableChange)
    assert all(set(facts) == set(TableChange) for facts in FACTS.values())
    assert all(list(history) == sorted(history) and () in history for facts in FACTS.values() for history in facts.values())
