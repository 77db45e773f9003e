"""Statements that choose a way or guard one: `if`, `match`, `try`, `with`."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import libcst as cst

from mrt_lint.model.ops import Statement
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.definitions import dotted
from mrt_lint.parse.python.control.existence_tests import asks_database, finds_nothing
from mrt_lint.parse.python.control.exits import FALL, LEAVES, RAISE, join
from mrt_lint.parse.python.control.none_tests import found_none
from mrt_lint.parse.python.expressions.assignment import assign, bind
from mrt_lint.parse.python.expressions.evaluate import evaluate, evaluate_condition
from mrt_lint.parse.python.expressions.operators import compare, truth
from mrt_lint.parse.python.library.batch import close_batch
from mrt_lint.parse.python.objects import AutocommitBlock, BatchValue, GeneratorCall, LocalInstance, NameScope, PossibleItem, Value
from mrt_lint.parse.python.run import FunctionRun

# Alembic's operations raise these of their own, and asyncpg or SQLAlchemy the last one
_OF_DATABASES: Final = {"BaseException", "BaseExceptionGroup", "Exception", "ExceptionGroup"} | {
    *("AssertionError", "NotImplementedError", "RuntimeError", "TimeoutError", "ValueError", "Warning")
}
_OF_OTHERS: Final = frozenset(
    {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)} - _OF_DATABASES
    | {"JSONDecodeError", "MultipleResultsFound", "NoResultFound"}
)
"""Exceptions that no failed statement raises."""
_OF_BATCHES: Final = "ValueError"
"""What Alembic raises where a batch names what the table has not; no database raises it."""


def walk_if(run: FunctionRun, node: cst.If, scope: NameScope) -> int:
    """Walk the branch that is taken; both, in doubt, where that cannot be decided."""
    while True:
        run.statement, inspected = node, run.inspected
        decided = truth(evaluate_condition(run, node.test, scope))
        if decided is None:
            return _walk_both(run, node, scope, asks=asks_database(run, node.test, inspected))
        if decided:
            return run.walk(run, node.body, scope)
        if not isinstance(node.orelse, cst.If):
            return run.walk(run, node.orelse.body, scope) if node.orelse else FALL
        node = node.orelse


def _walk_both(run: FunctionRun, node: cst.If, scope: NameScope, *, asks: bool) -> int:
    before, known, orelse = dict(scope.names), run.found_none, node.orelse
    is_absent = run.if_absent
    if_so, if_not = (is_absent or (asks and finds_nothing(node.test, holds=holds)) for holds in (True, False))
    with run.under_condition():
        run.found_none, run.if_absent = known + found_none(node.test, holds=True), if_so
        yes = run.walk(run, node.body, scope)
        after, scope.names = scope.names, before.copy()
        run.found_none, run.if_absent = known + found_none(node.test, holds=False), if_not
        if orelse is None:
            no = FALL
        else:
            no = walk_if(run, orelse, scope) if isinstance(orelse, cst.If) else run.walk(run, orelse.body, scope)
    # the rest of the block knows what one way through it does where the other one leaves it
    if yes & FALL:
        run.found_none = known if no & FALL else known + found_none(node.test, holds=True)
        run.if_absent = is_absent if no & FALL else if_so
    # where neither way goes on, what follows never runs, and any names will do for it
    join(scope, [names for flow, names in ((yes, after), (no, scope.names)) if flow & FALL] or [before])
    return yes | no


def walk_match(run: FunctionRun, node: cst.Match, scope: NameScope) -> int:
    """Walk the case that matches; where that cannot be decided, every case that may."""
    subject = evaluate_condition(run, node.subject, scope)
    flow, uncertain, ways = 0, False, []
    before = dict(scope.names)
    for case in node.cases:
        scope.names = before.copy()
        fits = _fits(run, case.pattern, subject, scope)
        if fits and case.guard is not None:
            fits = truth(evaluate_condition(run, case.guard, scope))
        if fits is False:
            continue
        with run.under_condition(uncertain or fits is None):
            left = run.walk(run, case.body, scope)
        flow |= left
        ways += [scope.names] if left & FALL else []
        if fits:
            break
        uncertain = True
    else:
        flow |= FALL
        ways.append(before)
    join(scope, ways or [before])
    return flow


def _fits(run: FunctionRun, pattern: cst.MatchPattern, subject: Value, scope: NameScope) -> bool | None:
    if isinstance(pattern, cst.MatchValue):
        return truth(compare(run, "Equal", subject, evaluate(run, pattern.value, scope)))
    if isinstance(pattern, cst.MatchSingleton):
        return truth(compare(run, "Is", subject, evaluate(run, pattern.value, scope)))
    if isinstance(pattern, cst.MatchOr):
        outcomes = [_fits(run, element.pattern, subject, scope) for element in pattern.patterns]
        return True if True in outcomes else None if None in outcomes else False
    if isinstance(pattern, cst.MatchAs):
        fits = _fits(run, pattern.pattern, subject, scope) if pattern.pattern else True
        if pattern.name is not None:
            bind(run, scope, pattern.name.value, subject)
        return fits
    # sequences, mappings and classes are not looked into
    return None


def walk_try(run: FunctionRun, node: cst.Try | cst.TryStar, scope: NameScope) -> int:
    """Walk the body as if nothing went wrong, and the handlers in doubt; where both set a name, the body's value is kept."""
    others = _not_raised_in(run, node.body)
    going_on = [handler for handler in node.handlers if _goes_on(handler) and _catches_failures(handler, others)]
    run.catching += (catches := bool(going_on))
    run.swallowing += (swallows := any(not _has_raise(handler.body) for handler in going_on))
    try:
        flow = run.walk(run, node.body, scope)
    finally:
        run.catching -= catches
        run.swallowing -= swallows
    # a body that always raises, as a test on a feature does, has one of its handlers run for certain
    fails = not flow & ~RAISE and bool(node.handlers)
    if flow & FALL and node.orelse is not None:
        flow = (flow & ~FALL) | run.walk(run, node.orelse.body, scope)
    after = dict(scope.names)
    handled = 0
    for handler in node.handlers:
        scope.names = after.copy()
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            scope.names[handler.name.name.value] = UNKNOWN
        with run.under_condition(not fails or len(node.handlers) > 1):
            handled |= run.walk(run, handler.body, scope)
        if fails:
            after = scope.names
    scope.names = after
    # elsewhere the body is believed to pass, so that a handler's `return` casts no doubt on the rest
    flow = handled if fails else flow | (handled & FALL)
    if node.finalbody is not None:
        last = run.walk(run, node.finalbody.body, scope)
        # a `finally` that returns takes the place of what was returned or raised before
        flow = flow | (last & ~FALL) if last & FALL else last
    return flow


