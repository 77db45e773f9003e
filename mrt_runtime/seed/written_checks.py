"""Conditions of CHECK constraints that are written with SQLAlchemy's expressions, as the SQL that they come to."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from types import ModuleType

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.sql import ClauseElement

CALLS = {"create_check_constraint": ("condition", -1), "CheckConstraint": ("sqltext", 0)}
"""The calls that take a condition: by which word, and at which place."""
TEXTS = frozenset({"join", "format", "lower", "upper", "keys", "values", "items"})
PURE = {kind.__name__: kind for kind in (dict, list, set, tuple, str, int, len, sorted, repr, zip, enumerate)}
MOST_STEPS = 4  # from a variable to what it was given


class CheckWriter(ast.NodeTransformer):
    """Writes SQL in place of the expressions that conditions of checks are written with."""

    def __init__(self, tree: ast.AST, names: Mapping[str, object], dialect: str) -> None:
        self._names = names
        self._dialect = make_url(f"{dialect or 'sqlite'}://").get_dialect()()
        self._given: dict[str, ast.expr] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
                self._given.setdefault(target.id, node.value)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Write the condition of a call that takes one."""
        self.generic_visit(node)
        if name_called(node) in CALLS:
            word, place = CALLS[name_called(node)]
            for keyword in node.keywords:
                keyword.value = self._write(keyword.value) if keyword.arg == word else keyword.value
            if node.args and not any(keyword.arg == word for keyword in node.keywords):
                node.args[place] = self._write(node.args[place])
        return node

    def _write(self, node: ast.expr) -> ast.expr:
        """Return an expression as a text of SQL; the expression itself where it is one, or cannot be written."""
        written = self._insert(node, MOST_STEPS)
        bound = {one.id for one in ast.walk(written) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        if isinstance(node, ast.Constant) or not all(self._is_pure(one, bound) for one in ast.walk(written)):
            return node
        try:
            code = compile(ast.fix_missing_locations(ast.Expression(written)), "<migration>", "eval")
            found = eval(code, {**PURE, **self._names, "__builtins__": {}})  # noqa: S307 what it may call was looked at
            if isinstance(found, ClauseElement):
                inline = {"literal_binds": True, "include_table": False}
                found = str(found.compile(dialect=self._dialect, compile_kwargs=inline))
        except Exception:  # noqa: BLE001 the project's values may be anything
            return node
        return ast.Constant(found) if isinstance(found, str) else node

    def _insert(self, node: ast.expr, steps: int) -> ast.expr:
        """Return an expression with what its variables were given in their place."""
        inserting = Inserting({name: value for name, value in self._given.items() if name not in self._names})
        for _ in range(steps):
            node = inserting.visit(ast.parse(ast.unparse(node), mode="eval").body)
        return node

    def _is_pure(self, node: ast.AST, bound: Collection[str]) -> bool:
        """Whether evaluating a node does nothing but to build an expression of SQLAlchemy's, or a text."""
        if isinstance(node, ast.Name):
            return node.id in bound or node.id in PURE or is_harmless(self._names.get(node.id))
        if isinstance(node, ast.Attribute):
            root = node.value
            while isinstance(root, ast.Attribute | ast.Call | ast.Subscript):
                root = root.func if isinstance(root, ast.Call) else root.value
            return node.attr in TEXTS or not isinstance(root, ast.Name) or root.id in bound or root.id in self._names
        return not isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr | ast.Lambda)


class Inserting(ast.NodeTransformer):
    """Writes what variables were given in their place."""

    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Write one in the place of its name."""
        return self._given.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


def is_harmless(value: object) -> bool:
    """Whether a value is SQLAlchemy's, or nothing that can be called."""
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0] == sa.__name__
    if isinstance(value, str | int | float | list | tuple | set | frozenset | dict):
        return True
    return str(getattr(value, "__module__", "")).partition(".")[0] == sa.__name__


def find_inside(nodes: Collection[ast.AST]) -> set[int]:
    """Return which nodes are in conditions of checks, by `id()`: what these compare is asked of all rows, and not of some."""
    calls = [node for node in nodes if isinstance(node, ast.Call) and name_called(node) in CALLS]
    inside = [inner for call in calls for inner in ast.walk(call)]
    names = {node.id for node in inside if isinstance(node, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name) and target.id in names:
            inside += ast.walk(node.value)
    return set(map(id, inside))


def name_called(call: ast.Call) -> str:
    """Return the last name of what is called; "" for what has none."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
