"""Positions of nodes in the source.

libcst computes positions for all nodes at once, at more than the price of the parse. Here the statements of its tree are laid
side by side with those of Python's own, which has positions, and only an expression that contains a wanted node is
generated once more to see where. Where the two trees do not run in parallel, the whole module is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import libcst as cst
from libcst._nodes.internal import CodegenState

from mrt_lint.model.values import SourceSpan

Wanted = tuple[cst.CSTNode, cst.CSTNode | None]
"""A node, and the statement it was met in where that is known."""

Roots = Callable[[Any, Any], Iterable[tuple[cst.CSTNode | None, ast.AST | None]]]

ROOTS: Final[dict[type[cst.CSTNode], Roots]] = {
    cst.Expr: lambda node, twin: [(node.value, twin.value)],
    cst.Assign: lambda node, twin: [
        (node.value, twin.value),
        *zip((target.target for target in node.targets), twin.targets, strict=False),
    ],
    cst.AnnAssign: lambda node, twin: [(node.target, twin.target), (node.value, twin.value)],
    cst.AugAssign: lambda node, twin: [(node.value, twin.value), (node.target, twin.target)],
    cst.Return: lambda node, twin: [(node.value, twin.value)],
    cst.Raise: lambda node, twin: [(node, twin), (node.exc, twin.exc)],
    cst.Assert: lambda node, twin: [(node, twin), (node.test, twin.test)],
    cst.If: lambda node, twin: [(node.test, twin.test)],
    cst.While: lambda node, twin: [(node.test, twin.test)],
    cst.For: lambda node, twin: [(node.iter, twin.iter)],
    cst.With: lambda node, twin: zip((item.item for item in node.items), (item.context_expr for item in twin.items), strict=False),
    cst.Match: lambda node, twin: [(node.subject, twin.subject)],
}
"""The expressions directly in a statement, with their counterparts."""


class PositionRecorder(CodegenState):
    """Notes at which token each wanted node begins and ends while code is generated."""

    def __init__(self, module: cst.Module, wanted: set[int]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.wanted = wanted
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Note where a wanted node begins."""
        if id(node) in self.wanted:
            self.starts[id(node)] = len(self.tokens)

    def after_codegen(self, node: cst.CSTNode) -> None:
        """Note where a wanted node ends."""
        if id(node) in self.wanted:
            self.ends[id(node)] = len(self.tokens)

    def end(self, node: cst.CSTNode) -> int:
        """Return the token after a wanted node, the parentheses around it left out."""
        closing = _closing(node)
        return self.starts[id(closing[0])] if closing else self.ends[id(node)]


