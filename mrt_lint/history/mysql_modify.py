"""How MySQL and MariaDB alter a column: MODIFY and CHANGE define it again, and drop what they do not repeat.

Alembic repeats what the operation sets or calls existing, so that a wrong `existing_type` changes the type, and NULL, no default
and no comment for the rest
(https://dev.mysql.com/doc/refman/8.4/en/alter-table.html, "MODIFY"; Alembic's `alembic.ddl.mysql`).
"""

from __future__ import annotations

from typing import Any, Final

from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.history.sqlite_rebuild import asked
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import AlterColumn
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Flag, SqlType

_UNSAID: Final[dict[str, Any]] = {"nullable": True, "server_default": None, "autoincrement": False, "comment": None}
"""What a column becomes in which its new definition does not say."""
_RESTATES: Final = ("nullable", "type", "autoincrement", "comment", "new_column")
"""What of `alter_column` makes Alembic write MODIFY or CHANGE; a default alone is SET DEFAULT, save of a time."""
_TIMES: Final = frozenset({"DATETIME", "TIMESTAMP"})
_COUNTED: Final = frozenset({"SMALLINT", "INTEGER", "BIGINT"})


def modified(table: ReplayedTable, op: AlterColumn) -> AlterColumn:
    """Return the operation with all that the server takes from it; a column of the primary key stays NOT NULL."""
    if not restates(op):
        return op
    said: dict[str, Any] = {} if op.sql or op.type is not UNSET else {"type": op.existing_type}
    for setting, unsaid in _UNSAID.items():
        if getattr(op, setting) is UNSET:
            existing = getattr(op, f"existing_{setting}")
            said[setting] = unsaid if existing is UNSET else existing
    if "nullable" in said:
        said["nullable"] = _nullable(table, op, said["nullable"])
    if not _is_numbered(table, op):
        said.pop("autoincrement", None)
    return replace(op, **said)


def restates(op: AlterColumn) -> bool:
    """Return whether an operation becomes MODIFY or CHANGE, for which Alembic needs the type."""
    if op.batch and asked(op).recreate == "always":
        return False  # the table is rebuilt, from the server's own definition
    restated = ("type",) if op.sql else _RESTATES  # RENAME COLUMN, with which SQL leaves the rest unchanged, names no type
    return any(getattr(op, setting) is not UNSET for setting in restated) or _is_new_time(op)


def _nullable(table: ReplayedTable, op: AlterColumn, said: Flag) -> Flag:
    key = table.primary_key
    if key is UNKNOWN or said is not True:
        return said if said is not True else UNKNOWN
    return not any(isinstance(name, str) and fold(name) == fold(str(op.column)) for name in key or ())


def _is_new_time(op: AlterColumn) -> bool:
    """Return whether a default is set of a time, for which Alembic writes CHANGE: it may have ON UPDATE."""
    kind = op.existing_type if op.type is UNSET else op.type
    return not op.sql and isinstance(op.server_default, str) and isinstance(kind, SqlType) and kind.name in _TIMES


def _is_numbered(table: ReplayedTable, op: AlterColumn) -> bool:
    column = table.columns.get(fold(str(op.column)))
    return isinstance(column, Column) and (column.autoincrement is True or is_numbered_by_sqlalchemy(table, column))


def is_numbered_by_sqlalchemy(table: ReplayedTable, column: Column) -> bool:
    """Return whether a column has AUTO_INCREMENT though nothing says so: a key of its own that is an integer and no reference."""
    kind = column.type.name if isinstance(column.type, SqlType) else None
    if column.autoincrement != "auto" or kind not in _COUNTED or column.server_default is not None or table.primary_key is UNKNOWN:
        return False
    refers = any(key.columns is UNKNOWN or column.name in key.columns for key in table.known_constraints("foreignkey"))
    return table.primary_key == (column.name,) and not refers
