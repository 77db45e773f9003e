"""Rows that foreign keys may point at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.value import Row


class ParentRows:
    """Rows that foreign keys may point at, read when they are first asked for; `promised` ones will be there in time."""

    def __init__(self, writer: RowWriter, schema: Schema) -> None:
        self.writer = writer
        self.tables: Mapping[str, Table] = {table.label: table for table in schema.tables}
        self.promised: dict[str, Row] = {}
        self._read: dict[tuple[str, tuple[str, ...]], list[Row]] = {}

    def rows(self, label: str, columns: Sequence[str]) -> list[Row] | None:
        """Return the values of these columns (of the primary key, where none are named) in rows where none is NULL.

        None where there is no such table.
        """
        table = self.tables.get(label)
        if table is None:
            return None
        names = tuple(columns) or (table.primary_key.columns if table.primary_key else ())
        if any(table.column(name) is None for name in names):
            return None
        place = (label, names)
        if place not in self._read:
            rows = [row for row in self.writer.read(table, names) if None not in row.values()]
            # Databases return rows in an order of their own; by number, everyday rows come first and the result is always the same.
            rows.sort(key=lambda row: [int(text) if (text := str(value)).isdecimal() else 0 for value in row.values()])
            self._read[place] = list({tuple(row.values()): row for row in rows}.values())
        if not self._read[place] and label in self.promised and set(names) <= set(self.promised[label]):
            return [{name: self.promised[label][name] for name in names}]
        return self._read[place]

    def forget(self, label: str) -> None:
        """Discard what was read of that table."""
        for place in [place for place in self._read if place[0] == label]:
            del self._read[place]
