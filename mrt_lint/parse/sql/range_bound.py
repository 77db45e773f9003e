"""Bounds that are put into a range and taken out of it: `tstzrange(a, b, '[]')`, `lower(r)`."""

from __future__ import annotations

from typing import Final

from mrt_lint.model.values import Name
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.literal import constant_text

_EXACT: Final = frozenset({"TSTZRANGE", "TSRANGE", "NUMRANGE"})
"""Functions whose ranges keep both bounds as they are; PostgreSQL writes [1,2] of whole numbers and of days as [1,3)."""
_TAKING: Final = frozenset({"LOWER", "UPPER"})


def bound_of(value: TokenCursor, column: Name) -> str:
    """Return which bound a column becomes, "tstzrange lower", or is, "lower", in an expression; "" in any other.

    With another third argument than '[]', a range of equal bounds is empty and has none.
    """
    function = value.key
    group = TokenCursor(value.statement, value.dialect, value.position + 1, value.stop)
    if function not in _EXACT | _TAKING or group.key != "(" or group.closing() != value.stop - 1:
        return ""
    items = list(group.group())
    if function in _TAKING:
        return function.lower() if len(items) == 1 and _is_column(items[0], column) else ""
    if len(items) != 3 or constant_text(items[2]) != "[]":  # noqa: PLR2004 - lower, upper, which of them belong to it
        return ""
    found = [word for word, item in zip(("lower", "upper"), items, strict=False) if _is_column(item, column)]
    return f"{function.lower()} {found[0]}" if len(found) == 1 else ""


def _is_column(item: TokenCursor, column: Name) -> bool:
    copy = item.rest()
    return copy.path()[1] == column and copy.done
