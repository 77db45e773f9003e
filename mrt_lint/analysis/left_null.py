"""Rows that upgrade() leaves with NULL in a column that it then sets NOT NULL."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name, starts_with_null
from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.made_conditionally import was_required
from mrt_lint.analysis.raw_sql import statement_of
from mrt_lint.analysis.rows_covered import row_left
from mrt_lint.history.doubt import is_opaque
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.ops import AddColumn, AlterColumn, Delete, Insert, Op, Truncate, Update
from mrt_lint.model.values import HOLE, UNKNOWN, UNSET, Column, ColumnTest, Name

NONE: Final = "none"
_MATCHED: Final = re.compile(r"=\s*\(\s*SELECT\s+[\w.\"`]+\s+FROM\b", re.IGNORECASE)
"""A value that is NULL where the query finds no row."""


def rows_filled(case: MigrationCase, op: AlterColumn) -> str | None:
    """Return which rows alone have a value when a column is set NOT NULL, `NONE` if none has; None if it may be every row."""
    state, table = case.state_before(op), case.state_before(op).table
    if not isinstance(table, TrackedTable) or not readable(op.column) or state.empty or not op.certain or op.using is not None:
        return None
    earlier = list(case.earlier(op))
    if case.before(op, "nullable") is False or _is_open(case, op, earlier):
        return None
    is_new = _is_added_empty(case, op, earlier)
    mine = [other for other in earlier if case.state_before(other).table is table]
    fills = [other for other in mine if isinstance(other, Update) and has_name(other.columns, op.column)]
    if not fills:
        return NONE if is_new and not any(_takes_nulls(other, op.column) for other in mine) else None
    known = case.known_schema(case.dialect(op)).table(table.origin)
    if known is None or not (is_new or any(has_name(fill.fills, op.column) for fill in fills)):
        return None
    takes = [other for other in mine if isinstance(other, Delete) and _matters(other, fills)]
    if len(fills) == 1 and not takes:
        return _chosen(case, known, fills[0], op.column)
    return _left_by_all(case, known, [*fills, *takes], op.column)


def may_hold_null(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether a column that was there takes NULL until an operation sets it NOT NULL, and nothing takes that away before.

    MODIFY has to repeat NOT NULL: where it sets something else of a column that is not known, NOT NULL need not be new.
    """
    state, table = case.state_before(op), case.state_before(op).table
    before = case.before(op, "nullable")
    others = op.type, op.server_default, op.new_column
    is_repeated = before is UNKNOWN and any(other is not UNSET for other in others)
    if op.nullable is not False or before is False or is_repeated or not op.certain or op.using is not None:
        return False
    if not isinstance(table, TrackedTable) or state.empty or state.new_table or state.new_column or was_required(case, op):
        return False
    earlier = list(case.earlier(op))
    mine = (other for other in earlier if case.state_before(other).table is table)
    changes = any(isinstance(other, Update) and has_name(other.columns, op.column) for other in mine)
    return not changes and not _is_open(case, op, earlier) and not any(isinstance(other, Delete) for other in earlier)


def _takes_nulls(op: Op, column: Name) -> bool:
    """Return whether an operation deletes each row with NULL in a column: it asks for nothing else."""
    nulls_alone = bool(op.tests) and all(test.asks == "null" for test in op.tests) if isinstance(op, Delete) else False
    return isinstance(op, Delete) and (
        op.where is not True or (nulls_alone and any(has_name((test.column,), column) for test in op.tests))
    )


def _matters(op: Delete, fills: list[Update]) -> bool:
    """Return whether a DELETE may take what the UPDATEs leave: other DELETEs leave rows of each kind."""
    if op.where is not True or not op.conditions or any(not readable(name) for name in op.conditions):
        return True
    names = (name for fill in fills for name in (*fill.conditions, *(fill.columns if isinstance(fill.columns, tuple) else ())))
    asked = {fold(name) for name in names if readable(name)}
    return any(fold(str(name)) in asked for name in op.conditions)


