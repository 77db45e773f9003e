"""Tables and columns that upgrade() makes and leaves without a value."""

from __future__ import annotations

from itertools import takewhile

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, Name, ValueFlow

_ROWS = (ops.Insert, ops.BulkInsert)


def is_unfilled(case: MigrationCase, table: TrackedObject | None, by: Op) -> bool:
    """Return whether upgrade() makes a table and certainly puts no row into it, until one of its operations or at all."""
    analysis = case.analysis(by)
    if not isinstance(table, TrackedTable) or table.creator is None or table.rows or table.filled or analysis.upgrade_doubts.rows:
        return False
    if not any(other is table.creator for other in analysis.upgrade):
        return False
    before = takewhile(lambda other: other is not by, analysis.upgrade)
    return not any(isinstance(other, _ROWS) and analysis.state_before(other).table in {table, None} for other in before)


def brings_nothing(case: MigrationCase, update: ops.Update, column: Name) -> bool:
    """Return whether an UPDATE of downgrade() takes a column's values only from what upgrade() makes and leaves empty."""
    flows = update.flows if update.flows is not UNKNOWN else ()
    mine = [flow for flow in flows if readable(flow.column) and readable(column) and fold(flow.column) == fold(column)]
    if update.source_tables:  # a subquery joins by the key of the row that it is for
        mine = [flow for flow in mine if not _is_own_key(case, update, flow)]
    return bool(mine) and all(_is_empty(case, update, flow) for flow in mine)


def _is_own_key(case: MigrationCase, update: ops.Update, flow: ValueFlow) -> bool:
    table = case.state_before(update).table
    known = case.known_schema(case.dialect(update)).table(table.origin) if isinstance(table, TrackedTable) else None
    key = known.primary_key if known is not None else ()
    is_own = flow.table is None or (readable(flow.table) and readable(update.table) and fold(flow.table) == fold(update.table))
    return is_own and isinstance(key, tuple) and any(_is(name, flow.source) for name in key)


def _is_empty(case: MigrationCase, update: ops.Update, flow: ValueFlow) -> bool:
    """Return whether what a value is computed from is in an empty table, or in a column that upgrade() adds and never writes."""
    if not readable(flow.source):
        return False
    analysis = case.analysis(update)
    made = _made(case, update)
    named = made.get(fold(flow.table)) if readable(flow.table) else None
    others = [made.get(fold(str(name))) for name in update.source_tables]
    from_other = flow.table is not None and flow.table != update.table
    if named is not None or (from_other and others):
        # an alias: then it is one of the tables that the statement reads
        return all(is_unfilled(case, table, update) for table in ([named] if named is not None else others))
    if from_other or update.source_tables or analysis.upgrade_doubts.rows:
        return False
    table = analysis.state_before(update).table
    added = [
        op
        for op in analysis.upgrade
        if isinstance(op, ops.AddColumn) and analysis.state_before(op).table is table and _is(op.column, flow.source)
    ]
    return (
        bool(added)
        and not any(_may_write(op, flow.source) and analysis.state_before(op).table in {table, None} for op in analysis.upgrade)
        and all(op.definition.server_default is None for op in added)
    )


def _made(case: MigrationCase, by: Op) -> dict[str, TrackedObject | None]:
    """Return the tables that upgrade() makes, by the names that it gives them."""
    analysis = case.analysis(by)
    return {
        fold(op.table): next((effect.tracked for effect in analysis.effects.get(id(op), ()) if effect.action == "made"), None)
        for op in analysis.upgrade
        if isinstance(op, ops.CreateTable) and readable(op.table)
    }


def _may_write(op: Op, column: Name) -> bool:
    if isinstance(op, ops.AlterColumn):
        return _is(op.column, column) or _is(op.new_column, column)
    if not isinstance(op, (ops.Update, *_ROWS)):
        return False
    return op.columns is UNKNOWN or any(not readable(name) or _is(name, column) for name in op.columns)


def _is(one: object, other: Name) -> bool:
    return isinstance(one, str) and readable(one) and readable(other) and fold(one) == fold(other)
