"""What existing rows can make MySQL or MariaDB refuse."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.mysql_alteration import leaves_keys_unchecked
from mrt_lint.analysis.type_change import is_narrowing, loses_fraction
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType

_REFUSED_ROWS = {
    "foreignkey": "a row has no parent",
    "check": "a row breaks the check",
    "unique": "two rows hold the same",
    "primary": "two rows hold the same",
}
# any other type is read from what a text says, and one row can be refused
_TEXTS = frozenset({"VARCHAR", "TEXT", "CHAR", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT"})


def refusable(case: MigrationCase, op: Op) -> str:
    """Return what in the rows of a table may make MySQL or MariaDB refuse an operation, None if no such row is known.

    What this upgrade prepared (it filled the column, deleted or changed rows of the table) or replaces is taken to fit.
    """
    state = case.state_before(op)
    if state.new_table or state.empty or state.new_column or _is_prepared(case, op):
        return ""
    if isinstance(op, ops.AlterColumn):
        return _refusable_column(case, op)
    if isinstance(op, ops.CreateForeignKey | ops.CreateCheckConstraint | ops.CreateUniqueConstraint | ops.CreatePrimaryKey):
        unchecked = isinstance(op, ops.CreateForeignKey) and leaves_keys_unchecked(case, op)
        return "" if unchecked or _is_replacement(case, op) else _REFUSED_ROWS[op.definition.kind]
    unique = isinstance(op, ops.CreateIndex) and op.unique is True
    return _REFUSED_ROWS["unique"] if unique and not _is_replacement(case, op) else ""


def _refusable_column(case: MigrationCase, op: ops.AlterColumn) -> str:
    was_nullable = case.before(op, "nullable")
    restated = op.sql or op.type is not UNSET  # MySQL takes whole definitions
    if op.nullable is False and (was_nullable is True or (was_nullable is UNKNOWN and not restated)):
        return "a row holds NULL"
    dialect = case.dialect(op)
    former, new = for_dialect(case.before(op, "type"), dialect), for_dialect(op.type, dialect)
    if isinstance(former, SqlType) and isinstance(new, SqlType):
        converted = former.name in _TEXTS and new.name.isupper() and new.name not in _TEXTS
        narrowed = is_narrowing(former, new, dialect) and not loses_fraction(former, new)
        return "a value does not fit" if converted or narrowed else ""
    return ""


def _is_prepared(case: MigrationCase, op: Op) -> bool:
    """Return whether this upgrade changed or deleted rows of an operation's table before it, or filled the columns it added."""
    table = case.state_before(op).table
    for other in case.earlier(op):
        if isinstance(other, ops.Update | ops.Delete) and case.state_before(other).table in {None, table}:
            return True
        if isinstance(other, ops.AddColumn) and case.state_before(other).table is table and other.column in _columns(op):
            return True
    return False


def _columns(op: Op) -> tuple[object, ...]:
    columns = op.columns if isinstance(op, ops.CreateConstraint | ops.CreateIndex) else ()
    return () if columns is UNKNOWN else columns


def _is_replacement(case: MigrationCase, op: Op) -> bool:
    """Return whether this upgrade dropped a constraint or index of the table before, in whose place another one comes."""
    kinds = ops.DropIndex | ops.DropConstraint
    table = case.state_before(op).table
    return any(isinstance(other, kinds) and case.state_before(other).table in {None, table} for other in case.earlier(op))
