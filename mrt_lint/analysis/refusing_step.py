"""The statement with which downgrade() declares that its revision cannot be undone."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable
from mrt_lint.model.ops import Op, Raise


def refusing_step(case: MigrationCase) -> Raise | None:
    """Return what raises whatever happens, None where downgrade() may run on the database."""
    for op in case.migration.downgrade_ops:
        if isinstance(op, Raise) and op.certain and (op.dialects is None or case.target.dialect is not None) and case.runs(op):
            return op
    return None


def is_for_good(case: MigrationCase, op: Op) -> bool:
    """Return whether what an operation takes from a table is nowhere else: the table stays, and no other one has a copy."""
    table, tables = case.state_before(op).table, case.analysis(op).simulated.tables.now.values()
    if not isinstance(table, TrackedTable):
        return table is None
    copies = (other for other in tables if isinstance(other, TrackedTable) and other.creator is not None)
    return table.exists and not any(table in copy.rows for copy in copies if copy is not table)
