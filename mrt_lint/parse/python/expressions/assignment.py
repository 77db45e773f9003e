"""Assignment: to names, to several at once, to attributes and items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from mrt_lint.model.ops import Update
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.convert import is_same
from mrt_lint.parse.python.library.elements import OrmRow, SqlExpression
from mrt_lint.parse.python.library.statement import flows_into
from mrt_lint.parse.python.objects import LocalInstance, NameScope, PossibleItem, Value
from mrt_lint.parse.python.run import FunctionRun


def assign(
    run: FunctionRun,
    target: cst.BaseExpression,
    value: Value,
    scope: NameScope,
    evaluate: Callable[[FunctionRun, cst.BaseExpression, NameScope], Value],
) -> None:
    """Bind `value` to a target."""
    if isinstance(target, cst.Name):
        bind(run, scope, target.value, value)
    elif isinstance(target, (cst.Tuple, cst.List)):
        _unpack(run, target, value, scope, evaluate)
    elif isinstance(target, cst.StarredElement):
        assign(run, target.value, value, scope, evaluate)
    elif isinstance(target, cst.Attribute):
        _set_attribute(run, target, evaluate(run, target.value, scope), value)
    elif isinstance(target, cst.Subscript):
        _set_item(run, target, value, scope, evaluate)


def bind(run: FunctionRun, scope: NameScope, name: str, value: Value) -> None:
    """Bind a name; in doubt, a name of an outer scope keeps its value only if the new one is the same."""
    home = scope.home(name)
    if home is not scope and run.forks and not is_same(home.names.get(name, value), value):
        value = UNKNOWN
    home.names[name] = value


def _unpack(
    run: FunctionRun,
    target: cst.Tuple | cst.List,
    value: Value,
    scope: NameScope,
    evaluate: Callable[[FunctionRun, cst.BaseExpression, NameScope], Value],
) -> None:
    elements = target.elements
    turns = None if isinstance(value, dict) and not value else iterate(run, value)
    stars = [number for number, element in enumerate(elements) if isinstance(element, cst.StarredElement)]
    if turns is None or any(isinstance(turn, PossibleItem) for turn in turns) or (len(turns) != len(elements) and not stars):
        turns = [UNKNOWN] * len(elements)
    elif stars:
        tail = len(elements) - stars[0] - 1
        turns = [*turns[: stars[0]], turns[stars[0] : len(turns) - tail], *(turns[len(turns) - tail :] if tail else [])]
    for element, item in zip(elements, turns, strict=False):
        assign(run, element.value, item, scope, evaluate)


def _set_attribute(run: FunctionRun, target: cst.Attribute, receiver: Value, value: Value) -> None:
    if isinstance(receiver, LocalInstance):
        receiver.attributes[target.attr.value] = UNKNOWN if run.forks else value
    elif isinstance(receiver, OrmRow):
        sources = value.columns if isinstance(value, SqlExpression) else ()
        flows = tuple(flows_into(target.attr.value, value))
        run.emit(
            Update,
            target,
            table=receiver.table.name,
            schema=receiver.table.schema,
            columns=(target.attr.value,),
            source_columns=sources,
            where=UNKNOWN,
            flows=flows,
        )


def _set_item(
    run: FunctionRun,
    target: cst.Subscript,
    value: Value,
    scope: NameScope,
    evaluate: Callable[[FunctionRun, cst.BaseExpression, NameScope], Value],
) -> None:
    container = evaluate(run, target.value, scope)
    part = target.slice[0].slice
    key = evaluate(run, part.value, scope) if isinstance(part, cst.Index) else UNKNOWN
    if not isinstance(container, (dict, list)):
        return
    items: Any = container
    try:
        items[key] = UNKNOWN if run.forks else value
    except (TypeError, IndexError):
        return
