"""Statements, in the order in which Python reaches them.

Each is described by how it may be left: it falls through, returns, breaks, continues or raises. A statement that another may have
left before it is uncertain, except after a guard that raises, for then the migration has failed as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import libcst as cst

from mrt_lint.model.ops import Raise
from mrt_lint.model.values import HOLE, UNKNOWN
from mrt_lint.parse.python.control import branches, definitions, loops
from mrt_lint.parse.python.control.definitions import dotted
from mrt_lint.parse.python.control.existence_tests import note_listing
from mrt_lint.parse.python.control.exits import BREAK, CONTINUE, FALL, LEAVES, RAISE, RETURN
from mrt_lint.parse.python.expressions.assignment import assign, bind, change_inside, copy_attribute, copy_by_name
from mrt_lint.parse.python.expressions.evaluate import evaluate, evaluate_condition
from mrt_lint.parse.python.expressions.operators import combine, truth
from mrt_lint.parse.python.objects import NameScope, PossibleItem
from mrt_lint.parse.python.run import MAX_LENGTH, FunctionRun

_RUNNERS: Final = frozenset(
    ["run", "run_until_complete", "gather", "wait", "wait_for", "list", "tuple", "set", "all", "any", "sum", "deque", "map"]
)
"""Functions that call, await or use up what they are given."""

_EXITS: Final = frozenset(["sys.exit", "os._exit", "exit", "quit"])
"""Functions that end the process."""


def walk(run: FunctionRun, body: cst.BaseSuite | Sequence[cst.CSTNode], scope: NameScope) -> int:
    """Walk the statements of a block and say how it may be left."""
    # asking for a class of libcst's takes a microsecond where the answer is no
    statements = body if type(body) is tuple else body.body if isinstance(body, cst.BaseSuite) else body
    left = doubts = 0
    known, is_absent = run.found_none, run.if_absent
    for statement in statements:
        flow = _walk_statement(run, statement, scope)
        left |= flow & ~FALL
        if not flow & FALL:
            break
        if flow & LEAVES and not doubts:
            doubts = 1
            run.undecided += 1
            # where upgrade() itself may have returned, the rest runs with these values or not at all; a called function has a
            # caller that goes on with what the rest changed
            run.forks += run.depth > 1
    else:
        left |= FALL
    run.undecided -= doubts
    run.forks -= doubts and run.depth > 1
    run.found_none, run.if_absent = known, is_absent
    return left


def _walk_statement(run: FunctionRun, statement: cst.CSTNode, scope: NameScope) -> int:
    run.tick()
    if type(statement) is cst.SimpleStatementLine:
        return walk(run, statement.body, scope)
    run.statement = statement
    walker = WALKERS.get(type(statement))
    return walker(run, statement, scope) if walker else FALL


def _expression(run: FunctionRun, node: cst.Expr, scope: NameScope) -> int:
    kind = type(node.value)
    if kind is not cst.SimpleString and kind is not cst.Ellipsis:
        run.discarded = _discarded_by(node.value)
        if not copy_by_name(run, node.value, scope):
            evaluate(run, node.value, scope)
    if isinstance(node.value, cst.Call) and dotted(node.value.func) in _EXITS:
        run.emit(Raise, node, exception="SystemExit")
        return RAISE
    return FALL


def _discarded_by(node: cst.BaseExpression) -> tuple[cst.CSTNode, ...]:
    """Return the parts of a statement's expression whose values are not used: they are there for their effect."""
    parts: list[cst.CSTNode] = []
    waiting: list[cst.BaseExpression] = [node]
    while waiting:
        part = waiting.pop()
        parts.append(part)
        if isinstance(part, cst.Call):
            if dotted(part.func).rpartition(".")[2] in _RUNNERS:
                waiting += [argument.value for argument in part.args]
        elif isinstance(part, cst.Await):
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
    return tuple(parts)


def _assign(run: FunctionRun, node: cst.Assign, scope: NameScope) -> int:
    inspected = run.inspected
    value = evaluate(run, node.value, scope)
    note_listing(run, node, inspected)
    for target in node.targets:
        if value is not UNKNOWN or not copy_attribute(run, target.target, node.value, scope):
            assign(run, target.target, value, scope)
    return FALL


def _annotated(run: FunctionRun, node: cst.AnnAssign, scope: NameScope) -> int:
    if node.value is not None:
        assign(run, node.target, evaluate(run, node.value, scope), scope)
    return FALL


def _augmented(run: FunctionRun, node: cst.AugAssign, scope: NameScope) -> int:
    before, value = evaluate(run, node.target, scope), evaluate(run, node.value, scope)
    name = type(node.operator).__name__.removesuffix("Assign")
    # `+=` changes a list in its place, where other names lead to it as well
    if isinstance(before, list) and isinstance(value, (list, tuple)) and name == "Add" and not run.forks:
        before.extend(value if len(before) + len(value) <= MAX_LENGTH else [PossibleItem(UNKNOWN)])
    else:
        assign(run, node.target, combine(name, before, value), scope)
    return FALL


def _return(run: FunctionRun, node: cst.Return, scope: NameScope) -> int:
    run.frame.returns.append(evaluate(run, node.value, scope) if node.value else None)
    return RETURN


def _raise(run: FunctionRun, node: cst.Raise, scope: NameScope) -> int:
    if node.exc is None:
        return RAISE
    exception, message = node.exc, None
    if isinstance(exception, cst.Call):
        if exception.args:
            value = evaluate_condition(run, exception.args[0].value, scope)
            message = value.replace(HOLE, "…") if isinstance(value, str) else UNKNOWN
        exception = exception.func
    name = exception.attr if isinstance(exception, cst.Attribute) else exception
    # a class by its name; a variable may hold any exception
    known = isinstance(name, cst.Name) and name.value[:1].isupper()
    run.emit(Raise, node, exception=name.value if known and isinstance(name, cst.Name) else UNKNOWN, message=message)
    return RAISE


def _assert(run: FunctionRun, node: cst.Assert, scope: NameScope) -> int:
    if truth(evaluate_condition(run, node.test, scope)) is False:
        run.emit(Raise, node, exception="AssertionError")
        return RAISE
    return FALL


def _delete(run: FunctionRun, node: cst.Del, scope: NameScope) -> int:
    if isinstance(node.target, cst.Name):
        bind(run, scope, node.target.value, UNKNOWN)
    elif isinstance(node.target, cst.Subscript):
        change_inside(run, node.target, node.target.value, scope)
    return FALL


def _outer(_run: FunctionRun, node: cst.Global | cst.Nonlocal, scope: NameScope) -> int:
    scope.outer |= {item.name.value for item in node.names}
    return FALL


Walker = Callable[[FunctionRun, Any, NameScope], int]

WALKERS: dict[type[cst.CSTNode], Walker] = {
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Assert: _assert,
    cst.Del: _delete,
    cst.Global: _outer,
    cst.Nonlocal: _outer,
    cst.Break: lambda _run, _node, _scope: BREAK,
    cst.Continue: lambda _run, _node, _scope: CONTINUE,
    cst.If: branches.walk_if,
    cst.Match: branches.walk_match,
    cst.Try: branches.walk_try,
    cst.TryStar: branches.walk_try,
    cst.With: branches.walk_with,
    cst.For: loops.walk_for,
    cst.While: loops.walk_while,
    cst.Import: definitions.walk_import,
    cst.ImportFrom: definitions.walk_import_from,
    cst.FunctionDef: definitions.walk_function,
    cst.ClassDef: definitions.walk_class,
}
