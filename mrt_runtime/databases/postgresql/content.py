"""PostgreSQL's rows, as the text that the server itself writes for each value.

A type's text distinguishes its values exactly, drivers do not: some round, and some fail on infinity, on the year 10000 or on
types that they do not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Row, Rows, TableRows, holds_rows, keep
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.compare.schema import Sequence as CatalogueSequence
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.databases.postgresql.catalogue_changes import ReadPoint, read_point
from mrt_runtime.databases.postgresql.positions import read_positions
from mrt_runtime.databases.postgresql.quoting import name_in_schema, quote

# The text depends on these; what a project sets for its own sessions shall not.
SETTINGS = """set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
  set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
  set_config('extra_float_digits', '3', true), set_config('jit', 'off', true)"""
NUMBERS = {"smallint", "integer", "bigint", "numeric", "real", "double precision", "oid", "boolean"}
BATCH = 25  # tables that one statement reads: planning each of them apart costs more, and so do longer unions


@dataclass(frozen=True, slots=True)
class EarlierRows:
    """When and where rows were read, and how many there were in each table."""

    start: ReadPoint
    schema: Schema
    counts: Mapping[str, int]


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as text, NULL as None.

    A table that has the same definition as in `previous`, as many rows, and none that was written since, is taken from there.
    """
    cursor = connection.connection.cursor()
    start, _ = read_point(cursor, SETTINGS)
    tables = {table.label: table for table in schema.tables if holds_rows(table)}
    parents = {parent for table in schema.tables if table.kind == "table" for parent in table.parents}
    same: dict[str, TableRows] = {}
    if previous is not None and isinstance(previous.basis, EarlierRows) and previous.basis.start.place == start.place:
        same = _unchanged(cursor, previous.tables, previous.basis, schema, parents)
    stale = [table for label, table in tables.items() if label not in same]
    found: dict[str, list[Row]] = {table.label: [] for table in stale}
    for chosen in _batches(stale):
        for at, values in _fetch(cursor, chosen, parents):
            found[chosen[at].label].append(tuple(values))
    counts = {label: len(rows) for label, rows in found.items()} | {label: len(rows.rows) for label, rows in same.items()}
    known = previous.tables if previous is not None else {}
    for table in stale:
        rows = keep(table, found[table.label], [column.name for column in table.columns if column.type.base in NUMBERS])
        same[table.label] = known[table.label] if known.get(table.label) == rows else rows
    positions = tuple(_positions(cursor, schema.sequences))
    return Rows(MappingProxyType({label: same[label] for label in tables}), EarlierRows(start, schema, counts), positions)


def _positions(cursor: Any, sequences: Sequence[CatalogueSequence]) -> Iterator[SequencePosition]:
    for one, (last, is_called) in zip(sequences, read_positions(cursor, sequences), strict=True):
        table, column = one.owner or (None, None)
        yield SequencePosition(
            subject=f"Sequence '{one.label}'",
            next=last + one.increment * is_called,
            step=one.increment,
            slack=one.cache - 1,
            table=table,
            column=column,
        )


def _unchanged(
    cursor: Any, known: Mapping[str, TableRows], past: EarlierRows, schema: Schema, parents: Collection[str]
) -> dict[str, TableRows]:
    """Find the tables whose rows are the same: no row is younger than the earlier reading, and none is gone."""
    if schema.types != past.schema.types:  # a label or a field may have another name
        return {}
    former = {table.label: table for table in past.schema.tables}
    candidates = [
        table
        for table in schema.tables
        if table.label in known
        and former.get(table.label) == table
        and all(column.stored for column in table.columns if column.generated)
    ]
    same: dict[str, TableRows] = {}
    for chosen in _batches(candidates):
        young = f"count(*) FILTER (WHERE age(xmin) <= age('{past.start.horizon}'::xid))"
        selects = [f"SELECT {at}, count(*), {young} FROM {write_source(table, parents)}" for at, table in enumerate(chosen)]
        cursor.execute(" UNION ALL ".join(selects))
        for at, count, new in cursor.fetchall():
            label = chosen[at].label
            if new == 0 and count == past.counts[label]:
                same[label] = known[label]
    return same


def _batches(tables: Sequence[Table]) -> Iterator[Sequence[Table]]:
    for start in range(0, len(tables), BATCH):
        yield tables[start : start + BATCH]


def _fetch(cursor: Any, tables: Sequence[Table], parents: Collection[str]) -> list[tuple[int, list[str | None]]]:
    """Read some tables in one statement: pairs of a table's place among them and a row's values."""
    selects = []
    for at, table in enumerate(tables):
        values = ", ".join(f"{quote(column.name)}::text" for column in table.columns)
        selects.append(f"SELECT {at}, ARRAY[{values}]::text[] FROM {write_source(table, parents)}")
    cursor.execute(" UNION ALL ".join(selects))
    rows: list[tuple[int, list[str | None]]] = cursor.fetchall()
    return rows


def write_source(table: Table, parents: Collection[str]) -> str:
    """Name a table as what is read from; of one that others inherit from, its own rows only."""
    return f"ONLY {name_in_schema(table)}" if table.label in parents else name_in_schema(table)
