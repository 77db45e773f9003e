"""By which algorithm MySQL or MariaDB changes a table: asked by having an empty copy of it changed, with each named in turn.

The server refuses an algorithm that it does not have for a change. Source: ALTER TABLE in the manuals of both. A metadata lock on
the table is held for as long as the statement runs, whatever the algorithm; what others may do meanwhile is the LOCK clause.
"""

from __future__ import annotations

import re

from sqlalchemy import exc

from mrt_runtime.databases.mysql.quoting import quote
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.mysql.stored_program import succeeds

NAME = r"(?:`(?P<quoted>(?:[^`]|``)+)`|(?P<plain>[\w$]+))(?!\s*\.)"
ALTER = re.compile(rf"\s*ALTER\s+(?:ONLINE\s+)?(?:IGNORE\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?{NAME}", re.IGNORECASE)
INDEX = re.compile(
    rf"\s*(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?|DROP\s+)INDEX\s.*?\sON\s+{NAME}",
    re.IGNORECASE | re.DOTALL,
)
CHOICES = (
    ("INSTANT", "DEFAULT"),
    ("NOCOPY", "NONE"),
    ("INPLACE", "NONE"),
    ("NOCOPY", "SHARED"),
    ("INPLACE", "SHARED"),
    ("COPY", "SHARED"),
    ("COPY", "EXCLUSIVE"),
)
"""Algorithms and locks, those first that get in the way the least. NOCOPY is MariaDB's: INPLACE without a new table."""


class AlgorithmProbe:
    """Asks on a database beside the scratch database `name`, which it makes for each question and drops."""

    def __init__(self, server: MySQLServer, name: str) -> None:
        self._server = server
        self._name = name

    def find(self, statement: str) -> str:
        """Return the algorithm and the lock of a change of a table, such as "COPY, LOCK=SHARED"; empty where unknown."""
        found = ALTER.match(statement) or INDEX.match(statement)
        if found is None:
            return ""
        table = (found["quoted"] or "").replace("``", "`") or str(found["plain"])
        separator = ", " if found.re is ALTER else " "
        aside = f"{self._name}_c0"
        try:
            self._server.run(f"CREATE DATABASE {quote(aside)}")
            try:
                return self._ask(aside, table, statement.rstrip().rstrip(";"), separator)
            finally:
                self._server.drop(aside)
        except exc.DBAPIError:  # the account may not make one, or a foreign key leads to what is not in it
            return ""

    def _ask(self, aside: str, table: str, statement: str, separator: str) -> str:
        with self._server.engine_for(aside).connect() as connection:
            # what the migration holds locked is not waited for
            connection.exec_driver_sql("SET SESSION sql_mode = '', lock_wait_timeout = 1")
            for algorithm, lock in CHOICES:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quote(table)}")
                connection.exec_driver_sql(f"CREATE TABLE {quote(table)} LIKE {quote(self._name)}.{quote(table)}")
                clauses = [f"ALGORITHM={algorithm}", *([f"LOCK={lock}"] if lock != "DEFAULT" else [])]
                if succeeds(connection, f"{statement}{separator}{separator.join(clauses)}"):
                    return ", ".join(clauses).removeprefix("ALGORITHM=")
        return ""
