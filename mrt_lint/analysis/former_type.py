"""The type that a column has before upgrade() changes it, and what downgrade() makes of the values in the new one."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect, is_same_value
from mrt_lint.analysis.type_change import is_narrowing, loses_fraction
from mrt_lint.history.mysql_modify import restates
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AlterColumn
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType

_REFUSING = frozenset({"VARCHAR", "CHAR", "SMALLINT", "INTEGER"})
"""Types that refuse a value which is too long or too large; others round it."""


def former_type(case: MigrationCase, op: AlterColumn) -> object:
    """Return the type before an operation of upgrade(): what it or the history says, else the one that downgrade() restores."""
    known = case.before(op, "type")
    column = case.tracked(op)
    if isinstance(known, SqlType) or column is None:
        return known
    # the last one is what the column has in the end
    for other in reversed(case.migration.downgrade_ops):
        if isinstance(other, AlterColumn) and case.runs(other) and case.tracked(other) is column:
            # MySQL's MODIFY sets the type that the operation calls the existing one
            repeats = other.type is UNSET and case.dialect(other) in FAMILY and restates(other)
            kind = other.existing_type if repeats else other.type
            if isinstance(kind, SqlType):
                return kind
    return known


def narrowed_from(case: MigrationCase, op: AlterColumn) -> SqlType | None:
    """Return the type that upgrade() gave a column, if an operation of downgrade() makes it narrower and refuses what is longer.

    A USING that cuts the values off is believed.
    """
    column, dialect = case.tracked(op), case.dialect(op)
    new = for_dialect(op.type, dialect)
    if column is None or op.using is not None or not isinstance(new, SqlType) or new.name not in _REFUSING:
        return None
    wide: object = UNKNOWN
    for other in case.migration.upgrade_ops:
        if isinstance(other, AlterColumn) and other.type is not UNSET and case.runs(other) and case.tracked(other) is column:
            wide = for_dialect(other.type, dialect)
    if not isinstance(wide, SqlType) or loses_fraction(wide, new):
        return None
    return wide if is_narrowing(wide, new, dialect) else None


def was_as_wide(case: MigrationCase, op: AlterColumn, wide: SqlType) -> bool:
    """Return whether a column that downgrade() makes narrower had the wide type before upgrade() as well.

    The history says so, and no operation of upgrade() says otherwise by its existing_type.
    """
    column, dialect = case.tracked(op), case.dialect(op)
    if column is None or is_same_value(for_dialect(column.former.get("type", UNKNOWN), dialect), wide) is not True:
        return False
    mine = (other for other in case.migration.upgrade_ops if isinstance(other, AlterColumn) and case.tracked(other) is column)
    given = [for_dialect(other.existing_type, dialect) for other in mine if other.existing_type is not UNSET]
    return all(is_same_value(kind, wide) is not False for kind in given)
