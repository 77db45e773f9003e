"""What PostgreSQL works through again when a column's type changes, though it rewrites no row."""

from __future__ import annotations

import re

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.ops import AlterColumn
from mrt_lint.model.values import SqlType

_OTHER_ORDER = frozenset({"CITEXT"})
"""Types whose values compare otherwise than those that are stored alike, so that indexes are rebuilt."""


def looked_through(case: MigrationCase, op: AlterColumn, new: SqlType) -> str:
    """Return what PostgreSQL does for a new type of a column that rewrites nothing, as a clause; nothing if that is nothing.

    Seen on PostgreSQL 15 by its DEBUG1 messages "verifying table" and "building index".
    """
    table = case.known_schema("postgresql").schema.table(op.table, op.schema) if readable(op.table) else None
    if not isinstance(table, ReplayedTable) or not readable(op.column):
        return ""
    name = re.compile(rf"(?<![\w.]){re.escape(fold(op.column))}(?!\w)")
    for check in table.known_constraints("check"):
        if readable(check.condition) and name.search(check.condition.casefold()):
            called = f"CHECK '{check.name}'" if readable(check.name) else "its CHECK"
            return f"it looks at every row for {called} again"
    former = table.columns.get(fold(op.column))
    other = new.name in _OTHER_ORDER or getattr(getattr(former, "type", None), "name", "") in _OTHER_ORDER
    for index in table.known_indexes() if other else ():
        if isinstance(index.columns, tuple) and op.column in index.columns:
            return f"it builds index '{index.index}' again"
    return ""
