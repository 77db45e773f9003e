"""Which values a column may hold when an operation of downgrade() comes, and what downgrade() does to its rows before."""

from __future__ import annotations

from collections.abc import Collection

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import starts_with_null
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject
from mrt_lint.analysis.type_change import computes
from mrt_lint.analysis.unfilled import brings_nothing
from mrt_lint.model.ops import AddColumn, AlterColumn, Delete, Execute, Insert, Op, Statement, Update
from mrt_lint.model.values import UNKNOWN, UNSET


def may_give_values(case: MigrationCase, op: Op, columns: Collection[object]) -> bool:
    """Return whether downgrade() may change these columns, or delete rows of their table, before or in an operation."""
    if not case.is_readable("downgrade"):
        return True
    table = case.state_before(op).table
    for other in (*case.earlier(op), op):
        if isinstance(other, Execute) and not isinstance(other.statement, str):
            return True
        if isinstance(other, Statement) and other.effect is UNKNOWN:
            return True
        writes = isinstance(other, Update) and (
            other.columns is UNKNOWN
            or UNKNOWN in other.columns
            or any(name in columns and not brings_nothing(case, other, name) for name in other.columns)
        )
        writes = writes or (isinstance(other, AlterColumn) and other.column in columns and computes(other))
        writes = writes or (
            isinstance(other, Insert) and other.query and getattr(op, "table", None) in other.source_tables
        )  # REPLACE … SELECT
        if (writes or isinstance(other, Delete)) and case.state_before(other).table in {table, None}:
            return True
    return False


def was_loosened(case: MigrationCase, op: AlterColumn, before: tuple[Op, ...]) -> bool:
    """Return whether rows may hold NULL in the column: upgrade() drops NOT NULL, or downgrade() creates it without a value."""
    column = case.tracked(op)
    if column is None:
        return False
    if came_back(column, before):
        return isinstance(column.creator, AddColumn) and column.creator.certain and starts_with_null(column.creator.definition)
    set_last: object = None
    for other in case.migration.upgrade_ops:
        if isinstance(other, AlterColumn) and case.runs(other) and case.tracked(other) is column:
            set_last = set_last if other.nullable is UNSET else other.nullable
    return set_last is True


def came_back(column: TrackedObject, before: tuple[Op, ...]) -> bool:
    """Return whether downgrade() made the column."""
    return any(column.creator is other for other in before)
