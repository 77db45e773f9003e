"""Rows whose values were changed for a second judgement, and how they get the former ones back: other rows point at them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.edge_row import EdgeRow
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.table_filler import insertable
from mrt_runtime.seed.value import Row


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row by its key, the values that it had before an adjustment, and what it was at the edge of its types by."""

    adjustment: Adjustment
    key: Row
    values: Row
    edge: EdgeRow | None = None


def change_back(writer: RowWriter, table: Table, changed: Iterable[ChangedRow]) -> tuple[bool, tuple[EdgeRow, ...]]:
    """Write the former values again, and return whether all of them are there, and the rows at the edge that are there again.

    The migration in between may have made something of a column that no longer takes them: the others come back all the same.
    """
    is_whole, edges = True, list[EdgeRow]()
    for one in changed:
        names = [name for name in insertable(table) if name in one.values]
        left = {name: one.values[name] for name in names if _takes(table, name, one.values[name])}
        if len(left) < len(one.values) or writer.attempt(writer.update, table, one.key, left) is not None:
            is_whole = False
            back = [name for name in left if writer.attempt(writer.update, table, one.key, {name: left[name]}) is None]
        else:
            back = list(left)
        if one.edge is not None and not one.edge.values.keys().isdisjoint(back):
            edges.append(one.edge)
    return is_whole, tuple(edges)


def _takes(table: Table, name: str, value: object) -> bool:
    column = table.column(name)
    return column is not None and (value is not None or column.nullable)


def of_adjustments(changed: Iterable[ChangedRow], adjustments: Collection[Adjustment]) -> list[ChangedRow]:
    """Return the rows that one of these adjustments changed, the last change first: what was there before all of them stays."""
    return [one for one in reversed(list(changed)) if one.adjustment in adjustments]
