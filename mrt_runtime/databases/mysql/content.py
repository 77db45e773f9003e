"""MySQL's and MariaDB's rows, as text that the server writes: drivers round floats and fail on zero dates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Row, Rows, TableRows, holds_rows, keep
from mrt_runtime.compare.schema import Schema, Sequence, Table
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.databases.batch import fetch_all
from mrt_runtime.databases.mysql.catalogue import NUMBERS
from mrt_runtime.databases.mysql.positions import find_counted, find_counters, write_counters
from mrt_runtime.databases.mysql.quoting import quote

BINARY = frozenset(
    {
        *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "vector"),
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        *("geomcollection", "geometrycollection"),
    }
)

UNIVERSAL_TIME = "SET time_zone = '+00:00'"  # in others, one hour of autumn is shown twice
BATCH = 25  # tables that one statement reads


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as text, NULL as None."""
    known = previous.tables if previous is not None else {}
    is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    tables = list(filter(holds_rows, schema.tables))
    selects = [_select(at, table) for at, table in enumerate(tables)]
    reading = [" UNION ALL ".join(selects[start : start + BATCH]) for start in range(0, len(selects), BATCH)]
    counting = write_counters(schema, is_mariadb=is_mariadb)
    _, *answers = fetch_all(connection.connection.cursor(), [UNIVERSAL_TIME, *reading, *counting])
    found: dict[int, list[Row]] = {at: [] for at in range(len(tables))}
    for rows in answers[: len(reading)]:
        for at, values in rows:
            found[at].append(tuple(json.loads(values, strict=False)))
    kept: dict[str, TableRows] = {}
    for at, table in enumerate(tables):
        rows_now = keep(table, found[at], [column.name for column in table.columns if column.type.base in NUMBERS - BINARY])
        kept[table.label] = known[table.label] if known.get(table.label) == rows_now else rows_now
    return Rows(MappingProxyType(kept), positions=tuple(_positions(find_counters(schema, answers[len(reading) :]))))


def _positions(counters: Iterable[tuple[Table | Sequence, int, int]]) -> Iterator[SequencePosition]:
    """Yield the positions of AUTO_INCREMENT and MariaDB's sequences.

    A statement with several rows takes numbers in advance, up to twice as many as it needs
    (https://dev.mysql.com/doc/refman/8.0/en/innodb-auto-increment-handling.html).
    """
    for one, following, rows in counters:
        if isinstance(one, Table):
            yield SequencePosition(
                subject=f"Table '{one.label}'",
                word="AUTO_INCREMENT",
                next=following,
                slack=2 * rows,
                table=one.label,
                column=find_counted(one),
            )
        else:
            yield SequencePosition(
                subject=f"Sequence '{one.label}'", next=following, step=one.increment, slack=max(one.cache, 1) - 1
            )


def _select(at: int, table: Table) -> str:
    """Write the part of a statement that reads one table: its place, and each row as a JSON array of texts."""
    texts = ", ".join(write_as_text(column.name, column.type.base) for column in table.columns)
    return f"SELECT {at}, JSON_ARRAY({texts}) FROM {quote(table.name)}"


def write_as_text(name: str, base: str) -> str:
    """Write a column so that two values have the same text only if they are the same. base: its type, without any numbers."""
    column = quote(name)
    if base in BINARY:
        return f"HEX({column})"
    if base == "float":
        column = f"{column} + 0E0"  # shown as a float it loses digits, as a double it has them all
    return f"CAST({column} AS CHAR CHARACTER SET utf8mb4)"  # as CHAR alone it is of the session's, which may not have all letters
