"""UPDATEs of downgrade() that copy NULL to a column which does not take it at that point."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.given_values import may_give_values
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.ops import Update
from mrt_lint.model.values import UNKNOWN, Column


def copied_nulls(case: MigrationCase, op: Update) -> Iterator[dict[str, str]]:
    """Yield what to say of each value that an UPDATE of every row copies from a column that may be NULL to one that may not.

    Whether it may is asked of the table as it is at that point: downgrade() may allow NULL before, or later only.
    """
    if op.flows is UNKNOWN or op.where is not False or op.source_tables or not readable(op.table):
        return
    table = case.state_before(op).schema.table(op.table, op.schema if readable(op.schema) else None)
    for flow in op.flows if isinstance(table, ReplayedTable) else ():
        if not flow.plain or not readable(flow.column) or not readable(flow.source) or flow.table not in {None, op.table}:
            continue
        others = [other for other in op.flows if other.column == flow.column]
        target, source = _column(table, flow.column), _column(table, flow.source)
        if len(others) > 1 or target is None or source is None:
            continue
        if is_nullable(target) is False and is_nullable(source) is True and not may_give_values(case, op, {flow.source}):
            advice = (
                f"allow NULL in {flow.column} before it, or write coalesce({flow.source}, …), or WHERE {flow.source} IS NOT NULL"
            )
            yield {
                "deed": f"copies '{flow.source}' of {names(op)['the_table']} to '{flow.column}', which is NOT NULL then",
                "where": f"{flow.source} is NULL by then",
                "advice": advice,
            }


def _column(table: object, name: str) -> Column | None:
    found = table.columns.get(fold(name)) if isinstance(table, ReplayedTable) else None
    return found if isinstance(found, Column) else None
