"""PostgreSQL's rows, as the text that the server itself writes for each value.

A type's text tells its values apart exactly, drivers do not: some round, and some fail on infinity, on the year 10000 or on
types that they do not know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from mrt_runtime.rows import Row, Rows, holds_rows, keep
from mrt_runtime.schema import Schema, Table

# The text depends on these; what a project sets for its own sessions shall not.
SETTINGS = """SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
  set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
  set_config('extra_float_digits', '3', true), set_config('jit', 'off', true)"""
BATCH = 25  # tables that one statement reads: planning each of them apart costs more, and so do longer unions


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as text, NULL as None."""
    known = previous.tables if previous is not None else {}
    cursor = connection.connection.cursor()
    cursor.execute(SETTINGS)
    tables = [table for table in schema.tables if holds_rows(table)]
    parents = {parent for table in schema.tables if table.kind == "table" for parent in table.parents}
    found: dict[str, list[Row]] = defaultdict(list)
    for start in range(0, len(tables), BATCH):
        chosen = tables[start : start + BATCH]
        for at, values in _fetch(cursor, chosen, parents):
            found[chosen[at].label].append(tuple(values))
    kept = {table.label: keep(table, found[table.label]) for table in tables}
    return Rows(MappingProxyType({label: known[label] if known.get(label) == rows else rows for label, rows in kept.items()}))


def _fetch(cursor: Any, tables: Sequence[Table], parents: Iterable[str]) -> list[tuple[int, list[str | None]]]:
    """Read some tables in one statement: pairs of a table's place among them and a row's values."""
    selects = []
    for at, table in enumerate(tables):
        values = ", ".join(f"{quoted(column.name)}::text" for column in table.columns)
        only = "ONLY " if table.label in parents else ""
        selects.append(f"SELECT {at}, ARRAY[{values}]::text[] FROM {only}{_name(table)}")
    cursor.execute(" UNION ALL ".join(selects))
    rows: list[tuple[int, list[str | None]]] = cursor.fetchall()
    return rows


def _name(table: Table) -> str:
    return f"{quoted(table.schema)}.{quoted(table.name)}" if table.schema else quoted(table.name)


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'
