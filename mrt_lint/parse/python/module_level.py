"""What a file does outside of functions: the names that it binds, walked once and copied for each reading of a function."""

from __future__ import annotations

from dataclasses import field
from typing import Final

import libcst as cst

from mrt_lint.model.lean import dataclass
from mrt_lint.model.values import UNKNOWN, Column, SqlType, Unknown
from mrt_lint.parse.python.control.following import follow, load_imports
from mrt_lint.parse.python.control.inline import inline, produce
from mrt_lint.parse.python.control.walk import walk
from mrt_lint.parse.python.expressions.evaluate import evaluate
from mrt_lint.parse.python.library.elements import SqlExpression, TableElement
from mrt_lint.parse.python.objects import EnvironmentText, ExternalName, FilePath, LocalFunction, NameScope, Value
from mrt_lint.parse.python.project_modules import ProjectModules
from mrt_lint.parse.python.run import FunctionRun

_UNCHANGING: Final = frozenset(
    [
        *(str, bytes, int, float, complex, bool, type(None), Unknown, ExternalName),
        *(EnvironmentText, FilePath, Column, SqlType, SqlExpression),
    ]
)
"""Kinds of values that no reading can change, so that all may have the same one."""


@dataclass(slots=True, eq=False)
class ModuleSource:
    """The file that is read: its tree, what is known of its functions that yield, the modules of its project, and its path.

    `walked` is the module level where every reading may begin with a copy of it, `scopes` are all that were made.
    """

    module: cst.Module
    yielding: dict[int, bool] | None = None
    modules: ProjectModules | None = None
    file: Value = UNKNOWN
    walked: tuple[FunctionRun, NameScope] | None = None
    scopes: list[NameScope] = field(default_factory=list)

    def forget(self) -> None:
        """Forget all names: a function has the scope that has it, and the tree would remain until garbage is collected."""
        for scope in self.scopes:
            scope.names.clear()


class _NotPlainError(Exception):
    """The module level binds something that cannot be copied, or that depends on the dialect."""


def level(source: ModuleSource, dialects: frozenset[str], universe: frozenset[str]) -> NameScope:
    """Walk the module level for these dialects and return its names, to be looked at: constants, functions, imports."""
    source.walked = _walk(source, dialects, universe)
    return source.walked[1]


def start(source: ModuleSource, dialects: frozenset[str], universe: frozenset[str]) -> tuple[FunctionRun, NameScope]:
    """Return a reading for these dialects that begins where the module level ends, with names of its own."""
    if source.walked is not None:
        try:
            return _copy(source, *source.walked, dialects, universe)
        except _NotPlainError:
            source.walked = None
    return _walk(source, dialects, universe)


def _new(source: ModuleSource, dialects: frozenset[str], universe: frozenset[str]) -> FunctionRun:
    return FunctionRun(
        dialects=dialects,
        universe=universe,
        walk=walk,
        evaluate=evaluate,
        inline=inline,
        produce=produce,
        follow=follow,
        load_imports=load_imports,
        yielding=source.yielding,
        modules=source.modules,
    )


def _walk(source: ModuleSource, dialects: frozenset[str], universe: frozenset[str]) -> tuple[FunctionRun, NameScope]:
    run = _new(source, dialects, universe)
    scope = NameScope(names={"__name__": UNKNOWN, "__file__": source.file})
    source.scopes.append(scope)
    run.quiet = 1
    walk(run, source.module.body, scope)
    run.quiet = 0
    run.undecided = 0
    return run, scope


def _copy(
    source: ModuleSource, walked: FunctionRun, names: NameScope, dialects: frozenset[str], universe: frozenset[str]
) -> tuple[FunctionRun, NameScope]:
    """Return the same state with names of its own, which the reading may change. Raises _NotPlainError."""
    if walked.asks_dialect or walked.registered or walked.implementations or walked.scopes or names.outer:
        raise _NotPlainError
    scope = NameScope()
    scope.stars = list(names.stars)
    source.scopes.append(scope)
    known: dict[int, Value] = {}
    scope.names = {name: _copy_value(value, names, scope, known) for name, value in names.names.items()}
    run = _new(source, dialects, universe)
    run.steps, run.built, run.reads, run.forks = walked.steps, walked.built, set(walked.reads), walked.forks
    run.statement, run.discarded, run.entering = walked.statement, walked.discarded, walked.entering
    return run, scope


def _copy_value(value: Value, old: NameScope, new: NameScope, known: dict[int, Value]) -> Value:
    """Return a value as it is in the new scope; `known` are those that have been copied, for several names may share one."""
    kind = type(value)
    if kind in _UNCHANGING or (isinstance(value, TableElement) and all(type(item) in _UNCHANGING for item in value.items)):
        return value
    if id(value) in known:
        return known[id(value)]
    copied: Value
    if isinstance(value, LocalFunction):
        if value.scope is not old or value.receiver is not None or value.owner is not None:
            raise _NotPlainError
        copied = value.moved_to(new)
        copied.defaults = {name: _copy_value(default, old, new, known) for name, default in value.defaults.items()}
    elif kind is dict:
        copied = {key: _copy_value(item, old, new, known) for key, item in value.items()}  # type: ignore[attr-defined]  # a dict
    elif kind in (list, tuple, set):
        copied = kind(_copy_value(item, old, new, known) for item in value)  # type: ignore[attr-defined]  # one of these
    else:
        raise _NotPlainError
    known[id(value)] = copied
    return copied
