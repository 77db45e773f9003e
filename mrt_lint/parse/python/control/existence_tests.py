"""Conditions that ask the database whether it has something: `if not has_column(…):`, `if find_key(…) is None:`."""

from __future__ import annotations

from typing import Final

import libcst as cst

from mrt_lint.parse.python.run import FunctionRun

_NOTHING: Final = frozenset({"None", "False", "0", "[]", "()", "''", '""'})
_NEGATIVE: Final = (cst.Is, cst.Equal, cst.LessThanEqual)
_POSITIVE: Final = (cst.IsNot, cst.NotEqual, cst.GreaterThan)


def asks_database(run: FunctionRun, test: cst.BaseExpression, inspected: int) -> bool:
    """Return whether a condition looks at the schema, or at what was read of it; `inspected` is the count before it."""
    return run.inspected > inspected or (bool(run.listings) and _mentions(test, run.listings))


def note_listing(run: FunctionRun, node: cst.Assign, inspected: int) -> None:
    """Note the names that get what was read of the schema, so that a condition on them asks the database."""
    if asks_database(run, node.value, inspected):
        run.listings |= {target.target.value for target in node.targets if isinstance(target.target, cst.Name)}


def finds_nothing(test: cst.BaseExpression, *, holds: bool) -> bool:
    """Return whether a question comes out so that something is not there, where a condition holds, or where it does not."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return finds_nothing(test.expression, holds=not holds)
    if isinstance(test, cst.BooleanOperation):
        parts = [finds_nothing(part, holds=holds) for part in (test.left, test.right)]
        # all parts of an `and` hold where it does, none of an `or` does where that does not
        return any(parts) if isinstance(test.operator, cst.And) is holds else all(parts)
    if not isinstance(test, cst.Comparison):
        return not holds
    operator, other = test.comparisons[0].operator, test.comparisons[0].comparator
    if isinstance(operator, (cst.In, cst.NotIn)):
        return isinstance(operator, cst.NotIn) is holds
    if isinstance(operator, (*_NEGATIVE, *_POSITIVE)) and _text(other) in _NOTHING:
        return isinstance(operator, _NEGATIVE) is holds
    return False


def _text(node: cst.BaseExpression) -> str:
    return cst.Module(()).code_for_node(node)


def _mentions(node: cst.CSTNode, names: set[str]) -> bool:
    if isinstance(node, cst.Name):
        return node.value in names
    return any(_mentions(child, names) for child in node.children)
