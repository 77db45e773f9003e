"""Rows that hold a value at the edge of a column's type: what fails only with one of these is a warning, not a failure."""

from __future__ import annotations

from dataclasses import dataclass

from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.table_plan import TablePlan
from mrt_runtime.seed.value import Row, SeedExpression
from mrt_runtime.seed.value_kind import Booleans, Decimals, Integers, Texts

COMPARABLE = (Integers, Decimals, Texts, Booleans, Datetimes)
LONGEST = 40  # characters shown of a value
# that are named in a message
MOST_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A row by what finds it again, its key where the table has one, and its values at the edge of their types."""

    key: Row
    values: Row

    def describe(self, label: str) -> str:
        """Return which row it is and what is in it, within a line."""
        where = ", ".join(f"{name} = {shorten(value)}" for name, value in self.key.items() if name not in self.values)
        shown = [f"{name} = {shorten(value)}" for name, value in list(self.values.items())[:MOST_COLUMNS]]
        shown += ["…"] if len(self.values) > MOST_COLUMNS else []
        return f"'{label}' {where} ({', '.join(shown)})" if where else f"'{label}' ({', '.join(shown)})"


def find_edges(plan: TablePlan, row: Row, key: tuple[str, ...]) -> EdgeRow | None:
    """Return a planned row as one at the edge, None for a row that an application could well write."""
    values = {name: value for name, value in row.items() if name in plan.pools and plan.pools[name].is_edge(value)}
    if not values:
        return None
    # Types without an equality (json, point) cannot find a row again where there is no key.
    names = key or tuple(name for name, kind in plan.kinds.items() if isinstance(kind, COMPARABLE) and row.get(name) is not None)
    found = {name: row[name] for name in names if name in row and not isinstance(row[name], SeedExpression)}
    return EdgeRow(found, values) if found else None


def shorten(value: object) -> str:
    """Return a value as it fits into a line; a long text by its beginning and its length."""
    if not isinstance(value, str | bytes):
        return str(value)
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 10]}…, {len(value)} long"
