"""What upgrade() makes and the older schema may have had already, so that it is not left behind."""

from __future__ import annotations

from collections.abc import Iterable

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import ReplayedTable, fold, place, without_order
from mrt_lint.model import ops
from mrt_lint.model.values import UNKNOWN, Constraint, Name, Unknown


def may_be_older(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether what upgrade() makes may be what was there before: made where it is missing, or in its own place.

    A history that is known and makes nothing like it proves that it was not.
    """
    return (op.if_absent or _takes_an_own_place(case, op)) and not _is_new_for_sure(case, op)


def _takes_an_own_place(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether upgrade() drops before something of the kind in the table, by a name that it looks up."""
    if not isinstance(op, ops.CreateConstraint | ops.CreateIndex):
        return False
    table = case.state_before(op).table
    for other in case.earlier(op):
        if isinstance(op, ops.CreateIndex):
            is_alike = isinstance(other, ops.DropIndex) and not readable(other.index)
        else:
            is_alike = isinstance(other, ops.DropConstraint) and not readable(other.constraint)
            is_alike = is_alike and getattr(other, "kind", None) in {op.definition.kind, None, UNKNOWN}
        if is_alike and table is not None and case.state_before(other).table in {table, None}:
            return True
    return False


def _is_new_for_sure(case: MigrationCase, op: ops.Op) -> bool:
    known = case.known_schema(case.dialect(op))
    if isinstance(op, ops.CreateTable):
        return readable(op.table) and known.is_absent(place(op.schema, op.table))
    table = case.state_before(op).table
    if not isinstance(table, TrackedTable):
        return False
    former = known.table(table.origin)
    is_whole = former is not None and former.complete
    if isinstance(op, ops.AddColumn):
        return is_whole and readable(op.column) and former is not None and fold(op.column) not in former.columns
    if not isinstance(op, ops.CreateConstraint | ops.CreateIndex) or _has_new_column(table, op.columns):
        return isinstance(op, ops.CreateConstraint | ops.CreateIndex)
    return is_whole and former is not None and not _has_alike(former, op)


def _has_new_column(table: TrackedTable, columns: tuple[Name, ...] | Unknown) -> bool:
    """Return whether upgrade() itself has made one of the columns."""
    names = columns if isinstance(columns, tuple) else ()
    found = (table.columns_by_name.find(fold(without_order(name))) for name in names if readable(name))
    return any(column is not None and column.creator is not None for column in found)


def _has_alike(former: ReplayedTable, op: ops.CreateConstraint | ops.CreateIndex) -> bool:
    """Return whether a table had something of the kind on the columns, or something of which that is not known."""
    others: Iterable[Constraint | ops.CreateIndex | Unknown] = (
        (*former.indexes.values(), *former.unnamed)
        if isinstance(op, ops.CreateIndex)
        else former.known_constraints(op.definition.kind)
    )
    mine = _folded(op.columns)
    theirs = [None if isinstance(other, Unknown) else _folded(other.columns) for other in others]
    return any(mine is None or one is None or one == mine for one in theirs)


def _folded(columns: tuple[Name, ...] | Unknown) -> frozenset[str] | None:
    if not isinstance(columns, tuple) or not all(map(readable, columns)):
        return None
    return frozenset(fold(without_order(str(name))) for name in columns)
