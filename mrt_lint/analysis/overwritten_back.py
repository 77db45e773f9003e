"""UPDATEs of downgrade() that give every row one value, though upgrade() did not write the former values of all of them."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.backfill import is_still_empty
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.ops import AddColumn, AlterColumn, CreateTable, DropColumn, DropTable, Op, Update
from mrt_lint.model.values import UNKNOWN, UNSET


def overwritten_back(case: MigrationCase, op: Update) -> Iterator[tuple[str, bool]]:
    """Yield each column to which a downgrade gives one value in every row, with whether upgrade() changes some rows there.

    Columns that come or go in this migration hold nothing of their own, nor does one that was empty before.
    """
    table, analysis = case.state_before(op).table, case.analysis(op)
    if not _is_same_for_all(op) or not isinstance(table, TrackedTable) or table.creator is not None:
        return
    if not case.is_readable("upgrade") or analysis.upgrade_doubts.rows:
        return
    known = case.known_schema(case.dialect(op)).table(table.origin)
    if known is None or _goes(case, op):
        return
    both = (*case.migration.upgrade_ops, *case.migration.downgrade_ops)
    moving = {
        fold(str(other.column))
        for other in both
        if isinstance(other, AddColumn | DropColumn | AlterColumn)
        and _is_other(other)
        and case.state_before(other).table in {table, None}
    }
    for column in op.columns if op.columns is not UNKNOWN else ():
        if not readable(column) or fold(column) in moving or not _is_known(known, column):
            continue
        mine = [other for other in case.migration.upgrade_ops if isinstance(other, Update) and _may_write(case, other, op, column)]
        # several may be about all rows between them
        if len(mine) <= 1 and all(other.where is True and not is_still_empty(case, other, column) for other in mine):
            yield column, bool(mine)


def _is_same_for_all(op: Update) -> bool:
    """Return whether an UPDATE sets what is the same for all rows, in each of them."""
    is_constant = op.flows == () and op.source_columns in {(), UNKNOWN} and not op.source_tables
    return op.certain and op.where is False and not op.repeated and is_constant


def _is_other(op: AddColumn | DropColumn | AlterColumn) -> bool:
    """Return whether an operation makes or drops a column, or computes its values or renames it."""
    return not isinstance(op, AlterColumn) or op.using is not None or op.new_column is not UNSET


def _goes(case: MigrationCase, op: Update) -> bool:
    """Return whether a downgrade drops the table or makes another one of its name."""
    table = case.state_before(op).table
    drops = (other for other in case.migration.downgrade_ops if isinstance(other, DropTable | CreateTable))
    return any(case.state_before(other).table is table or getattr(other, "table", None) == op.table for other in drops)


def _is_known(table: ReplayedTable, column: str) -> bool:
    return table.columns.get(fold(column)) not in {None, UNKNOWN}


def _may_write(case: MigrationCase, other: Update, op: Op, column: str) -> bool:
    """Return whether an UPDATE of upgrade() may write a column of the table."""
    table = case.state_before(op).table
    names = other.columns if other.columns is not UNKNOWN else (column,)
    writes = any(not readable(name) or fold(name) == fold(column) for name in names)
    return writes and case.state_before(other).table in {table, None}
