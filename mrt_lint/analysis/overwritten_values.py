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


def where_kept(columns: tuple[str, ...], of_table: str) -> dict[str, str]:
    """Return the "columns" whose former values have to be kept, and the "place" for them."""
    own = "a table of its own"
    place = f"a new column {of_table} or {own}" if len(columns) == 1 else f"{own}, with the key of each row"
    return {"columns": " and ".join(columns) or "all columns that change", "place": place}


def may_be_computed(op: ops.Update, columns: tuple[str, ...]) -> bool:
    """Return whether an UPDATE could give former values back: each column gets what is computed from itself, or had one value."""
    if op.flows is UNKNOWN or not columns:
        return False
    by_value = {fold(str(test.column)) for test in op.tests if test.asks == "in" and len(test.values) == 1}
    from_itself = {_own(flow) for flow in op.flows}
    return set(map(fold, columns)) <= by_value | from_itself


def _own(flow: ValueFlow) -> str:
    """Return the column of a value that is computed from the column's former one, "" for another value."""
    return fold(flow.column) if readable(flow.column) and readable(flow.source) and fold(flow.source) == fold(flow.column) else ""
