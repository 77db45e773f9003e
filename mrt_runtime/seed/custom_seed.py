"""Rows that the user supplies for a table, in place of made-up ones."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mrt_runtime.compare.schema import CatalogueColumn, Table
from mrt_runtime.config import SeedRows
from mrt_runtime.seed.row_insertion import FilledTable
from mrt_runtime.seed.row_planner import RowPlanner, same
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.value import Row, RowVariety, Value

# a UUID without its dashes
HEX_LENGTH = 32


class CustomSeed:
    """One table's callable."""

    def __init__(self, label: str, supply: SeedRows) -> None:
        self.label = label
        self.supply = supply
        self._given: set[str] = set()
        self._known: set[str] = set()

    @property
    def stray(self) -> set[str]:
        """The columns that it gave and no revision's table has had so far: misspelt, probably."""
        return self._given - self._known

    def meet(self, table: Table) -> None:
        """Record the columns that the table has at a revision."""
        self._known.update(insertable(table))

    def fill(self, filler: TableFiller, table: Table) -> FilledTable:
        """Insert the rows that the callable returns.

        A row may name columns that the table has only at other revisions; they are left out. Columns that must have a value
        and are not named get one.
        """
        try:
            rows = [dict(row) for row in self.supply()]
        except Exception as error:  # noqa: BLE001 the user's code may raise anything
            return self._blame(error)
        names = insertable(table)
        self._note(rows)
        if rows and not any(name in names for row in rows for name in row):
            given = ", ".join(sorted({str(name) for row in rows for name in row}))
            return FilledTable(
                reason=f"the custom seed of '{self.label}' returns {given or 'no columns'}, which the table does not have"
            )
        filled = insert_rows(filler, table, rows)
        if filled.reason is not None:
            filled.reason = f"the custom seed of '{self.label}' was refused: {filled.reason}"
        elif not rows:
            filled.reason = f"the custom seed of '{self.label}' returns no rows"
        return filled

    def refill(self, filler: TableFiller, table: Table, keys: Sequence[Row], fresh: Collection[str]) -> FilledTable:
        """Update the rows that are there, in the callable's order, with its values for columns that are new to them."""
        names = tuple(keys[0])
        there = filler.writer.read(table, names)
        filled = FilledTable(rows=[dict(key) for key in keys if any(all(same(row[n], key[n]) for n in names) for row in there)])
        try:
            given = [dict(row) for row in self.supply()] if fresh else []
        except Exception as error:  # noqa: BLE001 the user's code may raise anything
            return self._blame(error)
        self._note(given)
        for key, row in zip(keys, given, strict=False):
            changes = {name: adapt(row[name], table.column(name)) for name in fresh if name in row and name not in names}
            if not changes:
                continue
            refusal = filler.writer.attempt(filler.writer.update, table, key, changes)
            if refusal is None:
                filled.written += 1
            else:
                filled.reason = f"the custom seed of '{self.label}' was refused: {refusal.reason}"
        return filled

    def _note(self, rows: list[dict[str, Any]]) -> None:
        self._given.update(str(name) for row in rows for name in row)

    def _blame(self, error: Exception) -> FilledTable:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        return FilledTable(reason=f"the custom seed of '{self.label}' raised {what}")


def insert_rows(filler: TableFiller, table: Table, rows: list[dict[str, Any]]) -> FilledTable:
    """Insert rows as given, each by itself; required columns that a row leaves out get values. Stops at the first refusal."""
    writer, names = filler.writer, insertable(table)
    target, there = filler.look(table)
    required = {c.name for c in table.columns if c.name in names and not c.nullable and c.default is None and c.identity is None}
    filled = FilledTable()
    planner: RowPlanner | None = None
    for ordinal, given in enumerate(rows):
        row: Row = {name: adapt(value, table.column(name)) for name, value in given.items() if name in names}
        if not required <= row.keys():
            if planner is None:
                planner = RowPlanner(filler.planner.plan_table(table, start=len(there), count=len(rows) + 10), there)
            planned = planner.plan_row(RowVariety.TYPICAL, ordinal, fixed=row) or {}
            row = {name: value for name, value in {**planned, **row}.items() if name in required or name in row}
        refusal = writer.attempt(writer.insert, target, tuple(row), [row])
        if refusal is not None:
            filled.reason = refusal.reason
            break
        if planner is not None:
            planner.accept(row)
        filled.rows.append(row)
        filled.written += 1
    filler.parents.forget(table.label)
    return filled


def adapt(value: Any, column: CatalogueColumn | None) -> Value:
    """Return a Python value as one that every driver takes the same way."""
    if isinstance(value, enum.Enum):
        value = value.name if not isinstance(value, str | int) else value.value
    if isinstance(value, uuid.UUID):
        short = column is not None and column.type.length == HEX_LENGTH
        return value.hex if short else str(value)
    if isinstance(value, dt.datetime | dt.time):
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    if isinstance(value, dt.date | dt.timedelta):
        return str(value)
    if isinstance(value, list | tuple) and column is not None and column.type.kind == "array":
        return "{" + ",".join(_element(item, column) for item in value) + "}"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def _element(item: Any, column: CatalogueColumn) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list | tuple):
        return str(adapt(item, column))
    text = str(adapt(item, None)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
