"""Calls of the file's own functions: the body is walked where it is called, its parameters bound to the arguments."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.definitions import yields
from mrt_lint.parse.python.control.exits import FALL
from mrt_lint.parse.python.control.walk import walk
from mrt_lint.parse.python.convert import is_same
from mrt_lint.parse.python.expressions.evaluate import evaluate
from mrt_lint.parse.python.objects import CallArguments, GeneratorCall, LocalFunction, NameScope, SuperProxy, Value
from mrt_lint.parse.python.run import MAX_DEPTH, CallFrame, FunctionRun


def inline(run: FunctionRun, function: LocalFunction, arguments: CallArguments, node: cst.CSTNode) -> Value:
    """Walk a function's body and return its value; UNKNOWN if several values are possible.

    What a function of another file does has its place where the migration calls it.
    """
    with run.away_from(node if function.home else None):
        return _inline(run, function, arguments, node)


def _inline(run: FunctionRun, function: LocalFunction, arguments: CallArguments, node: cst.CSTNode) -> Value:
    if yields(run, function):
        return GeneratorCall(function, arguments, node)
    if run.depth >= MAX_DEPTH:
        run.fail(node, f"{function.name}() calls itself too often")
        return UNKNOWN
    if run.undecided and any(active is function.node for active in run.active):
        return UNKNOWN  # what a further round would do in doubt, the present one records
    scope = NameScope(parent=function.scope)
    bind_parameters(function, arguments, scope)
    if function.owner is not None and function.receiver is not None:
        scope.names["__super__"] = SuperProxy(function.owner, function.receiver)
    if isinstance(function.node, cst.Lambda):
        run.depth += 1
        value = evaluate(run, function.node.body, scope)
        run.depth -= 1
        return value
    frame, flow = _walk_body(run, function, scope, None)
    values = frame.returns + ([None] if flow & FALL else [])
    if not values:
        return UNKNOWN
    return values[0] if all(is_same(values[0], value) for value in values) else UNKNOWN


def produce(run: FunctionRun, generator: GeneratorCall, take: Callable[[Value], None]) -> None:
    """Walk a generator's body, handing each value it yields to `take` where it does."""
    function = generator.function
    if run.depth >= MAX_DEPTH:
        return
    scope = NameScope(parent=function.scope)
    bind_parameters(function, generator.arguments, scope)
    with run.away_from(generator.node if function.home else None):
        _walk_body(run, function, scope, take)


def _walk_body(
    run: FunctionRun, function: LocalFunction, scope: NameScope, take: Callable[[Value], None] | None
) -> tuple[CallFrame, int]:
    outer, run.frame = run.frame, CallFrame(on_yield=take)
    statement = run.statement
    run.depth += 1
    run.active.append(function.node)
    # a call in a condition only asks; what the statements of the called function do is done
    asked, run.asked = run.asked, 0
    body = function.node.body
    flow = walk(run, body, scope) if isinstance(body, cst.BaseSuite) else FALL
    run.statement = statement
    run.asked = asked
    run.active.pop()
    run.depth -= 1
    frame, run.frame = run.frame, outer
    return frame, flow


def bind_parameters(function: LocalFunction, arguments: CallArguments, scope: NameScope) -> None:
    """Bind a call's arguments as Python would; what an unreadable star may have given is unknown."""
    parameters = function.node.params
    if function.receiver is not None:
        arguments = CallArguments([function.receiver, *arguments.positional], arguments.keyword, complete=arguments.complete)
    ordered = [parameter.name.value for parameter in (*parameters.posonly_params, *parameters.params)]
    names = scope.names
    for name in (*ordered, *(parameter.name.value for parameter in parameters.kwonly_params)):
        names[name] = function.defaults.get(name, UNKNOWN) if arguments.complete else UNKNOWN
    names.update(zip(ordered, arguments.positional, strict=False))
    extra: dict[str, Value] = {}
    for name, value in arguments.keyword.items():
        if name in names:
            names[name] = value
        else:
            extra[name] = value
    if isinstance(parameters.star_arg, cst.Param):
        rest = tuple(arguments.positional[len(ordered) :])
        names[parameters.star_arg.name.value] = rest if arguments.complete else UNKNOWN
    if parameters.star_kwarg is not None:
        names[parameters.star_kwarg.name.value] = extra if arguments.complete else UNKNOWN
