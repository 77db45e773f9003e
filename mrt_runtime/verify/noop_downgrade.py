"""Downgrades that do the same whatever the database holds, nothing or refusing, recognized by their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from mrt_runtime.migration_file import parse_file


@lru_cache(maxsize=8)
def has_noop_downgrade(file: str) -> bool:
    """Whether a migration's downgrade() is empty or raises at once; False where that is not known."""
    parsed = parse_file(file)
    if parsed is None:
        return False
    _, tree = parsed
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "downgrade"]
    if len(functions) != 1 or functions[0].decorator_list or list(bindings(tree)).count("downgrade") != 1:
        return False
    return is_idle(functions[0].body)


def bindings(tree: ast.Module) -> Iterator[str]:
    """Return each name that the module may bind, once for each time; "downgrade" for an import that does not say what."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield "downgrade" if node.name == "*" else node.asname or node.name.partition(".")[0]


def is_idle(body: list[ast.stmt]) -> bool:
    """Whether statements come to an end without asking or doing anything."""
    for statement in body:
        if isinstance(statement, ast.Raise):
            return statement.cause is None and is_plain(statement.exc)
        if isinstance(statement, ast.Return):
            return statement.value is None or isinstance(statement.value, ast.Constant)
        is_said = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not (is_said or isinstance(statement, ast.Pass)):
            return False
    return True


def is_plain(error: ast.expr | None) -> bool:
    """Whether what is raised is a name, called with constants at most."""
    if isinstance(error, ast.Call):
        return is_plain(error.func) and not error.keywords and all(isinstance(value, ast.Constant) for value in error.args)
    return isinstance(error, ast.Name)
