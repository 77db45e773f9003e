"""Rows that none of several statements takes, by what their conditions ask of the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Final

from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.values import Column, ColumnTest, SqlType

_OTHER: Final = "\0"
"""A value that no statement names."""
_MOST_ROWS: Final = 4_000
"""Kinds of rows that are looked at one by one."""

Row = Mapping[str, str | None]
"""A kind of row: what it holds in each column that is asked about, None for NULL."""


def row_left(statements: Sequence[tuple[ColumnTest, ...]], known: ReplayedTable, filled: str) -> Row | None:
    """Return a kind of row with NULL in `filled` that fails a condition of each statement, None if there may be none.

    What was not read counts as met. Where two or more values of a column are named, they are taken for all that it has.
    """
    values: dict[str, set[str]] = {}
    for test in (test for tests in statements for test in tests):
        if readable(test.column) and fold(test.column) != fold(filled):
            values.setdefault(fold(test.column), set()).update(map(str.lower, test.values))
    kinds = {name: _values(known.columns.get(name), named) for name, named in values.items()}
    if not statements or prod(map(len, kinds.values())) > _MOST_ROWS:
        return None
    for chosen in product(*kinds.values()):
        row = {**dict(zip(kinds, chosen, strict=True)), fold(filled): None}
        if all(any(_fails(row, test) for test in tests) for tests in statements):
            return row
    return None


def _values(column: object, named: set[str]) -> list[str | None]:
    """Return what a column may hold, NULL last."""
    kind = column.type if isinstance(column, Column) else None
    whole = {"true", "false"} if isinstance(kind, SqlType) and kind.name == "BOOLEAN" else set()
    if isinstance(kind, SqlType) and isinstance(kind.members, tuple):
        whole = {member.lower() for member in kind.members if readable(member)}
    found: list[str | None] = [*sorted(whole | named)]
    if not whole and len(named) < 2:  # noqa: PLR2004 - one value has others beside it
        found.append(_OTHER)
    return [*found, None] if isinstance(column, Column) and is_nullable(column) is True else found


def _fails(row: Row, test: ColumnTest) -> bool:
    """Return whether a kind of row certainly does not meet a condition."""
    if test.asks in {"", "same"} or not readable(test.column):
        return False
    value = row[fold(test.column)]
    if test.asks.endswith("null"):
        return (value is None) is (test.asks == "not null")
    return value is None or (value in map(str.lower, test.values)) is (test.asks == "not in")
