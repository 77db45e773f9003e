"""Reading one function for every dialect it distinguishes, and the readings merged into one."""

from __future__ import annotations

from dataclasses import field, replace

import libcst as cst

from mrt_lint.model.lean import dataclass
from mrt_lint.model.values import DIALECTS, UNKNOWN
from mrt_lint.parse.python.control.inline import inline
from mrt_lint.parse.python.module_level import ModuleSource, start
from mrt_lint.parse.python.objects import CallArguments, ExternalName, LocalClass, LocalFunction, Value
from mrt_lint.parse.python.run import (
    MAX_OPERATIONS,
    MAX_SECONDS,
    Deadline,
    DialectSplit,
    FunctionRun,
    ReadFailure,
    RecordedOp,
    TooLongError,
    UnlistedDialect,
)

MAX_READINGS = 40
"""Readings of one function."""
MAX_EMITTED = 4 * MAX_OPERATIONS
"""Operations in all readings of one function, before what several do alike is one."""


@dataclass(slots=True)
class FunctionReading:
    """What one function does: operations, each with the dialects it runs on (None: all), and what could not be read.

    `reads` are the attributes and items of rows that it looks at.
    """

    ops: list[tuple[RecordedOp, tuple[str, ...] | None]] = field(default_factory=list)
    failures: list[ReadFailure] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)


def read_function(source: ModuleSource, name: str) -> FunctionReading:
    """Read one function: once, or once for each set of dialects that its guards distinguish."""
    universe = frozenset(DIALECTS)
    waiting = [universe]
    done: list[tuple[frozenset[str], FunctionRun]] = []
    deadline = Deadline(MAX_SECONDS)
    readings = 0
    while waiting and readings < MAX_READINGS and sum(len(run.emitted) for _, run in done) < MAX_EMITTED:
        dialects = waiting.pop(0)
        readings += 1
        try:
            done.append((dialects, _read(source, name, dialects, universe, deadline=deadline)))
        except DialectSplit as split:
            waiting[:0] = [split.yes, split.no]
        except UnlistedDialect as stranger:
            universe |= {stranger.name}
            # what was read before took this dialect for none
            waiting, done = [universe], []
    reading = _merge(done, universe)
    if waiting:
        named = (node for node in source.module.body if isinstance(node, cst.FunctionDef) and node.name.value == name)
        node = next(named, source.module)
        why = f"{name}() distinguishes too many dialects to follow"
        reading.failures.append(ReadFailure(node, None, why, tuple(sorted(frozenset().union(*waiting))) if done else None))
    return reading


def _read(
    source: ModuleSource,
    name: str,
    dialects: frozenset[str],
    universe: frozenset[str],
    *,
    deadline: Deadline,
) -> FunctionRun:
    run, scope = start(source, dialects, universe)
    run.deadline = deadline
    function = scope.names.get(name)
    node = node_of(function) or source.module
    try:
        _call(run, function, node, name)
    except TooLongError as reason:
        run.fail(run.statement or node, f"{name}() {reason}: it is left out from here on")
    except RecursionError:
        run.fail(node, f"{name}() is nested too deeply to follow")
    return run


def _call(run: FunctionRun, function: Value, node: cst.CSTNode, name: str) -> None:
    if isinstance(function, ExternalName):
        function = run.follow(run, function)
    if isinstance(function, LocalFunction):
        parameters = {parameter.name.value for parameter in function.node.params.params}
        # env.py of the template "multidb" passes the name of each database, whatever the default is
        given: dict[str, Value] = dict.fromkeys(parameters & {"engine_name"}, UNKNOWN)
        inline(run, function, CallArguments(keyword=given, complete=not parameters), node)
    elif isinstance(function, (ExternalName, LocalClass)) or function is UNKNOWN:
        run.fail(node, f"{name}() is not defined in this file")


def node_of(function: Value) -> cst.CSTNode | None:
    """Return the node that a function's place is read from, None if it is not in the file."""
    return function.node if isinstance(function, LocalFunction) and not function.home else None


def _merge(done: list[tuple[frozenset[str], FunctionRun]], universe: frozenset[str]) -> FunctionReading:
    """Merge the readings in program order: what several do in the same place is one operation."""
    merged: list[tuple[RecordedOp, frozenset[str]]] = []
    failures: dict[int, tuple[ReadFailure, set[str]]] = {}
    reading = FunctionReading()
    for dialects, run in done:
        reading.reads |= run.reads
        at = 0
        fresh: list[tuple[RecordedOp, frozenset[str]]] = []
        for emitted in run.emitted:
            found = next((place for place in range(at, len(merged)) if merged[place][0].is_same(emitted)), None)
            if found is None:
                fresh.append((emitted, dialects))
            else:
                # what this reading did since the last operation that both have goes before this one, so that either keeps its order
                merged[found] = (emitted, merged[found][1] | dialects)
                merged[found:found] = fresh
                at = found + 1 + len(fresh)
                fresh = []
        merged += fresh
        for failure in run.failures:
            known = failures.setdefault(id(failure.node), (failure, set()))
            known[1].update(dialects)
    reading.failures = [
        replace(failure, dialects=None if dialects >= universe else tuple(sorted(dialects)))
        for failure, dialects in failures.values()
    ]
    reading.ops = [(emitted, None if dialects == universe else tuple(sorted(dialects))) for emitted, dialects in merged]
    return reading
