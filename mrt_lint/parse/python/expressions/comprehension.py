"""Comprehensions, unrolled like loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.expressions.assignment import assign
from mrt_lint.parse.python.expressions.operators import truth
from mrt_lint.parse.python.objects import Maybe, Scope, Value
from mrt_lint.parse.python.run import Run

Evaluate = Callable[[Run, cst.BaseExpression, Scope], Value]


def comprehend(run: Run, node: cst.ListComp | cst.SetComp | cst.GeneratorExp, scope: Scope, evaluate: Evaluate) -> Value:
    """Give the list or set that a comprehension makes; a generator expression counts as a list."""
    items: list[Value] = []

    def add(inner: Scope, doubtful: bool) -> None:  # noqa: FBT001 - a callback
        value = evaluate(run, node.elt, inner)
        items.append(Maybe(value) if doubtful else value)

    _turn(run, node.for_in, Scope(parent=scope), add, evaluate)
    if not isinstance(node, cst.SetComp):
        return items
    try:
        return set(items)
    except TypeError:
        return UNKNOWN


def comprehend_dict(run: Run, node: cst.DictComp, scope: Scope, evaluate: Evaluate) -> Value:
    """Give the dict that a comprehension makes; UNKNOWN where one of its items is in doubt."""
    result: dict[Any, Value] = {}
    doubts: list[bool] = []

    def add(inner: Scope, doubtful: bool) -> None:  # noqa: FBT001 - a callback
        key = evaluate(run, node.key, inner)
        value = evaluate(run, node.value, inner)
        try:
            result[key] = value
        except TypeError:
            doubtful = True
        doubts.append(doubtful)

    _turn(run, node.for_in, Scope(parent=scope), add, evaluate)
    return UNKNOWN if any(doubts) else result


def _turn(
    run: Run,
    clause: cst.CompFor,
    scope: Scope,
    add: Callable[[Scope, bool], None],
    evaluate: Evaluate,
    *,
    doubtful: bool = False,
) -> None:
    turns = iterate(run, evaluate(run, clause.iter, scope))
    for turn in [Maybe(UNKNOWN)] if turns is None else turns:
        run.tick()
        doubt = doubtful or isinstance(turn, Maybe)
        assign(run, clause.target, turn.value if isinstance(turn, Maybe) else turn, scope, evaluate)
        truths = [_ask(run, condition.test, scope, evaluate) for condition in clause.ifs]
        if False in truths:
            continue
        doubt = doubt or None in truths
        with run.doubting(doubt):
            if clause.inner_for_in is not None:
                _turn(run, clause.inner_for_in, scope, add, evaluate, doubtful=doubt)
            else:
                add(scope, doubt)


def _ask(run: Run, condition: cst.BaseExpression, scope: Scope, evaluate: Evaluate) -> bool | None:
    run.asked += 1
    decided = truth(evaluate(run, condition, scope))
    run.asked -= 1
    return decided
