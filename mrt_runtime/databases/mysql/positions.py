"""The positions of AUTO_INCREMENT and of MariaDB's sequences, which no transaction takes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.compare.schema import Sequence as CatalogueSequence
from mrt_runtime.databases.batch import fetch_all
from mrt_runtime.databases.mysql.quoting import quote

COUNTERS = """SELECT TABLE_NAME, AUTO_INCREMENT, TABLE_ROWS FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND AUTO_INCREMENT IS NOT NULL"""


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


def set_positions(connection: Connection, schema: Schema, numbers: Mapping[tuple[str, ...], int]) -> None:
    """See `DatabaseBackend`."""
    statements: dict[tuple[str, ...], str] = {
        (table.label, find_counted(table) or ""): f"ALTER TABLE {quote(table.name)} AUTO_INCREMENT = " for table in schema.tables
    }
    statements |= {(f"Sequence '{one.label}'",): f"ALTER SEQUENCE {quote(one.name)} RESTART " for one in schema.sequences}
    cursor = connection.connection.cursor()
    for key in numbers.keys() & statements.keys():
        with suppress(connection.dialect.dbapi.Error):  # type: ignore[union-attr]  # as above
            cursor.execute(f"{statements[key]}{numbers[key]}")
    connection.connection.rollback()


def read_positions(connection: Connection, schema: Schema) -> dict[str, int]:
    """Return the next number of each counter, by the beginning of the statement that sets it."""
    is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    found = {
        f"ALTER TABLE {quote(one.name)} AUTO_INCREMENT = "
        if isinstance(one, Table)
        else f"ALTER SEQUENCE {quote(one.name)} RESTART ": following
        for one, following, _ in read_counters(connection.connection.cursor(), schema, is_mariadb=is_mariadb)
    }
    connection.connection.rollback()
    return found


def read_counters(cursor: Any, schema: Schema, *, is_mariadb: bool) -> Iterator[tuple[Table | CatalogueSequence, int, int]]:
    """Yield each table with AUTO_INCREMENT and each sequence, its next number, and about how many rows the table has.

    Reading does not move them.
    """
    yield from find_counters(schema, fetch_all(cursor, write_counters(schema, is_mariadb=is_mariadb)))


def write_counters(schema: Schema, *, is_mariadb: bool) -> list[str]:
    """Write the queries whose answers `find_counters` takes."""
    fresh = [] if is_mariadb else ["SET SESSION information_schema_stats_expiry = 0"]  # otherwise a day old
    counters = [*fresh, COUNTERS] if any(map(find_counted, schema.tables)) else []
    return [*counters, *(f"SELECT next_not_cached_value FROM {quote(one.name)}" for one in schema.sequences)]


def find_counters(schema: Schema, answers: Sequence[list[Any]]) -> Iterator[tuple[Table | CatalogueSequence, int, int]]:
    """Yield what `read_counters` yields."""
    counted = {table.name: table for table in schema.tables if find_counted(table) is not None}
    at = len(answers) - len(schema.sequences)
    counters, sequences = answers[:at], answers[at:]
    for name, following, rows in counters[-1] if counters else ():
        if name in counted:
            yield counted[name], int(following), int(rows or 0)
    for one, [(following,)] in zip(schema.sequences, sequences, strict=True):
        yield one, int(following), 0


def find_counted(table: Table) -> str | None:
    """Return the column that AUTO_INCREMENT fills; None where there is none."""
    return next((column.name for column in table.columns if column.identity == "auto"), None)