def _goes_on(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> bool:
    """Return whether a handler does not end in a raise of its own."""
    body = handler.body.body
    last = body[-1] if body else None
    line = last.body if isinstance(last, cst.SimpleStatementLine) else body
    return not (line and isinstance(line[-1], cst.Raise))


def _not_raised_in(run: FunctionRun, body: cst.BaseSuite) -> frozenset[str]:
    """Return the exceptions that no failure of what is in a body raises."""
    return _OF_OTHERS if run.batches or _has_batch(body) else _OF_OTHERS | {_OF_BATCHES}


def _has_batch(node: cst.CSTNode) -> bool:
    is_batch = isinstance(node, cst.Call) and dotted(node.func).rpartition(".")[2] == "batch_alter_table"
    return is_batch or any(map(_has_batch, node.children))


def _catches_failures(handler: cst.ExceptHandler | cst.ExceptStarHandler, others: frozenset[str]) -> bool:
    """Return whether a handler may catch what a database raises, by the names of its exceptions."""
    kind = handler.type
    return _names_failures([element.value for element in kind.elements] if isinstance(kind, cst.Tuple) else [kind], others)


def _names_failures(given: Iterable[cst.BaseExpression | None], others: frozenset[str]) -> bool:
    named = {dotted(each).rpartition(".")[2] if each is not None else "" for each in given}
    return not named <= others


def _suppresses_failures(manager: cst.BaseExpression, others: frozenset[str]) -> bool:
    """Return whether a context manager is `contextlib.suppress()` of what a database may raise."""
    is_call = isinstance(manager, cst.Call) and dotted(manager.func).rpartition(".")[2] == "suppress"
    return is_call and isinstance(manager, cst.Call) and _names_failures((argument.value for argument in manager.args), others)


def _has_raise(node: cst.CSTNode) -> bool:
    """Return whether a handler raises anywhere, if only under a condition."""
    return isinstance(node, cst.Raise) or any(map(_has_raise, node.children))


def walk_with(run: FunctionRun, node: cst.With, scope: NameScope) -> int:
    """Walk the body inside its context managers."""
    return _enter(run, node.items, node.body, scope)


def _enter(run: FunctionRun, items: Sequence[cst.WithItem], body: cst.BaseSuite, scope: NameScope) -> int:
    if not items:
        return run.walk(run, body, scope)
    item, *rest = items
    # the value of a context manager is not used: it is there for its effect, but that may be to guard the body (GUARDING)
    run.discarded, run.entering = (item.item,), item.item
    value = evaluate(run, item.item, scope)
    if isinstance(value, GeneratorCall):
        return _enter_generator(run, value, item, lambda: _enter(run, rest, body, scope), scope)
    if item.asname is not None:
        # `__enter__` of the project's classes is not followed
        assign(run, item.asname.name, UNKNOWN if isinstance(value, LocalInstance) else value, scope)
    commits, begun, outer = isinstance(value, AutocommitBlock), len(run.emitted), len(run.batches)
    suppresses = _suppresses_failures(item.item, _not_raised_in(run, body))
    run.autocommit += commits
    run.catching += suppresses
    run.swallowing += suppresses
    run.batches += [(run.catching, run.swallowing)] if isinstance(value, BatchValue) else []
    try:
        flow = _enter(run, rest, body, scope)
    finally:
        run.autocommit -= commits
        run.catching -= suppresses
        run.swallowing -= suppresses
        del run.batches[outer:]
    if commits and len(run.emitted) == begun:  # an empty block only ends the transaction
        run.emit(Statement, item.item, command="COMMIT", effect=False, text="COMMIT AND CHAIN")
    if isinstance(value, BatchValue):
        close_batch(run, value, item.item, begun)
    return flow


def _enter_generator(
    run: FunctionRun, generator: GeneratorCall, item: cst.WithItem, inside: Callable[[], int], scope: NameScope
) -> int:
    """Run a `@contextmanager` of the file: the body runs where it yields."""
    frame, outside = run.frame, run.away
    flows: list[int] = []

    def take(value: Value) -> None:
        # the body belongs to the caller: it returns from there, and its operations are in that file
        within, run.frame = run.frame, frame
        away, run.away = run.away, outside
        if item.asname is not None:
            assign(run, item.asname.name, value.value if isinstance(value, PossibleItem) else value, scope)
        flows.append(inside())
        run.frame, run.away = within, away

    run.produce(run, generator, take)
    if not flows:
        # the `yield` was not met, behind a condition or too many calls deep: the body runs all the same
        take(UNKNOWN)
    return flows[0] if len(flows) == 1 else (FALL | (flows[0] & LEAVES))
