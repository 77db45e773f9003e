"""`for` and `while`: literal sequences are unrolled, anything else is walked once, in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.earlier_turns import of_earlier_turns
from mrt_lint.parse.python.control.exits import BREAK, CONTINUE, FALL, RAISE, RETURN, join
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.convert import CONTAINERS
from mrt_lint.parse.python.expressions.assignment import assign
from mrt_lint.parse.python.expressions.evaluate import evaluate, evaluate_condition
from mrt_lint.parse.python.expressions.operators import truth
from mrt_lint.parse.python.objects import NameScope, PossibleItem
from mrt_lint.parse.python.run import MAX_TURNS, FunctionRun


def walk_for(run: FunctionRun, node: cst.For, scope: NameScope) -> int:
    """Walk the body once for each turn; once in doubt where the sequence cannot be read."""
    value = evaluate(run, node.iter, scope)
    turns = iterate(run, value)
    flow = 0
    repeating = not isinstance(value, CONTAINERS)
    run.repeating += repeating
    for turn in [PossibleItem(UNKNOWN)] if turns is None else turns:
        # an earlier turn may have left the loop
        uncertain = isinstance(turn, PossibleItem) or bool(flow & (BREAK | RETURN))
        item = turn.value if isinstance(turn, PossibleItem) else turn
        begin = partial(assign, run, node.target, item, scope)
        left = _walk_turn(run, node.body, scope, begin, uncertain=uncertain)
        flow |= left
        if not left & (FALL | CONTINUE) and not uncertain:
            run.repeating -= repeating
            return _leave(flow)
    run.repeating -= repeating
    return _finish(run, node.orelse, flow, scope)


def _walk_turn(
    run: FunctionRun,
    body: cst.BaseSuite,
    scope: NameScope,
    begin: Callable[[], None],
    *,
    uncertain: bool,
) -> int:
    if not uncertain:
        begin()
        return run.walk(run, body, scope)
    # a turn that may not come leaves what was before or what it makes
    before = dict(scope.names)
    forget(body, scope)
    begin()
    with run.under_condition(), of_earlier_turns(body, scope):
        left = run.walk(run, body, scope)
    join(scope, [before, scope.names])
    return left


def _finish(run: FunctionRun, orelse: cst.Else | None, flow: int, scope: NameScope) -> int:
    """Return the end of a loop that ran out: its `else`, and how the whole may be left."""
    left = FALL
    if orelse is not None:
        with run.under_condition(bool(flow & BREAK)):
            left = run.walk(run, orelse.body, scope)
    return (flow & (RETURN | RAISE)) | left | (FALL if flow & BREAK else 0)


def _leave(flow: int) -> int:
    """How a loop is left that surely ends early."""
    return (flow & (RETURN | RAISE)) | (FALL if flow & BREAK else 0)


def walk_while(run: FunctionRun, node: cst.While, scope: NameScope) -> int:
    """Walk the body as often as the condition is known to hold; an endless or undecidable loop is walked once."""
    if isinstance(node.test, cst.Name) and node.test.value == "True":
        # its end is inside: a `break`, a `return`, or a server that goes away
        forget(node.body, scope)
        with of_earlier_turns(node.body, scope):
            flow = run.walk(run, node.body, scope)
        return (flow & (RETURN | RAISE)) | FALL
    flow = 0
    for _ in range(MAX_TURNS):
        holds = truth(evaluate_condition(run, node.test, scope))
        if holds is False:
            return _finish(run, node.orelse, flow, scope)
        uncertain = holds is None or bool(flow & (BREAK | RETURN))
        left = _walk_turn(run, node.body, scope, lambda: None, uncertain=uncertain)
        flow |= left
        # from here on, every further turn would be as uncertain
        if uncertain:
            break
        if not left & (FALL | CONTINUE):
            return _leave(flow)
    return _finish(run, node.orelse, flow, scope)


def forget(body: cst.BaseSuite, scope: NameScope) -> None:
    """Make unknown what the body of a loop binds, since a later turn may see another value than the first."""
    for name in _bound_names(body.body):
        if name in scope.names:
            scope.names[name] = UNKNOWN


def _bound_names(statements: Iterable[cst.CSTNode]) -> Iterable[str]:
    for statement in statements:
        if isinstance(statement, (cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.IndentedBlock)):
            yield from _bound_names(statement.body)
        elif isinstance(statement, cst.Assign):
            for target in statement.targets:
                yield from _target_names(target.target)
        elif isinstance(statement, (cst.AugAssign, cst.AnnAssign)):
            yield from _target_names(statement.target)
        elif isinstance(statement, (cst.For, cst.While, cst.If, cst.With, cst.Try, cst.Else)):
            yield from _bound_names(statement.body.body)
            rest = [getattr(statement, "orelse", None), getattr(statement, "finalbody", None)]
            yield from _bound_names([part for part in rest if isinstance(part, (cst.Else, cst.If))])


def _target_names(target: cst.CSTNode) -> Iterable[str]:
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _target_names(element.value)
