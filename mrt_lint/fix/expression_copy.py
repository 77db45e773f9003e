"""Expressions of one file written with the names of another: a column's type keeps its meaning under this file's imports."""

from __future__ import annotations

import ast

from mrt_lint.fix.imported_names import ImportedNames, imports
from mrt_lint.fix.layout import CallCode, Code, ListCode, flat
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.source_text import SourceText


class ExpressionCopier:
    """Copies expressions from a file, and only those that mean the same in the other file."""

    def __init__(self, text: SourceText, names: ImportedNames, *, own: bool) -> None:
        self._text = text
        self._names = names
        self._imports = dict(imports(text.tree))
        self._at_home = _of_module(text.tree) if own else frozenset()
        self._local = _of_functions(text.tree)
        self._depth = 0

    def code(self, node: ast.expr) -> Code:
        """Return an expression as code. Raises NoFix if it is not written out, or needs names that are not at hand."""
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._name(node)
        if isinstance(node, ast.Call):
            function: Code | None = None
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
                function = f"{flat(self.code(node.func.value))}.{node.func.attr}"
            elif isinstance(node.func, ast.Name | ast.Attribute):
                function = self._name(node.func)
            if not isinstance(function, str):
                raise NoFix(f"{self._shown(node)} is no plain call")
            positional = [("", self.code(argument)) for argument in node.args]
            named = [(self._keyword(keyword), self.code(keyword.value)) for keyword in node.keywords]
            return CallCode(function, (*positional, *named))
        if isinstance(node, ast.List | ast.Tuple):
            return ListCode(tuple(map(self.code, node.elts)), "[]" if isinstance(node, ast.List) else "()")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return f"-{node.operand.value!r}"
        raise NoFix(f"{self._shown(node)} is not written out")

    def _constant(self, node: ast.Constant) -> str:
        if isinstance(node.value, str):
            return self._names.quote(node.value)
        if node.value is None or isinstance(node.value, bool | int | float):
            return repr(node.value)
        raise NoFix(f"{self._shown(node)} is not written out")

    def _keyword(self, keyword: ast.keyword) -> str:
        if keyword.arg is None:
            raise NoFix("some of its arguments are not written out")
        return keyword.arg

    def _name(self, node: ast.expr) -> Code:
        parts = []
        inner = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise NoFix(f"{self._shown(node)} is not written out")
        rest = "".join(f".{part}" for part in reversed(parts))
        # a local variable of the same name may mean anything
        if inner.id in self._at_home - self._local:
            return inner.id + rest
        if inner.id in self._imports.keys() - self._local:
            return self._names.spell(self._imports[inner.id] + rest)
        return self._value(inner, rest)

    def _value(self, name: ast.Name, rest: str) -> Code:
        """Return the value of a variable of the file that is assigned once."""
        given = [node for node in ast.walk(self._text.tree) if _binds(node) == name.id]
        parent = self._text.parents[given[0]] if len(given) == 1 else None
        is_assigned_once = isinstance(parent, ast.Assign) and parent.targets == given
        if not is_assigned_once or rest or self._depth:
            raise NoFix(f"{name.id}{rest} is not known outside of its function")
        # one variable deep: what its value refers to may have changed in between
        self._depth += 1
        try:
            return self.code(parent.value)  # type: ignore[union-attr]  # an assignment, as just seen
        finally:
            self._depth -= 1

    def _shown(self, node: ast.AST) -> str:
        line = self._text.source(node).splitlines()[0]
        return line if len(line) < 60 else f"{line[:58]} …"  # noqa: PLR2004  what a sentence bears


def _binds(node: ast.AST) -> str | None:
    """Return the name that a node assigns a value to, None if it does not."""
    if isinstance(node, ast.arg):
        return node.arg
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None


def _of_functions(tree: ast.Module) -> frozenset[str]:
    """Return the names that functions bind for themselves: what they mean there, they mean nowhere else."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    inside = (node for function in functions for node in ast.walk(function))
    return frozenset(name for node in inside if (name := _binds(node)) is not None)


def _of_module(tree: ast.Module) -> frozenset[str]:
    """Return the names that the module's own statements bind."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
    return frozenset(found)
