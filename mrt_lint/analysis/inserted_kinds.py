"""Rows that upgrade() inserts with constants, against what the WHERE of a DELETE in downgrade() asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.changed_values import is_choice
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.held_before import is_new
from mrt_lint.analysis.row_deletion import insertions
from mrt_lint.analysis.wording import quoted
from mrt_lint.history.schema import fold, place
from mrt_lint.model.ops import AddColumn, BulkInsert, Delete, Insert, Op, Truncate, Update
from mrt_lint.model.values import UNKNOWN, ColumnTest, MaybeConstant

Row = Mapping[str, MaybeConstant]
"""The constants of a row that is inserted, by column; UNKNOWN what is none."""


def rows_of(op: Op) -> tuple[Row, ...] | None:
    """Return the rows that an operation inserts, of a query the one that is like all of them; None where they are not read."""
    if not isinstance(op, Insert | BulkInsert) or op.columns is UNKNOWN or op.values is UNKNOWN or not op.certain or op.repeated:
        return None
    names = [fold(name) for name in op.columns if readable(name)]
    return tuple(dict(zip(names, row, strict=True)) for row in op.values) if len(names) == len(op.columns) else None


def others_asked_for(case: MigrationCase, op: Delete, table: TrackedTable) -> str:
    """Return a condition of a DELETE that no row which upgrade() inserts meets, "" where each may be one of them."""
    rows = _read(case, op, table)
    for test in op.tests if rows else ():
        given = [row.get(fold(str(test.column)), UNKNOWN) for row in rows or ()]
        if UNKNOWN in given or any(_is_new(case, op, table, test, value) for value in test.values):
            continue
        lacking = [value for value in test.values if value.lower() not in {text.lower() for text in given if isinstance(text, str)}]
        if lacking:
            return f"{test.column} = {quoted(lacking[0])}"
    return ""


def kind_asked_for(case: MigrationCase, op: Delete, table: TrackedTable) -> str:
    """Return the condition of a DELETE that asks for a kind of rows, which others may be as well, "" where it names rows."""
    rows = _read(case, op, table)
    empties = (other for other in case.migration.upgrade_ops if isinstance(other, Delete | Truncate))
    if not rows or _is_about_new_rows(case, op, table) or any(case.state_before(other).table is table for other in empties):
        return ""
    asked = [fold(str(test.column)) for test in op.tests]
    known = case.known_schema(case.dialect(op)).table(table.origin)
    keys = [{fold(str(name)) for name in key} for key in known.known_keys()] if known is not None else []
    if any(key <= set(asked) for key in keys):
        return ""
    alike = Counter(tuple(row.get(name, UNKNOWN) for name in asked) for row in rows)
    is_kind = any(count > 1 and UNKNOWN not in values for values, count in alike.items())
    is_kind = is_kind or any(set(asked) < key for key in keys) or any(is_choice(case, table, name) for name in asked)
    is_kind = is_kind or any(isinstance(other, Insert) and other.query for other in insertions(case, op, table))
    return " AND ".join(f"{test.column} {_values(test)}" for test in op.tests) if is_kind else ""


def may_have_been(case: MigrationCase, op: Delete, table: TrackedTable) -> bool:
    """Return whether a DELETE meets a row that upgrade() inserts only if it is not there yet."""
    inserts = (other for other in insertions(case, op, table) if isinstance(other, Insert) and other.spares)
    rows = [row for other in inserts for row in rows_of(other) or () if _read(case, op, table) is not None]
    return any(not any(_misses(test, row) for test in op.tests) for row in rows) and not _is_about_new_rows(case, op, table)


def left_rows(case: MigrationCase, op: Insert | BulkInsert) -> str:
    """Return what a row holds that upgrade() inserts and no DELETE of downgrade() meets, "" where each may be met."""
    table, analysis = case.state_before(op).table, case.analysis(op)
    if not isinstance(table, TrackedTable) or analysis.downgrade_doubts.rows or analysis.refuses or _changes(case, op, table):
        return ""
    mine = [other for other in analysis.reverse.values() if analysis.state_before(other).table in {table, None}]
    deletes = [other for other in mine if isinstance(other, Delete)]
    if not deletes or any(isinstance(other, Truncate | Insert | BulkInsert | Update) for other in mine):
        return ""
    for row in rows_of(op) or ():
        missed = [next((test for test in delete.tests if _misses(test, row)), None) for delete in deletes]
        if all(test is not None for test in missed):
            columns = dict.fromkeys(fold(str(test.column)) for test in missed if test is not None)
            return " and ".join(f"{name} {quoted(_text(row[name]))}" for name in columns)
    return ""


def _text(value: MaybeConstant) -> str | None:
    return value if isinstance(value, str) else None


def _read(case: MigrationCase, op: Delete, table: TrackedTable) -> list[Row] | None:
    """Return all rows that upgrade() inserts, None where these or what the DELETE asks for are not read."""
    if not op.tests or any(test.asks != "in" or not readable(test.column) for test in op.tests) or _changes(case, op, table):
        return None
    found: list[Row] = []
    for other in insertions(case, op, table):
        rows = rows_of(other)
        if rows is None or case.state_before(other).table is None:
            return None
        found += rows
    return found if not case.analysis(op).upgrade_doubts.rows else None


def _changes(case: MigrationCase, op: Op, table: TrackedTable) -> bool:
    """Return whether upgrade() changes values of rows by UPDATE, so that inserted ones may be others in the end."""
    return any(isinstance(other, Update) and case.state_before(other).table in {table, None} for other in case.analysis(op).upgrade)


def _misses(test: ColumnTest, row: Row) -> bool:
    value = row.get(fold(str(test.column)), UNKNOWN) if readable(test.column) else UNKNOWN
    if test.asks != "in" or value is UNKNOWN:
        return False
    return value is None or str(value).lower() not in map(str.lower, test.values)


def _is_new(case: MigrationCase, op: Delete, table: TrackedTable, test: ColumnTest, value: str) -> bool:
    return is_new(case, op, table, str(test.column), value)


def _is_about_new_rows(case: MigrationCase, op: Delete, table: TrackedTable) -> bool:
    """Return whether a DELETE asks for what no row could hold before: a new value, or a reference to a row that is new."""
    if asks_for_new(case, op, table):
        return True
    known = case.known_schema(case.dialect(op)).table(table.origin)
    inserted = {
        place(other.schema, other.table)
        for other in case.migration.upgrade_ops
        if isinstance(other, Insert | BulkInsert) and readable(other.table)
    }
    return any(
        readable(key.referred_table)
        and place(key.referred_schema, key.referred_table) in inserted
        and any(has_name(key.columns, test.column) for test in op.tests)
        for key in (known.known_constraints("foreignkey") if known is not None else ())
    )


def _values(test: ColumnTest) -> str:
    texts = [quoted(value) for value in test.values]
    return f"= {texts[0]}" if len(texts) == 1 else f"IN ({', '.join(texts)})"


def asks_for_new(case: MigrationCase, op: Delete, table: TrackedTable) -> bool:
    """Return whether a DELETE asks for what no row could hold before upgrade()."""
    return any(
        readable(test.column) and test.asks == "in" and all(_is_new(case, op, table, test, value) for value in test.values)
        for test in op.tests
    )


def asks_for_column(case: MigrationCase, op: Delete) -> bool:
    """Return whether a DELETE names a column that upgrade() adds."""
    table = case.state_before(op).table
    added = (other for other in case.migration.upgrade_ops if isinstance(other, AddColumn))
    return any(has_name(op.conditions, other.column) and case.state_before(other).table is table for other in added)
