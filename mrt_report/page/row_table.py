"""Rows before and after a rollback as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mrt_runtime.verdict import RowExample


class TableCell(NamedTuple):
    """A value before and after; None where there is none, or where it is the same."""

    before: str | None
    after: str | None


class TableRow(NamedTuple):
    """A row; `fate` is "changed", "lost" or "left behind"."""

    fate: str
    cells: tuple[TableCell, ...]


class RowTable(NamedTuple):
    """Rows with the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


def tabulate(examples: Sequence[RowExample]) -> RowTable:
    """Return a table of all examples, in the columns that any of them has."""
    columns = tuple(dict.fromkeys(name for example in examples for name in (example.before or example.after or {})))
    return RowTable(columns, tuple(_row(example, columns) for example in examples))


def _row(example: RowExample, columns: Sequence[str]) -> TableRow:
    before, after = example.before, example.after
    if before is None or after is None:
        fate = "left behind" if before is None else "lost"
        return TableRow(fate, tuple(TableCell((before or {}).get(name), (after or {}).get(name)) for name in columns))
    return TableRow(
        "changed",
        tuple(TableCell(before.get(name), after.get(name) if after.get(name) != before.get(name) else None) for name in columns),
    )
