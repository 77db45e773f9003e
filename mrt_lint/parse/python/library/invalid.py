"""Calls of operations that raise TypeError before the database sees anything."""

from __future__ import annotations

from typing import Final

from mrt_lint.model.ops.signatures import missing
from mrt_lint.model.values import Column
from mrt_lint.parse.python.library.elements import TableElement
from mrt_lint.parse.python.library.operation import OperationCall

_NAMING_A_TABLE: Final = frozenset({"add_column", "alter_column", "create_index", "drop_column", "drop_index"})


def find_problem(name: str, operation: OperationCall) -> str | None:
    """Return one clause on why a call raises TypeError: a parameter is not given, or an object where a name belongs."""
    lacking = missing(name, operation.named, batch=operation.batch is not None) if operation.complete else None
    if lacking is not None:
        return f"it lacks its argument {lacking}"
    if name in _NAMING_A_TABLE and isinstance(operation.named.get("table_name"), TableElement):
        return "it takes the name of a table as text and gets an object"
    if name in {"drop_column", "alter_column"} and isinstance(operation.named.get("column_name"), Column):
        return "it takes the name of a column as text and gets an object"
    if name == "add_column" and isinstance(operation.named.get("column"), str):
        return "it takes a sa.Column and gets a text"
    return None
