"""What an operation says of one setting of a column."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model.ops import AlterColumn
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType


def is_set(case: MigrationCase, op: AlterColumn, setting: str) -> bool:
    """Return whether an operation sets something that no other rule reports, as MRT402 does NOT NULL that was not before."""
    value = getattr(op, setting)
    if setting == "nullable" and value is False:
        return case.originally(op, setting) is False
    return isinstance(value, str | SqlType) or value is None or (setting == "nullable" and value is True)


def is_restated(case: MigrationCase, op: AlterColumn, setting: str) -> bool:
    """Return whether MODIFY or CHANGE only had to repeat a setting, as far as is known."""
    return op.sql and setting != "type" and op.type is not UNSET and case.originally(op, setting) is UNKNOWN
