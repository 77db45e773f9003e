"""The positions of AUTO_INCREMENT and of MariaDB's sequences, which no transaction takes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.mysql.content import POSITIONS
from mrt_runtime.databases.mysql.quoting import quote


@contextmanager
def keep_positions(connection: Connection, schema: Schema) -> Iterator[None]:
    """See `DatabaseBackend`; it ends the connection's transaction."""
    before = read_positions(connection, schema)
    yield
    after = read_positions(connection, schema)
    cursor = connection.connection.cursor()
    for statement in [statement for statement, position in before.items() if after[statement] != position]:
        # a table with a history of its own may not be altered; the numbers that were used up are missing there
        with suppress(connection.dialect.dbapi.Error):  # type: ignore[union-attr]  # it is loaded
            cursor.execute(f"{statement}{before[statement]}")
    connection.connection.rollback()


def read_positions(connection: Connection, schema: Schema) -> dict[str, int]:
    """Return the next number of each counter, by the beginning of the statement that sets it; reading does not move them."""
    counted = {table.name for table in schema.tables for column in table.columns if column.identity == "auto"}
    found: dict[str, int] = {}
    cursor = connection.connection.cursor()
    if counted:
        if not getattr(connection.dialect, "is_mariadb", False):
            cursor.execute("SET SESSION information_schema_stats_expiry = 0")  # otherwise a day old
        cursor.execute(POSITIONS)
        found = {
            f"ALTER TABLE {quote(table)} AUTO_INCREMENT = ": int(following)
            for table, following, _ in cursor.fetchall()
            if table in counted
        }
    for one in schema.sequences:
        cursor.execute(f"SELECT next_not_cached_value FROM {quote(one.name)}")
        [(following,)] = cursor.fetchall()
        found[f"ALTER SEQUENCE {quote(one.name)} RESTART "] = int(following)
    connection.connection.rollback()
    return found
