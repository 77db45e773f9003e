"""What existing rows hold in a new column: NULL, unless something sets a value."""

from __future__ import annotations

from mrt_lint.analysis.downgrade import DowngradeAnalysis
from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import fold
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AddColumn, AlterColumn, CreateConstraint, CreateIndex, Execute, Op, Statement, Update
from mrt_lint.model.values import UNKNOWN, Column, MaybeName, Name, SqlType, Unknown

_SERIAL = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL"})
_COUNTED = frozenset({"INTEGER", "BIGINT", "SMALLINT"})


def needs_value(column: Column) -> bool:
    """Return whether a column is NOT NULL without a server default, and does not fill itself."""
    return is_nullable(column) is False and column.server_default is None and not fills_itself(column)


def starts_with_null(column: Column) -> bool:
    """Return whether every row holds NULL in a column that is added."""
    return is_nullable(column) is True and column.server_default is None and column.identity is False and not fills_itself(column)


def is_null_so_far(analysis: DowngradeAnalysis, op: AddColumn | CreateConstraint, columns: object) -> bool:
    """Return whether every row holds NULL in one of some columns when an operation comes: upgrade() has added it, and set none."""
    table, new = analysis.state_before(op).table, set()
    for other in analysis.upgrade:
        if isinstance(other, AddColumn) and readable(other.column) and analysis.state_before(other).table is table is not None:
            new |= {fold(other.column)} if starts_with_null(other.definition) else set()
        elif may_set(other) and analysis.state_before(other).table in {table, None}:
            new.clear()
        if other is op:
            break
    return isinstance(columns, tuple) and any(readable(column) and fold(column) in new for column in columns)


def may_set(op: Op) -> bool:
    """Return whether an operation may set a new column in rows that are there."""
    if isinstance(op, Execute):
        return not isinstance(op.statement, str)
    return isinstance(op, Update | AlterColumn) or (isinstance(op, Statement) and op.effect is UNKNOWN)


def is_filled_here(analysis: DowngradeAnalysis, op: AddColumn | CreateIndex | CreateConstraint) -> bool:
    """Return whether something becomes unique with a column that upgrade() adds: no statement can look at it before."""
    columns = (op.column,) if isinstance(op, AddColumn) else op.columns
    table = analysis.state_before(op).table
    if columns is UNKNOWN or table is None:
        return False
    added = (other for other in analysis.upgrade if isinstance(other, AddColumn) and readable(other.column))
    new = {fold(str(other.column)) for other in added if analysis.state_before(other).table is table}
    return any(readable(column) and fold(column) in new for column in columns)


def has_no_rows(analysis: DowngradeAnalysis, op: Op) -> bool:
    """Return whether a table certainly is empty when an operation of upgrade() comes.

    So it is behind a new column that no row can have a value for: that statement fails where there are rows, but on MySQL. What
    comes with a column of its own is looked at by itself.
    """
    state = analysis.state_before(op)
    if state.empty or state.table is None or analysis.simulated.dialect in FAMILY or isinstance(op, AddColumn):
        return state.empty
    before = analysis.upgrade[: analysis.places.get(id(op), 0)]
    added = (other for other in before if isinstance(other, AddColumn) and other.certain and not other.caught)
    return any(analysis.state_before(other).table is state.table and needs_value(other.definition) for other in added)


def has_name(names: tuple[Name, ...] | Unknown, name: MaybeName) -> bool:
    """Return whether a name is one of some, as far as they could be read."""
    return isinstance(names, tuple) and readable(name) and any(readable(one) and fold(one) == fold(name) for one in names)


def fills_itself(column: Column) -> bool:
    """Return whether the database has a value for each row: a number that it counts, or one that it computes from others."""
    kind = column.type.name if isinstance(column.type, SqlType) else None
    counted = column.autoincrement is True or (column.autoincrement == "auto" and column.primary_key is True and kind in _COUNTED)
    return bool(column.identity) or column.computed is not None or kind in _SERIAL or counted
