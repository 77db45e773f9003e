"""Where nodes stand in the source, in one pass of code generation over the tree, for the wanted ones alone."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst
from libcst._nodes.internal import CodegenState

from mrt_lint.values import Place


class Recorder(CodegenState):
    """Notes at which token each wanted node begins and ends while the module's code is generated."""

    def __init__(self, module: cst.Module, wanted: set[int]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.wanted = wanted
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}

    def before_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            self.starts[id(node)] = len(self.tokens)

    def after_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.wanted:
            self.ends[id(node)] = len(self.tokens)


def locate(module: cst.Module, nodes: Collection[cst.CSTNode]) -> dict[int, Place]:
    """The places of nodes, by their ids. A call is located without the parentheses around it, a function by its header."""
    if not nodes:
        return {}
    first = {id(node): _first(node) for node in nodes}
    last = {id(node): _last(node) for node in nodes}
    recorder = Recorder(module, {id(node) for node in (*first.values(), *last.values())})
    module._codegen(recorder)  # noqa: SLF001 - libcst offers no cheaper way to positions
    points = {recorder.starts[id(node)] for node in first.values()} | {recorder.ends[id(node)] for node in last.values()}
    spots = _spots(recorder.tokens, sorted(points))
    places = {}
    for key, node in first.items():
        line, column = spots[recorder.starts[id(node)]]
        if isinstance(last[key], cst.Name) and node is not last[key]:  # a function: step back over `def`
            column -= len("def")
        places[key] = Place(line, column, *spots[recorder.ends[id(last[key])]])
    return places


def _first(node: cst.CSTNode) -> cst.CSTNode:
    """The node whose beginning is the node's own: parentheses, decorators and leading lines left out."""
    if isinstance(node, cst.FunctionDef):
        return node.whitespace_after_def
    return node.func if isinstance(node, cst.Call) else node


def _last(node: cst.CSTNode) -> cst.CSTNode:
    return node.name if isinstance(node, cst.FunctionDef) else node


def _spots(tokens: list[str], points: list[int]) -> dict[int, tuple[int, int]]:
    """Line and column, 1-based, in front of each of the tokens numbered `points`."""
    spots: dict[int, tuple[int, int]] = {}
    line, column, done = 1, 1, 0
    for point in points:
        text = "".join(tokens[done:point])
        done = point
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        breaks = text.count("\n")
        if breaks:
            line += breaks
            column = len(text) - text.rindex("\n")
        else:
            column += len(text)
        spots[point] = (line, column)
    return spots
