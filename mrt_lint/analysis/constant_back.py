"""Columns that come back with one value in every row, whatever the rows held before."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.model.ops import AddColumn, DropColumn, Update

_CONSTANT: Final = re.compile(r"'(?:[^']|'')*'(?:::[\w ]+)?|-?\d+(?:\.\d+)?|true|false", re.IGNORECASE)


def comes_back_constant(case: MigrationCase, drop: DropColumn) -> bool:
    """Return whether downgrade() gives a column that upgrade() drops the same value in all rows, by an UPDATE or a default."""
    analysis, table = case.analysis(drop), case.state_before(drop).table
    again = analysis.successor(drop)
    made = again.creator if again is not None else None
    if table is None or not isinstance(made, AddColumn) or not case.is_readable("downgrade"):
        return False
    written = [
        op for op in analysis.reverse.values() if isinstance(op, Update) and analysis.state_before(op).table in {table, None}
    ]
    columns = [op.columns if isinstance(op.columns, tuple) else (made.column,) for op in written]
    filling = [
        op for op, names in zip(written, columns, strict=True) if has_name(names, made.column) or has_name(names, drop.column)
    ]
    if not filling:
        default = made.definition.server_default
        return readable(default) and _CONSTANT.fullmatch(default) is not None
    return all(_is_constant(op) for op in filling)


def _is_constant(op: Update) -> bool:
    """Return whether an UPDATE writes the same in every row."""
    return op.where is False and not op.repeated and op.flows == () and op.source_columns == () and not op.source_tables
