"""Former values that an UPDATE of upgrade() overwrites, and what by."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.values import UNKNOWN, ValueFlow


def written(case: MigrationCase, op: ops.Update) -> tuple[str, ...]:
    """Return the columns of former values that an UPDATE sets, nothing where one of its columns is not known."""
    if op.columns is UNKNOWN or not all(map(readable, op.columns)):
        return ()
    new = case.state_before(op).new_columns
    return tuple(str(name) for name in op.columns if fold(str(name)) not in new)


def listed(op: ops.Update, columns: tuple[str, ...]) -> str:
    """Return columns of a table for a sentence."""
    table = names(op)["table"]
    quoted = " and ".join(f"'{table}.{name}'" for name in columns)
    return f"column {quoted}" if len(columns) == 1 else f"columns {quoted}"


def updates_others(case: MigrationCase, op: ops.Update) -> bool:
    """Return whether downgrade() changes values of the same table, which can only be those of other columns."""
    analysis, table = case.analysis(op), case.state_before(op).table
    return table is not None and any(
        isinstance(other, ops.Update) and analysis.state_before(other).table is table for other in analysis.reverse.values()
    )


def is_constant(op: ops.Update, columns: tuple[str, ...]) -> bool:
    """Return whether an UPDATE sets columns to what is the same for all rows, and not instead of one other such value."""
    if op.flows is UNKNOWN or op.columns is UNKNOWN or {"", *map(fold, columns)} & _computed(op.flows):
        return False
    by_value = {fold(str(test.column)) for test in op.tests if test.asks == "in" and len(test.values) == 1}
    return by_value.isdisjoint(map(fold, columns))


def _computed(flows: tuple[ValueFlow, ...]) -> set[str]:
    """Return the columns that get what is computed from others or by Python, "" for one that is not known."""
    return {fold(flow.column) if readable(flow.column) else "" for flow in flows}
