"""SQLite's rows."""

from __future__ import annotations

import sqlite3
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from mrt_runtime.rows import Row, Rows, TableRows, holds_rows, keep
from mrt_runtime.schema import Schema, Table


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as Python's int, float, str, bytes or None: SQLite's own five classes."""
    raw = connection.connection.driver_connection
    tables = {table.label: _read_table(raw, table) for table in schema.tables if holds_rows(table)}
    return Rows(MappingProxyType(tables))


def _read_table(raw: Any, table: Table) -> TableRows:
    names = ", ".join(map(quoted, (column.name for column in table.columns)))
    query = f"SELECT {names} FROM {quoted(table.name)}"
    try:
        return keep(table, raw.execute(query))
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        return keep(table, _read_any_text(raw, query))


def _read_any_text(raw: Any, query: str) -> list[Row]:
    """Read text that is not UTF-8, which SQLite holds without asking."""
    factory, raw.text_factory = raw.text_factory, lambda text: text.decode(errors="surrogateescape")
    try:
        rows: list[Row] = raw.execute(query).fetchall()
    finally:
        raw.text_factory = factory
    return rows


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'
