"""PostgreSQL's rows, as the text that the server itself writes for each value.

A type's text distinguishes its values exactly, drivers do not: some round, and some fail on infinity, on the year 10000 or on
types that they do not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Row, Rows, TableRows, holds_rows, keep
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.compare.schema import Sequence as CatalogueSequence
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.databases.postgresql.catalogue_changes import READ_POINT, ReadPoint
from mrt_runtime.databases.postgresql.groups import group
from mrt_runtime.databases.postgresql.positions import write_some
from mrt_runtime.databases.postgresql.prepared import PreparedQueries, PreparedQuery
from mrt_runtime.databases.postgresql.quoting import name_in_schema, quote

# The text depends on these; what a project sets for its own sessions shall not.
SETTINGS = """set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
  set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
  set_config('extra_float_digits', '3', true), set_config('jit', 'off', true)"""
PREPARED_SETTINGS = PreparedQuery("settings", f"SELECT {SETTINGS}")
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
    tables = {table.label: table for table in schema.tables if holds_rows(table)}
    parents = {parent for table in schema.tables if table.kind == "table" for parent in table.parents}
    known = previous.tables if previous is not None else {}
    past = previous.basis if previous is not None and isinstance(previous.basis, EarlierRows) else None
    candidates = group(_find_comparable(known, past, schema), _label) if past is not None else []
    sequences = group(schema.sequences, _label)
    prepared = PreparedQueries(cursor, connection.info)
    counting = [_count(prepared, tables, past.start.horizon, parents) for tables in candidates] if past is not None else []
    positions = [_locate(prepared, some) for some in sequences]
    comparable = {table.label for some in candidates for table in some}
    new = [table for label, table in tables.items() if label not in comparable]
    reading = _write_reading(new, parents)
    _, [point], *answers = prepared.run([PREPARED_SETTINGS, READ_POINT, *counting, *positions, *reading])
    start, same = ReadPoint(*point), dict[str, TableRows]()
    found = _read(new, answers[len(counting) + len(positions) :])
    if past is not None and past.start.place == start.place:
        counted = ((some[at].label, *rest) for some, rows in zip(candidates, answers, strict=False) for at, *rest in rows)
        same = {label: known[label] for label, count, young in counted if young == 0 and count == past.counts[label]}
    changed = [table for label, table in tables.items() if label not in same and label in comparable]
    if changed:
        _, *rows_of_changed = prepared.run([PREPARED_SETTINGS, *_write_reading(changed, parents)])
        found |= _read(changed, rows_of_changed)
    counts = {label: len(rows) for label, rows in found.items()} | {label: len(rows.rows) for label, rows in same.items()}
    for label, values in found.items():
        rows = keep(tables[label], values, [column.name for column in tables[label].columns if column.type.base in NUMBERS])
        same[label] = known[label] if known.get(label) == rows else rows
    at_which = {some[at].label: rest for some, rows in zip(sequences, answers[len(counting) :], strict=False) for at, *rest in rows}
    found_positions = tuple(_positions(schema.sequences, at_which))
    return Rows(MappingProxyType({label: same[label] for label in tables}), EarlierRows(start, schema, counts), found_positions)


def _locate(prepared: PreparedQueries, sequences: Sequence[CatalogueSequence]) -> PreparedQuery | str:
    """Write the query for the positions of these, each with its place among them."""
    return prepared.repeated(("positions", *((one.schema, one.name) for one in sequences)), lambda _value: write_some(sequences))


def _label(one: Table | CatalogueSequence) -> str:
    return one.label


def _positions(sequences: Sequence[CatalogueSequence], found: Mapping[str, Any]) -> Iterator[SequencePosition]:
    for one in sequences:
        last, is_called = found[one.label]
        table, column = one.owner or (None, None)
        yield SequencePosition(
            subject=f"Sequence '{one.label}'",
            next=last + one.increment * is_called,
            step=one.increment,
            slack=one.cache - 1,
            table=table,
            column=column,
        )


def _find_comparable(known: Mapping[str, TableRows], past: EarlierRows, schema: Schema) -> list[Table]:
    """Find the tables whose rows may be those of an earlier reading: they are defined as they were then."""
    if schema.types != past.schema.types:  # a label or a field may have another name
        return []
    former = {table.label: table for table in past.schema.tables}
    return [
        table
        for table in schema.tables
        if table.label in known
        and former.get(table.label) == table
        and all(column.stored for column in table.columns if column.generated)
    ]


def _count(prepared: PreparedQueries, tables: Sequence[Table], horizon: str, parents: Collection[str]) -> PreparedQuery | str:
    """Write the query for each table's place, its number of rows, and how many of them are younger than the earlier reading."""

    def write(horizon: str) -> str:
        young = f"count(*) FILTER (WHERE age(xmin) <= age({horizon}))"
        return " UNION ALL ".join(
            f"SELECT {at}, count(*), {young} FROM {write_source(table, parents)}" for at, table in enumerate(tables)
        )

    key = ("counts", *((table.schema, table.name, table.label in parents) for table in tables))
    return prepared.repeated(key, write, "xid", horizon)


def _write_reading(tables: Sequence[Table], parents: Collection[str]) -> list[str]:
    """Write the queries for all rows of some tables: each row is a table's place among them and its values."""
    selects = []
    for at, table in enumerate(tables):
        values = ", ".join(f"{quote(column.name)}::text" for column in table.columns)
        selects.append(f"SELECT {at}, ARRAY[{values}]::text[] FROM {write_source(table, parents)}")
    return [" UNION ALL ".join(selects[start : start + BATCH]) for start in range(0, len(selects), BATCH)]


def _read(tables: Sequence[Table], answers: Iterable[Iterable[Any]]) -> dict[str, list[Row]]:
    """Return the rows of each table."""
    found: dict[str, list[Row]] = {table.label: [] for table in tables}
    for rows in answers:
        for at, values in rows:
            found[tables[at].label].append(tuple(values))
    return found


def write_source(table: Table, parents: Collection[str]) -> str:
    """Name a table as what is read from; of one that others inherit from, its own rows only."""
    return f"ONLY {name_in_schema(table)}" if table.label in parents else name_in_schema(table)
