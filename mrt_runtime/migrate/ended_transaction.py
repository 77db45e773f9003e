"""Where a migration ends the transaction that Alembic began."""

from __future__ import annotations

import ast

from mrt_runtime.migration_file import parse_file

ENDS = frozenset({"commit", "rollback"})


def find_end(file: str, function: str) -> int | None:
    """Return the line of the first commit() or rollback() in a function of a migration; None where none can be read."""
    parsed = parse_file(file)
    found = [
        node.lineno
        for part in (parsed[1].body if parsed is not None else ())
        if isinstance(part, ast.FunctionDef) and part.name == function
        for node in ast.walk(part)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ENDS and not node.args
    ]
    return min(found, default=None)
