"""SQLite's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from mrt_runtime.compare.rows import Row, Rows, TableRows, holds_rows, keep, key_of
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.databases.sqlite.catalogue import Entry, Stamp
from mrt_runtime.databases.sqlite.pages import Image, take_image


@dataclass(frozen=True, slots=True)
class Reading:
    """A table's rows and where they stood: its row of sqlite_master, and the pages of the file."""

    rows: TableRows
    entry: Entry
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """The file that rows were read from, and what was read."""

    image: Image
    readings: Mapping[str, Reading]

    def find(self, table: Table, entry: Entry, changed: Collection[int]) -> Reading | None:
        """Give the former reading of a table that has the same definition and whose pages have not changed."""
        reading = self.readings.get(table.name)
        if reading is None or reading.entry != entry or reading.rows.key != key_of(table):
            return None
        return None if any(number in changed for number in reading.pages) else reading


def read_content(connection: Connection, schema: Schema, previous: Rows | None = None) -> Rows:
    """Read the rows of every table, each value as Python's int, float, str, bytes or None: SQLite's own five classes."""
    raw = connection.connection.driver_connection
    stamp = schema.stamp
    entries = {entry.name: entry for entry in stamp.entries if entry.type == "table"} if isinstance(stamp, Stamp) else {}
    image = take_image(raw)
    past = previous.stamp if previous is not None and isinstance(previous.stamp, Past) else None
    changed = image.changed_since(past.image) if image is not None and past is not None else frozenset()
    tables: dict[str, TableRows] = {}
    readings: dict[str, Reading] = {}
    for table in filter(holds_rows, schema.tables):
        entry = entries.get(table.name)
        if image is None or entry is None or not entry.root:  # a virtual table has no pages of its own
            tables[table.name] = _read_table(raw, table)
            continue
        reading = past.find(table, entry, changed) if past is not None else None
        readings[table.name] = reading or Reading(_read_table(raw, table), entry, image.pages(entry.root))
        tables[table.name] = readings[table.name].rows
    return Rows(MappingProxyType(tables), Past(image, MappingProxyType(readings)) if image is not None else None)


def _read_table(raw: Any, table: Table) -> TableRows:
    names = ", ".join(quoted(column.name) for column in table.columns)
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