def _left_by_all(case: MigrationCase, known: ReplayedTable, statements: list[Update | Delete], column: Name) -> str | None:
    """Return which rows several statements fill or delete where they certainly leave others, None if they may leave none."""
    key = _own_key(known)
    asked: list[tuple[ColumnTest, ...]] = []
    for op in statements:
        text = statement_of(case.migration.upgrade_ops, op)
        if isinstance(op, Update) and (op.source_tables or _MATCHED.search(text)):
            return None  # each may be about rows of its own kind
        if op.where is not True:
            return None
        asked.append(tuple(test for test in op.tests if not (readable(test.column) and fold(test.column) in key)))
    row = row_left(asked, known, str(column))
    if row is None:
        return None
    nulls = [name for name, value in row.items() if value is None and name != fold(str(column))]
    return f"rows with a value in {' or '.join(map(repr, nulls))}" if nulls else "rows that WHERE chooses"


def _is_added_empty(case: MigrationCase, op: AlterColumn, earlier: list[Op]) -> bool:
    column = case.tracked(op)
    made = column.creator if column is not None else None
    if not isinstance(made, AddColumn) or not made.certain:
        return False
    return starts_with_null(made.definition) and any(made is other for other in earlier)


def _is_open(case: MigrationCase, op: AlterColumn, earlier: list[Op]) -> bool:
    """Return whether what is not read in full may fill the column, or take away the rows without a value."""
    line = op.origin.line if op.origin is not None else 0
    calls = (call for call in case.migration.unreadable if call.function == "upgrade" and call.place.line < line)
    return any(calls) or any(_may_fill(case, other, op) for other in earlier)


def _may_fill(case: MigrationCase, other: Op, op: AlterColumn) -> bool:
    """Return whether an operation may change which rows hold NULL in a way that is not read."""
    if is_opaque(other):
        return True
    if isinstance(other, Insert) and other.query:  # REPLACE … SELECT
        return op.table in other.source_tables
    if case.state_before(other).table not in {case.state_before(op).table, None}:
        return False
    if isinstance(other, AlterColumn):
        return other.using is not None or other.new_column is not UNSET
    if isinstance(other, Truncate):
        return True
    if not isinstance(other, Update | Delete):
        return False
    text = statement_of(case.migration.upgrade_ops, other)
    is_plain = readable(other.table) and other.certain and other.where is not UNKNOWN
    is_plain = is_plain and not (isinstance(other, Update) and other.columns is UNKNOWN)
    return not is_plain or HOLE in text or ":" in text.replace("::", "")


def _chosen(case: MigrationCase, known: ReplayedTable, update: Update, column: str) -> str | None:
    """Return which rows an UPDATE fills where it leaves others, None if it may leave none."""
    if update.where is not True and _MATCHED.search(statement_of(case.migration.upgrade_ops, update)) is None:
        return None
    # of a Core statement, columns of other tables are among them
    asked = {fold(name) for name in update.conditions if readable(name)}.intersection(known.columns) - {fold(column)}
    if not asked:
        return None
    key = _own_key(known)
    if not update.source_tables:  # `WHERE id > 0` is every row
        given = {fold(str(test.column)) for test in update.tests if test.asks == "not null"}
        open_to_all = {name for name in asked - key if not _is_optional(known, name) and name in given}
        return "rows that WHERE chooses" if asked - key - open_to_all else None
    tables = [name for name in update.source_tables if readable(name)]
    optional = any(_is_optional(known, name) for name in asked)
    if not tables or not (optional or (asked <= key and not _refer(known, key, tables))):
        return None
    return f"rows that {' and '.join(repr(name) for name in tables)} {'has' if len(tables) == 1 else 'have'} a match for"


def _own_key(known: ReplayedTable) -> set[str]:
    return {fold(str(name)) for name in known.primary_key} if isinstance(known.primary_key, tuple) else set()


def _is_optional(known: ReplayedTable, name: str) -> bool:
    column = known.columns.get(name)
    return isinstance(column, Column) and is_nullable(column) is True


def _refer(known: ReplayedTable, columns: set[str], tables: list[str]) -> bool:
    """Return whether a foreign key over some of the columns points to one of these tables, where each row has a match then."""
    return any(
        has_name(tuple(tables), key.referred_table)
        and isinstance(key.columns, tuple)
        and {fold(str(name)) for name in key.columns} <= columns
        for key in known.known_constraints("foreignkey")
    )
