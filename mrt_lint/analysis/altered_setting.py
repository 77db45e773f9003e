"""What an operation says of one setting of a column."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model.ops import AlterColumn
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType


def is_set(case: MigrationCase, op: AlterColumn, setting: str) -> bool:
    """Return whether an operation sets something that no other rule reports, as MRT402 does NOT NULL that was not before."""
    value = getattr(op, setting)
    if setting == "server_default" and _is_dropped_if_there(case, op):
        return False
    if setting == "nullable" and value is False:
        return case.originally(op, setting) is False
    return isinstance(value, str | SqlType) or value is None or (setting == "nullable" and value is True)


def _is_dropped_if_there(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether an operation drops a default, or sets it again, only under the condition that upgrade() finds one there."""
    column = case.tracked(op)
    mine = (other for other in case.migration.upgrade_ops if isinstance(other, AlterColumn) and not other.certain)
    drops = (other for other in mine if other.server_default is None and case.tracked(other) is column)
    return not op.certain and column is not None and any(True for _ in drops)


def is_restated(case: MigrationCase, op: AlterColumn, setting: str) -> bool:
    """Return whether MODIFY or CHANGE only had to repeat a setting, as far as is known."""
    is_unknown = op.sql and op.type is not UNSET and case.originally(op, setting) is UNKNOWN
    return is_unknown and (setting != "type" or may_repeat_type(op))


def may_repeat_type(op: AlterColumn) -> bool:
    """Return whether MODIFY or CHANGE may name a type only because it has to: it says something else of the column, too."""
    others = op.new_column, op.comment, op.autoincrement
    says_more = op.nullable is False or isinstance(op.server_default, str) or any(other is not UNSET for other in others)
    return op.sql and op.type is not UNSET and says_more
