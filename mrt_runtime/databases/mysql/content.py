"""MySQL's and MariaDB's rows, as text that the server writes: drivers round floats and fail on zero dates."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from mrt_runtime.rows import Row, Rows, holds_rows, keep
from mrt_runtime.schema import Column, Schema, Table

BINARY = frozenset(
    {
        *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "vector"),
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        *("geomcollection", "geometrycollection"),
    }
)


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as text, NULL as None."""
    known = previous.tables if previous is not None else {}
    cursor = connection.connection.cursor()
    cursor.execute("SET time_zone = '+00:00'")
    tables = {}
    for table in schema.tables:
        if holds_rows(table):
            rows = keep(table, _read_table(cursor, table))
            tables[table.label] = known[table.label] if known.get(table.label) == rows else rows
    return Rows(MappingProxyType(tables))


def _read_table(cursor: Any, table: Table) -> Iterator[Row]:
    values = ", ".join(map(_as_text, table.columns))
    cursor.execute(f"SELECT {values} FROM {quoted(table.name)}")
    yield from map(tuple, cursor.fetchall())


def _as_text(column: Column) -> str:
    """Write a column so that two values have the same text only if they are the same."""
    name = quoted(column.name)
    if column.type.base in BINARY:
        return f"HEX({name})"
    if column.type.base == "float":
        name = f"{name} + 0E0"  # shown as a float it loses digits, as a double it has them all
    return f"CAST({name} AS CHAR)"


def quoted(name: str) -> str:
    """Quote an identifier."""
    return "`" + name.replace("`", "``") + "`"
