"""SQLite's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Row, Rows, TableRows, holds_rows, keep, key_of
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.databases.sqlite.catalogue import MasterRow, SQLiteBasis
from mrt_runtime.databases.sqlite.pages import FileImage, take_image

AUTOINCREMENT = "sqlite_sequence"
quote = SQLiteDialect().identifier_preparer.quote_identifier


@dataclass(frozen=True, slots=True)
class TableReading:
    """A table's rows and where they were: its row of sqlite_master, and the pages of the file."""

    rows: TableRows
    entry: MasterRow
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """The file that rows were read from, and what was read."""

    image: FileImage
    readings: Mapping[str, TableReading]

    def find(self, table: Table, entry: MasterRow, changed: Collection[int]) -> TableReading | None:
        """Return the earlier reading of a table that has the same definition and whose pages have not changed."""
        reading = self.readings.get(table.name)
        if reading is None or reading.entry != entry or reading.rows.key != key_of(table):
            return None
        return None if any(number in changed for number in reading.pages) else reading


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as Python's int, float, str, bytes or None: SQLite's own five classes."""
    raw = connection.connection.driver_connection
    basis = schema.basis
    entries = {entry.name: entry for entry in basis.entries if entry.type == "table"} if isinstance(basis, SQLiteBasis) else {}
    image = take_image(raw)
    past = previous.basis if previous is not None and isinstance(previous.basis, EarlierFile) else None
    changed = image.changed_since(past.image) if image is not None and past is not None else frozenset()
    tables: dict[str, TableRows] = {}
    readings: dict[str, TableReading] = {}
    for table in filter(holds_rows, schema.tables):
        entry = entries.get(table.name)
        if image is None or entry is None or not entry.root:  # a virtual table has no pages of its own
            tables[table.name] = _read_table(raw, table)
            continue
        reading = past.find(table, entry, changed) if past is not None else None
        readings[table.name] = reading or TableReading(_read_table(raw, table), entry, image.pages(entry.root))
        tables[table.name] = readings[table.name].rows
    file = EarlierFile(image, MappingProxyType(readings)) if image is not None else None
    return Rows(MappingProxyType(tables), file, tuple(_positions(raw, schema)) if AUTOINCREMENT in entries else ())


def _positions(raw: Any, schema: Schema) -> Iterator[SequencePosition]:
    """Read the rowids that AUTOINCREMENT will not hand out again (https://sqlite.org/autoinc.html)."""
    known = dict(raw.execute(f"SELECT name, max(seq) FROM {AUTOINCREMENT} GROUP BY name"))  # anyone may write there
    for table in schema.tables:
        column = next((column.name for column in table.columns if column.identity == "auto"), None)
        if column is not None and ("autoincrement", "yes") in table.options:
            last = known.get(table.name)
            following = last + 1 if isinstance(last, int) else 1
            word = "next AUTOINCREMENT value"
            yield SequencePosition(subject=f"Table '{table.label}'", word=word, next=following, table=table.label, column=column)


def _read_table(raw: Any, table: Table) -> TableRows:
    names = ", ".join(quote(column.name) for column in table.columns)
    query = f"SELECT {names} FROM {quote(table.name)}"
    try:
        return keep(table, raw.execute(query))
    except sqlite3.OperationalError as error:
        # "Could not decode to UTF-8 column …" is how sqlite3 words it; there is no class or number for it
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
