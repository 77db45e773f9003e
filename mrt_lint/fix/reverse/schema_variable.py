"""Schemas whose names come from the environment: downgrade() reads them with the code of upgrade()."""

from __future__ import annotations

import ast
from typing import Final

from mrt_lint.fix.arguments import argument
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.source_text import SourceText, asks_environment
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN

_ASKING: Final = frozenset({
    *("get", "getenv", "get_context", "get_bind", "get_main_option", "get_section", "get_section_option", "get_x_argument"),
    *("get_schema", "get_schema_name", "get_default_schema", "strip", "lower", "upper", "format", "join"),
})  # fmt: skip
"""Calls that only read. Others may return another value each time: get_next_tenant()."""
_PLAIN: Final = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.IfExp, ast.BoolOp, ast.BinOp, ast.Compare, ast.UnaryOp),
    *(ast.JoinedStr, ast.FormattedValue, ast.Call, ast.keyword, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
)


class SchemaVariable:
    """The one schema of an upgrade() whose name cannot be read, or comes from the environment where that has one."""

    def __init__(self, context: FixContext) -> None:
        self._text: SourceText = context.text
        self._function = context.text.function("upgrade")
        self._upgrade = context.migration.upgrade_ops

    def holds(self, op: Op) -> bool:
        """Return whether it is the schema of an operation of upgrade()."""
        schema = getattr(op, "schema", None)
        if schema is UNKNOWN:
            return True
        if not isinstance(schema, str) or op.sql or op.batch or not self._text.asks_environment:
            return False
        # what was read is the default of os.environ.get(), which downgrade() must not take for the name
        try:
            node = argument(self._text.call(op.origin), "schema")
        except NoFix:
            return False
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} if node is not None else set()
        bound = [
            found for found in ast.walk(self._text.tree) if isinstance(found, ast.Assign) and _binds(found.targets[0]) in names
        ]
        return node is not None and any(asks_environment(found) for found in (node, *bound))

    def schema(self) -> tuple[str, str]:
        """Return the schema's name as code, and the line that must come before it, empty if none is needed.

        Raises NoFix if an operation's schema is another, or is not asked for in words that mean the same in downgrade().
        """
        nodes = [self._node(op) for op in self._upgrade if self.holds(op)]
        said = {ast.unparse(node) for node in nodes}
        if len(said) != 1:
            raise NoFix("it names several schemas that are not known")
        node = nodes[0]
        if isinstance(node, ast.Name) and node.id in _bound(self._function):
            line = self._assignment(node.id)
            return node.id, self._on_one_line(line)
        self._check(node)
        return self._on_one_line(node), ""

    def _node(self, op: Op) -> ast.expr:
        call = self._text.call(op.origin)
        found = [node for name in ("schema", "source_schema") if (node := argument(call, name)) is not None]
        if op.sql or op.batch or self._text.above(call, ast.FunctionDef) is not self._function or len(found) != 1:
            raise NoFix("a name is not known")
        return found[0]

    def _assignment(self, name: str) -> ast.Assign:
        """Return the only statement that assigns a variable of upgrade()."""
        given = [node for node in ast.walk(self._function) if _binds(node) == name]
        parent = self._text.parents.get(given[0]) if len(given) == 1 else None
        repeated = parent is not None and any(isinstance(outer, ast.For | ast.While) for outer in self._text.enclosing(parent))
        if not isinstance(parent, ast.Assign) or parent.targets != given or repeated:
            raise NoFix("a name is not known")
        self._check(parent.value)
        return parent

    def _check(self, node: ast.expr) -> None:
        """Raise NoFix unless an expression only asks, and means the same in any function of the file."""
        local = _bound(self._function)
        for inner in ast.walk(node):
            called = inner.func if isinstance(inner, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
            does_more = called is not None and name not in _ASKING
            if not isinstance(inner, _PLAIN) or does_more or (isinstance(inner, ast.Name) and inner.id in local):
                raise NoFix("a name is not known")

    def _on_one_line(self, node: ast.AST) -> str:
        source = self._text.source(node)
        if len(source.splitlines()) != 1:
            raise NoFix("a name is not known")
        return source


def _bound(function: ast.FunctionDef) -> set[str]:
    return {name for node in ast.walk(function) if (name := _binds(node)) is not None}


def _binds(node: ast.AST) -> str | None:
    """Return the name that a node of a function assigns a value to, None if it does not."""
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.alias):
        return (node.asname or node.name).partition(".")[0]
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
        return node.name
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None
