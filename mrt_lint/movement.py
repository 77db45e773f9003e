"""Values that one upgrade moves from a column to a new one."""

from __future__ import annotations

from mrt_lint.case import Case
from mrt_lint.history.schema import fold
from mrt_lint.ops import AddColumn, DropColumn, Update
from mrt_lint.undo.things import readable
from mrt_lint.values import UNKNOWN, Name, Unknown


def moved_to(case: Case, drop: DropColumn) -> tuple[str, ...]:
    """Give the columns, added earlier in this upgrade, that were filled from the one that is dropped; none where there are none.

    An UPDATE whose new values were computed in Python counts where it fills nothing but new columns of the same table.
    """
    added: list[AddColumn] = []
    filled: dict[str, None] = {}
    for op in case.migration.upgrade_ops:
        if op is drop:
            return tuple(filled)
        if isinstance(op, AddColumn):
            added.append(op)
        elif isinstance(op, Update):
            filled.update((str(column.column), None) for column in added if _fills(case, op, column, drop))
    return ()


def _fills(case: Case, update: Update, column: AddColumn, drop: DropColumn) -> bool:
    if not readable(column.column) or not readable(drop.column) or not _has(update.columns, column.column):
        return False
    target, source = case.moment(update).table, case.moment(drop).table
    if target is None or source is None or target is not case.moment(column).table:
        return False
    if update.source_columns is UNKNOWN:
        return target is source and not _has(update.columns, drop.column)
    reads = target is source or (readable(drop.table) and _has(update.source_tables, drop.table))
    return reads and _has(update.source_columns, drop.column)


def _has(names: tuple[Name, ...] | Unknown, name: str) -> bool:
    return names is not UNKNOWN and any(readable(other) and fold(other) == fold(name) for other in names)
