"""The arguments of a call in the source, by name."""

from __future__ import annotations

import ast

from mrt_lint.model.ops.signatures import OPERATIONS, parameters


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """Return a keyword argument, None if it is not given."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def operand(call: ast.Call, name: str, *, batch: bool) -> ast.expr | None:
    """Return an argument of one of Alembic's operations, positional or not; None if it is not given."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    names = parameters(called, batch=batch) if called in OPERATIONS else ()
    if name in names and names.index(name) < len(call.args):
        return call.args[names.index(name)]
    return argument(call, name)


def keywords(call: ast.Call) -> set[str | None]:
    """Return the names of the keyword arguments; None for a `**`."""
    return {keyword.arg for keyword in call.keywords}
