"""What `load_dialect_impl()` of a column's type returns, as long as it only asks for the name of the database."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst


def columns_loaded(node: cst.FunctionDef | cst.Lambda) -> dict[str, cst.BaseExpression]:
    """Return the type of each database that the method names, under "" that of all others; nothing where it does more.

    Source: https://docs.sqlalchemy.org/en/20/core/custom_types.html#sqlalchemy.types.TypeDecorator.load_dialect_impl
    """
    body = node.body.body if isinstance(node, cst.FunctionDef) else ()
    found: dict[str, cst.BaseExpression] = {}
    return found if isinstance(body, Sequence) and _read(body, found) else {}


def _read(body: Sequence[cst.CSTNode], found: dict[str, cst.BaseExpression]) -> bool:
    """Collect what a block returns for which database; return whether it returns something for each."""
    for line in body:
        if isinstance(line, cst.If):
            names, mine = _databases(line.test), _returned(line.body.body)
            if not names or mine is None:
                return False
            for name in names:
                found.setdefault(name, mine)
            other = line.orelse
            if other is not None:
                return _read([other] if isinstance(other, cst.If) else other.body.body, found)
        elif (mine := _returned([line])) is not None:
            found[""] = mine
            return True
        elif not _is_docstring(line):
            return False
    return False


def _returned(body: Sequence[cst.CSTNode]) -> cst.BaseExpression | None:
    """Return the type in `return dialect.type_descriptor(type)`."""
    line = body[0] if len(body) == 1 else None
    statement = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    call = statement.value if isinstance(statement, cst.Return) else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or len(call.args) != 1:
        return None
    return call.args[0].value if call.func.attr.value == "type_descriptor" else None


def _databases(test: cst.BaseExpression) -> tuple[str, ...]:
    """Return the names in `dialect.name == "…"` and `dialect.name in ("…", "…")`, nothing for any other condition."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return ()
    left, target = test.left, test.comparisons[0]
    if not isinstance(left, cst.Attribute) or left.attr.value != "name" or not isinstance(target.operator, (cst.Equal, cst.In)):
        return ()
    try:
        names = ast.literal_eval(cst.Module(body=()).code_for_node(target.comparator))
    except (ValueError, SyntaxError):
        return ()
    listed = names if isinstance(names, (tuple, list, set)) else (names,)
    return tuple(listed) if all(isinstance(name, str) for name in listed) else ()


def _is_docstring(line: cst.CSTNode) -> bool:
    statement = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    return isinstance(statement, cst.Expr) and isinstance(statement.value, cst.SimpleString)
