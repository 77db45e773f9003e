"""Whether a statement that repeats all of a column may only repeat that it is NOT NULL."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable
from mrt_lint.model.ops import AlterColumn, Update
from mrt_lint.model.values import UNKNOWN


def may_have_been_required(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether nothing shows that a column took NULL before NOT NULL is written of it.

    SET NOT NULL is about nothing else and is written for a column that took NULL. MySQL's MODIFY repeats the whole column,
    and of a table that was made before the history begins nothing shows what it was; values that are filled in before do.
    """
    history, revision = case.history, case.migration.revision
    if case.server(op) is None or case.originally(op, "nullable") is not UNKNOWN:
        return False
    if history is None or not isinstance(revision, str) or not history.ancestors(revision):
        return False
    state = case.state_before(op)
    if isinstance(state.table, TrackedTable):
        table = case.known_schema(case.dialect(op)).table(state.table.origin)
        if table is not None and table.complete:
            return False
    filled = (other for other in case.earlier(op) if isinstance(other, Update) and case.state_before(other).table is state.table)
    return not any(has_name(other.columns, op.column) for other in filled)
