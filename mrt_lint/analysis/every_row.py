"""UPDATEs of every row, whatever their WHERE says."""

from __future__ import annotations

from itertools import takewhile

from mrt_lint.analysis.column_values import may_set, starts_with_null
from mrt_lint.analysis.downgrade import DowngradeAnalysis
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import fold
from mrt_lint.model.ops import AddColumn, Update
from mrt_lint.model.values import UNKNOWN


def takes_every_row(analysis: DowngradeAnalysis, op: Update) -> bool:
    """Return whether an UPDATE is of all rows: WHERE asks at most for NULL in columns that are new and hold nothing else yet."""
    table = analysis.state_before(op).table
    if op.where is not True or table is None or not op.nulls_alone:
        return op.where is False
    empty: set[str] = set()
    function = analysis.upgrade if id(op) in analysis.places else analysis.reverse.values()
    for other in takewhile(lambda other: other is not op, function):
        if analysis.state_before(other).table not in {table, None}:
            continue
        if isinstance(other, AddColumn) and other.certain:
            empty |= {fold(str(other.column))} if starts_with_null(other.definition) else set()
        elif may_set(other):
            touched = getattr(other, "columns", UNKNOWN)
            empty = empty - {fold(str(name)) for name in touched} if isinstance(touched, tuple) else set()
    return all(readable(name) and fold(name) in empty for name in op.nulls_alone)
