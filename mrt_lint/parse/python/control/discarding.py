"""Expressions of which nothing is kept: they are there for their effect."""

from __future__ import annotations

from typing import Final

import libcst as cst

_RUNNERS: Final = frozenset(
    ["run", "run_until_complete", "gather", "wait", "wait_for", "list", "tuple", "set", "all", "any", "sum", "deque", "map"]
)
"""Functions that call, await or use up what they are given."""


def discarded_by(node: cst.BaseExpression) -> tuple[cst.CSTNode, ...]:
    """Return the parts of a statement's expression whose values nobody uses, the expression itself among them."""
    parts: list[cst.CSTNode] = []
    waiting: list[cst.BaseExpression] = [node]
    while waiting:
        part = waiting.pop()
        parts.append(part)
        if isinstance(part, cst.Await):
            waiting.append(part.expression)
        elif isinstance(part, cst.BooleanOperation):
            waiting += [part.left, part.right]
        elif isinstance(part, cst.IfExp):
            waiting += [part.body, part.orelse]
        elif isinstance(part, (cst.Tuple, cst.List)):
            waiting += [element.value for element in part.elements]
        elif isinstance(part, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
            waiting.append(part.elt)
        elif isinstance(part, cst.NamedExpr):
            waiting.append(part.value)
        elif isinstance(part, cst.Call) and _name(part.func) in _RUNNERS:
            waiting += [argument.value for argument in part.args]
    return tuple(parts)


def _name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else node.attr.value if isinstance(node, cst.Attribute) else ""
