"""MySQL's and MariaDB's rows, as text that the server writes: drivers round floats and fail on zero dates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Row, Rows, TableRows, holds_rows, keep
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.databases.mysql.catalogue import NUMBERS
from mrt_runtime.databases.mysql.positions import find_counted, read_counters
from mrt_runtime.databases.mysql.quoting import quote

BINARY = frozenset(
    {
        *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "vector"),
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        *("geomcollection", "geometrycollection"),
    }
)


BATCH = 25  # tables that one statement reads


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as text, NULL as None."""
    known = previous.tables if previous is not None else {}
    cursor = connection.connection.cursor()
    cursor.execute("SET time_zone = '+00:00'")  # in others, one hour of autumn is shown twice
    tables = list(filter(holds_rows, schema.tables))
    kept: dict[str, TableRows] = {}
    for start in range(0, len(tables), BATCH):
        chosen = tables[start : start + BATCH]
        found: dict[int, list[Row]] = {at: [] for at in range(len(chosen))}
        cursor.execute(" UNION ALL ".join(_select(at, table) for at, table in enumerate(chosen)))
        for at, values in cursor.fetchall():
            found[at].append(tuple(json.loads(values, strict=False)))
        for at, table in enumerate(chosen):
            rows = keep(table, found[at], [column.name for column in table.columns if column.type.base in NUMBERS - BINARY])
            kept[table.label] = known[table.label] if known.get(table.label) == rows else rows
    is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    return Rows(MappingProxyType(kept), positions=tuple(_positions(cursor, schema, is_mariadb=is_mariadb)))


def _positions(cursor: Any, schema: Schema, *, is_mariadb: bool) -> Iterator[SequencePosition]:
    """Yield the positions of AUTO_INCREMENT and MariaDB's sequences.

    A statement with several rows takes numbers in advance, up to twice as many as it needs
    (https://dev.mysql.com/doc/refman/8.0/en/innodb-auto-increment-handling.html).
    """
    for one, following, rows in read_counters(cursor, schema, is_mariadb=is_mariadb):
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
    return f"CAST({column} AS CHAR)"
