"""Whether a new column needs a value that the rows of its table do not have."""

from __future__ import annotations

from mrt_lint.undo.definition import is_nullable
from mrt_lint.values import Column, SqlType

_SERIAL = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL"})
_COUNTED = frozenset({"INTEGER", "BIGINT", "SMALLINT"})


def needs_value(column: Column) -> bool:
    """Tell whether a column is NOT NULL without a server default, and does not fill itself."""
    return is_nullable(column) is False and column.server_default is None and not _fills_itself(column)


def _fills_itself(column: Column) -> bool:
    kind = column.type.name if isinstance(column.type, SqlType) else None
    counted = column.autoincrement is True or (column.autoincrement == "auto" and column.primary_key is True and kind in _COUNTED)
    return bool(column.identity) or column.computed is not None or kind in _SERIAL or counted
