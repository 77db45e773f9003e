"""UPDATEs that fill in a value where a row has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.ops import Op

_FILL: Final = re.compile(
    r"""\s*UPDATE\s+[\w."`]+\s+SET\s+["`]?(?P<set>\w+)["`]?\s*=(?:(?!\bWHERE\b|,\s*["`]?\w+["`]?\s*=)[^;])*"""
    r"""\bWHERE\s+["`]?(?P<null>\w+)["`]?\s+IS\s+NULL\s*;?\s*""",
    re.IGNORECASE,
)
"""One column, and no other rows than those without a value in it."""


def fills_nulls(upgrade: Sequence[Op], number: int) -> bool:
    """Return whether an operation only sets a column where it has no value, before NULL is forbidden there."""
    op = upgrade[number]
    text = statement_of(upgrade, number)
    found = _FILL.fullmatch(text) if isinstance(op, ops.Update) and text is not None else None
    if found is None or not isinstance(op, ops.Update) or fold(found["set"]) != fold(found["null"]):
        return False
    forbidden = (later for later in upgrade[number:] if isinstance(later, ops.AlterColumn) and later.nullable is False)
    where = fold(str(op.table)), fold(found["set"])
    return any((fold(str(later.table)), fold(str(later.column))) == where for later in forbidden)


def statement_of(upgrade: Sequence[Op], number: int) -> str | None:
    """Return the SQL that an operation was understood from, None if there is none or it was read in part only."""
    before = (op for op in reversed(upgrade[:number]) if isinstance(op, ops.Execute))  # what SQL means follows it
    run = next(before, None)
    return run.statement if run is not None and run.origin == upgrade[number].origin and isinstance(run.statement, str) else None
