"""Comprehensions, unrolled like loops."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.earlier_turns import of_earlier_turns
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.expressions.assignment import assign
from mrt_lint.parse.python.expressions.operators import truth
from mrt_lint.parse.python.library.elements import OrmRow, OrmRows
from mrt_lint.parse.python.objects import NameScope, PossibleItem, Value
from mrt_lint.parse.python.run import FunctionRun


def comprehend(run: FunctionRun, node: cst.ListComp | cst.SetComp | cst.GeneratorExp, scope: NameScope) -> Value:
    """Return the list or set that a comprehension makes; a generator expression counts as a list."""
    items: list[Value] = []

    def add(inner: NameScope, uncertain: bool) -> None:  # noqa: FBT001 - a callback
        value = run.evaluate(run, node.elt, inner)
        items.append(PossibleItem(value) if uncertain else value)

    _turn(run, node.for_in, NameScope(parent=scope), add)
    if not isinstance(node, cst.SetComp):
        return items
    try:
        return set(items)
    except TypeError:
        return UNKNOWN


def comprehend_dict(run: FunctionRun, node: cst.DictComp, scope: NameScope) -> Value:
    """Return the dict that a comprehension makes, the rows if it holds objects of the ORM; UNKNOWN if an item is in doubt."""
    result: dict[Any, Value] = {}
    doubts: list[bool] = []

    def add(inner: NameScope, uncertain: bool) -> None:  # noqa: FBT001 - a callback
        key = run.evaluate(run, node.key, inner)
        value = run.evaluate(run, node.value, inner)
        try:
            result[key] = value
        except TypeError:
            uncertain = True
        doubts.append(uncertain)

    _turn(run, node.for_in, NameScope(parent=scope), add)
    rows = [value for value in result.values() if isinstance(value, OrmRow)]
    return OrmRows(rows[0].table, rows[0].nulls) if rows else UNKNOWN if any(doubts) else result


def _turn(
    run: FunctionRun,
    clause: cst.CompFor,
    scope: NameScope,
    add: Callable[[NameScope, bool], None],
    *,
    uncertain: bool = False,
) -> None:
    turns = iterate(run, run.evaluate(run, clause.iter, scope))
    # one item in doubt represents however many there are of what is not known
    for turn in [PossibleItem(UNKNOWN)] if turns is None else turns:
        run.tick()
        doubt = uncertain or isinstance(turn, PossibleItem)
        assign(run, clause.target, turn.value if isinstance(turn, PossibleItem) else turn, scope)
        with of_earlier_turns(clause, scope) if doubt and clause.ifs else nullcontext():
            truths = [_ask(run, condition.test, scope) for condition in clause.ifs]
        if False in truths:
            continue
        doubt = doubt or None in truths
        with run.under_condition(doubt):
            if clause.inner_for_in is not None:
                _turn(run, clause.inner_for_in, scope, add, uncertain=doubt)
            else:
                add(scope, doubt)


def _ask(run: FunctionRun, condition: cst.BaseExpression, scope: NameScope) -> bool | None:
    run.asked += 1
    decided = truth(run.evaluate(run, condition, scope))
    run.asked -= 1
    return decided