class PositionIndex:
    """The statements of one module with their counterparts in Python's own tree."""

    def __init__(self, module: cst.Module, tree: ast.Module, source: bytes) -> None:
        self.module = module
        self.twins: dict[int, tuple[ast.AST, tuple[str, ...]]] = {}
        text = "" if source.isascii() else source.decode(module.encoding, "replace").removeprefix("\ufeff")
        self.lines = re.split(r"\r\n|\r|\n", text) if text else []
        self._pair(module.body, tree.body, ())

    def _pair(self, body: Sequence[cst.CSTNode], twins: Sequence[ast.AST], indents: tuple[str, ...]) -> None:
        statements = list(_flatten(body))
        # the trees are not in parallel here: generate() finds what is wanted of this block
        if len(statements) != len(twins):
            return
        for statement, twin in zip(statements, twins, strict=True):
            self.twins[id(statement)] = (twin, indents)
            for block, below in _blocks(statement, twin):
                inner = (block.indent or self.module.default_indent,) if isinstance(block, cst.IndentedBlock) else ()
                body = block.body if isinstance(block, cst.BaseSuite) else [block]
                self._pair(body, below, indents + inner)

    def find(self, node: cst.CSTNode, statement: cst.CSTNode | None) -> SourceSpan | None:
        """Return the place of a node; None if the trees do not show it."""
        found = self.twins.get(id(node))
        if found is not None:
            return self._place(found[0]) if not isinstance(node, cst.FunctionDef) else self._header(node, found[0])
        if statement is None or id(statement) not in self.twins or type(statement) not in ROOTS:
            return None
        twin, indents = self.twins[id(statement)]
        roots = list(ROOTS[type(statement)](statement, twin))
        for root, below in roots:
            if root is node and below is not None:
                return self._place(below)
        for root, below in roots:
            if root is not None and below is not None and not getattr(root, "lpar", ()):
                place = self._inside(root, below, node, indents)
                if place is not None:
                    return place
        return None

    def _inside(self, root: cst.CSTNode, twin: Any, node: cst.CSTNode, indents: tuple[str, ...]) -> SourceSpan | None:
        first = _first(node)
        recorder = PositionRecorder(self.module, {id(first), id(node), *map(id, _closing(node))})
        recorder.indent_tokens.extend(indents)
        root._codegen(recorder)  # noqa: SLF001 - libcst offers no cheaper way to positions
        if id(node) not in recorder.ends or id(first) not in recorder.starts:
            return None
        start, end = recorder.starts[id(first)], recorder.end(node)
        spots = _spots(recorder.tokens, sorted({start, end}), (twin.lineno, self._column(twin.lineno, twin.col_offset)))
        return SourceSpan(*spots[start], *spots[end])

    def _place(self, twin: Any) -> SourceSpan:
        start, end = self._column(twin.lineno, twin.col_offset), self._column(twin.end_lineno, twin.end_col_offset)
        return SourceSpan(twin.lineno, start, twin.end_lineno, end)

    def _header(self, node: cst.FunctionDef, twin: Any) -> SourceSpan:
        column = self._column(twin.lineno, twin.col_offset)
        width = len("def") + len(node.whitespace_after_def.value) + len(node.name.value)
        if node.asynchronous is not None:
            width += len("async") + len(getattr(node.asynchronous.whitespace_after, "value", " "))
        return SourceSpan(twin.lineno, column, twin.lineno, column + width)

    def _column(self, line: int, offset: int) -> int:
        """Python counts bytes of UTF-8, readers count characters."""
        if not self.lines:
            return offset + 1
        return len(self.lines[line - 1].encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore")) + 1


def _flatten(body: Sequence[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        else:
            yield statement


def _blocks(statement: Any, twin: Any) -> Iterator[tuple[cst.CSTNode, Sequence[ast.AST]]]:
    """Yield the blocks of a compound statement with their counterparts; an `elif` is a block of one `if`."""
    if isinstance(statement, (cst.BaseSmallStatement, cst.Match)):
        if isinstance(statement, cst.Match):
            yield from ((case.body, below.body) for case, below in zip(statement.cases, twin.cases, strict=False))
        return
    yield statement.body, twin.body
    for handler, below in zip(getattr(statement, "handlers", ()), getattr(twin, "handlers", ()), strict=False):
        yield handler.body, below.body
    for name in ("orelse", "finalbody"):
        part = getattr(statement, name, None)
        if part is not None:
            yield part if isinstance(part, cst.If) else part.body, getattr(twin, name)


def locate(module: cst.Module, tree: ast.Module | None, source: bytes, wanted: Iterable[Wanted]) -> dict[int, SourceSpan]:
    """Return the places of nodes, by their ids: a call's without the parentheses around it, a function's is its header's."""
    index = PositionIndex(module, tree, source) if tree is not None else None
    places: dict[int, SourceSpan] = {}
    lost: list[cst.CSTNode] = []
    for node, statement in wanted:
        if id(node) in places:
            continue
        place = index.find(node, statement) if index else None
        if place is None:
            lost.append(node)
        else:
            places[id(node)] = place
    return places | generate(module, lost) if lost else places


def generate(module: cst.Module, nodes: Sequence[cst.CSTNode]) -> dict[int, SourceSpan]:
    """Return the same by generating the code of the whole module."""
    first = {id(node): _first(node) for node in nodes}
    last = {id(node): node.name if isinstance(node, cst.FunctionDef) else node for node in nodes}
    closing = [mark for node in nodes for mark in _closing(node)]
    recorder = PositionRecorder(module, {id(node) for node in (*first.values(), *last.values(), *closing)})
    module._codegen(recorder)  # noqa: SLF001 - libcst offers no cheaper way to positions
    points = {recorder.starts[id(node)] for node in first.values()} | {recorder.end(node) for node in last.values()}
    spots = _spots(recorder.tokens, sorted(points), (1, 1))
    places = {}
    for node in nodes:
        line, column = spots[recorder.starts[id(first[id(node)])]]
        if isinstance(node, cst.FunctionDef):
            column -= len("def")
            if node.asynchronous is not None:
                column -= len("async") + len(getattr(node.asynchronous.whitespace_after, "value", " "))
        places[id(node)] = SourceSpan(line, column, *spots[recorder.end(last[id(node)])])
    return places


def _first(node: cst.CSTNode) -> cst.CSTNode:
    """Return the node that starts where the node itself does: without parentheses, decorators and leading lines."""
    if isinstance(node, cst.FunctionDef):
        return node.whitespace_after_def
    return node.func if isinstance(node, cst.Call) else node


def _closing(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """Return the closing parentheses around a call."""
    return node.rpar if isinstance(node, cst.Call) else ()


def _spots(tokens: list[str], points: list[int], origin: tuple[int, int]) -> dict[int, tuple[int, int]]:
    """Line and column, 1-based, before each of the tokens numbered `points`; `origin` is the position of the first token."""
    spots: dict[int, tuple[int, int]] = {}
    line, column = origin
    done = 0
    for point in points:
        text = "".join(tokens[done:point]).replace("\r\n", "\n").replace("\r", "\n")
        done = point
        breaks = text.count("\n")
        if breaks:
            line += breaks
            column = len(text) - text.rindex("\n")
        else:
            column += len(text)
        spots[point] = (line, column)
    return spots
