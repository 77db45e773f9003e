"""Values that rows of a column certainly could hold before an upgrade."""

from __future__ import annotations

import re

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.changed_values import former_column, is_boolean
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import fold, place
from mrt_lint.model.ops import AddColumn, BulkInsert, Insert, Op, Update
from mrt_lint.model.values import Column, SqlType


def held_before(case: MigrationCase, op: Op, table: TrackedTable, column: str, value: str | None) -> str:
    """Return by what it is known that a column could hold a value before upgrade(), "" where it is not known."""
    known = former_column(case, table, column, case.dialect(op))
    if known is None:
        return ""
    if value is None:
        return "the column may be NULL" if is_nullable(known) is True else ""
    if is_boolean(case, table, column):
        return "it is a boolean"
    labels = _labels(known)
    if labels:
        return "its type has that value" if value in labels else ""
    if readable(known.server_default) and known.server_default.partition("::")[0].strip("()' ") == value:
        return "it is the default"
    for check in case.former_checks(op):
        if readable(check.condition) and re.search(rf"\b{re.escape(column)}\b", check.condition, re.IGNORECASE):
            return "a check constraint admits it" if f"'{value}'" in check.condition else ""
    return "an earlier revision writes it" if _is_written(case, table, column, value) else ""


def is_new(case: MigrationCase, op: Op, table: TrackedTable, column: str, value: str | None) -> bool:
    """Return whether no row could hold a value in a column before upgrade(): the column, or the value of its type, is new."""
    known = former_column(case, table, column, case.dialect(op))
    if known is None:
        added = (other for other in case.migration.upgrade_ops if isinstance(other, AddColumn))
        return any(has_name((other.column,), column) and case.state_before(other).table is table for other in added)
    if value is None:
        return is_nullable(known) is False
    labels = _labels(known)
    if labels:
        return value not in labels
    checks = [check.condition for check in case.former_checks(op) if readable(check.condition)]
    named = re.compile(rf"\b{re.escape(column)}\b[^<>]*\bin\b", re.IGNORECASE)
    return any(named.search(text) and f"'{value.lower()}'" not in text.lower() for text in checks)


def _labels(column: Column) -> set[str]:
    members = column.type.members if isinstance(column.type, SqlType) else None
    return {label for label in members if readable(label)} if isinstance(members, tuple) else set()


def _is_written(case: MigrationCase, table: TrackedTable, column: str, value: str) -> bool:
    """Return whether an earlier revision writes a value to a column, and no later one of them changes it for all."""
    if case.history is None or not isinstance(case.migration.revision, str):
        return False
    is_written = False
    for op in case.history.ops_before(case.migration.revision, place(*table.origin)):
        if isinstance(op, Insert | BulkInsert) and has_name(op.columns, column) and isinstance(op.values, tuple):
            at = [fold(str(name)) for name in op.columns].index(fold(column)) if isinstance(op.columns, tuple) else 0
            is_written = is_written or any(row[at] == value for row in op.values)
        elif isinstance(op, Update) and has_name(op.columns, column):
            gives = any(has_name((write.column,), column) and write.value == value for write in op.writes)
            takes = any(has_name((test.column,), column) and value in test.values and test.asks == "in" for test in op.tests)
            is_written = gives or (is_written and not takes and op.where is not False)
    return is_written
