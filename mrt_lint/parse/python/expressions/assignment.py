"""Assignment: to names, to several at once, to attributes and items."""

from __future__ import annotations

from typing import Any

import libcst as cst

from mrt_lint.model.lean import replace
from mrt_lint.model.ops import Update
from mrt_lint.model.values import UNKNOWN, Name
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.convert import is_same, to_name
from mrt_lint.parse.python.expressions.operators import row_among
from mrt_lint.parse.python.library.elements import OrmRow, SqlExpression
from mrt_lint.parse.python.library.statement import flows_into
from mrt_lint.parse.python.library.table import make_column_ref
from mrt_lint.parse.python.objects import LocalInstance, NameScope, PossibleItem, Value
from mrt_lint.parse.python.run import FunctionRun


def assign(
    run: FunctionRun,
    target: cst.BaseExpression,
    value: Value,
    scope: NameScope,
) -> None:
    """Bind `value` to a target."""
    if isinstance(target, cst.Name):
        bind(run, scope, target.value, value)
    elif isinstance(target, (cst.Tuple, cst.List)):
        _unpack(run, target, value, scope)
    elif isinstance(target, cst.StarredElement):
        assign(run, target.value, value, scope)
    elif isinstance(target, cst.Attribute):
        set_attribute(run, target, run.evaluate(run, target.value, scope), target.attr.value, value)
    elif isinstance(target, cst.Subscript):
        _set_item(run, target, value, scope)


def bind(run: FunctionRun, scope: NameScope, name: str, value: Value) -> None:
    """Bind a name; in doubt, a name of an outer scope keeps its value only if the new one is the same."""
    home = scope.home(name)
    if home is not scope and run.forks and not is_same(home.names.get(name, value), value):
        value = UNKNOWN
    # a module that was walked is shared by all migrations of this process
    if not home.closed:
        home.names[name] = value


def _unpack(
    run: FunctionRun,
    target: cst.Tuple | cst.List,
    value: Value,
    scope: NameScope,
) -> None:
    elements = target.elements
    if isinstance(value, OrmRow):  # a row of one entity, as session.execute(select(Model)) returns it
        value = (value,) if len(elements) == 1 else UNKNOWN
    turns = None if isinstance(value, dict) and not value else iterate(run, value)
    row = row_among(turns) if turns is not None else None
    if row is not None:
        turns = [row] * len(elements)
    stars = [number for number, element in enumerate(elements) if isinstance(element, cst.StarredElement)]
    if turns is None or any(isinstance(turn, PossibleItem) for turn in turns) or (len(turns) != len(elements) and not stars):
        turns = [UNKNOWN] * len(elements)
    elif stars:
        tail = len(elements) - stars[0] - 1
        turns = [*turns[: stars[0]], turns[stars[0] : len(turns) - tail], *(turns[len(turns) - tail :] if tail else [])]
    for element, item in zip(elements, turns, strict=False):
        assign(run, element.value, item, scope)


def copy_attribute(run: FunctionRun, target: cst.BaseExpression, value: cst.BaseExpression, scope: NameScope) -> bool:
    """Record `row.a = row.b` of an object of the ORM as a copy from one column to the other; False if it is something else."""
    if not isinstance(target, cst.Attribute) or not isinstance(value, cst.Attribute) or not isinstance(value.value, cst.Name):
        return False
    receiver, source = run.evaluate(run, target.value, scope), run.evaluate(run, value.value, scope)
    if isinstance(receiver, OrmRow) and isinstance(source, OrmRow):
        set_attribute(run, target, receiver, target.attr.value, make_column_ref(source.table, value.attr.value))
        return True
    return False


def copy_by_name(run: FunctionRun, node: cst.BaseExpression, scope: NameScope) -> bool:
    """Record `setattr(row, "a", other.b)` as a copy, likewise; False if it is something else."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name) or node.func.value != "setattr":
        return False
    given = [argument.value for argument in node.args if not argument.star and argument.keyword is None]
    value = given[-1] if len(given) == len(node.args) == 3 else None  # noqa: PLR2004 - object, name, value
    if not isinstance(value, cst.Attribute) or not isinstance(value.value, cst.Name) or scope.find("setattr"):
        return False
    receiver, source = run.evaluate(run, given[0], scope), run.evaluate(run, value.value, scope)
    if isinstance(receiver, OrmRow) and isinstance(source, OrmRow):
        name = to_name(run.evaluate(run, given[1], scope))
        set_attribute(run, node, receiver, name, make_column_ref(source.table, value.attr.value))
        return True
    return False


def set_attribute(run: FunctionRun, node: cst.CSTNode, receiver: Value, name: Name, value: Value) -> None:
    """Set an attribute of an object; one that the ORM keeps is written to the database."""
    if isinstance(receiver, LocalInstance):
        if isinstance(name, str):
            # the other way through the code leaves the old value
            receiver.attributes[name] = UNKNOWN if run.forks else value
    elif isinstance(receiver, OrmRow):
        sources = value.columns if isinstance(value, SqlExpression) else ()
        run.emit(
            Update,
            node,
            table=receiver.table.name,
            schema=receiver.table.schema,
            columns=(name,),
            source_columns=sources,
            where=UNKNOWN,
            # under a condition of its own it may be none that is too long
            flows=tuple(replace(flow, copied=flow.copied and run.undecided <= run.repeating) for flow in flows_into(name, value)),
            fills=receiver.nulls,
        )
        if receiver.table.name is UNKNOWN:
            run.fail(node, "the table of the object is not known", concerns="rows")


def change_inside(
    run: FunctionRun,
    node: cst.CSTNode,
    attribute: cst.BaseExpression,
    scope: NameScope,
) -> bool:
    """Record that something in an attribute of an object of the ORM changes, as in `row.data["k"] = 1`; False if it is none."""
    while isinstance(attribute, cst.Subscript):
        attribute = attribute.value
    if not isinstance(attribute, cst.Attribute) or not isinstance(attribute.value, (cst.Name, cst.Subscript)):
        return False
    receiver = run.evaluate(run, attribute.value, scope)
    if isinstance(receiver, OrmRow):
        set_attribute(run, node, receiver, attribute.attr.value, UNKNOWN)
    return isinstance(receiver, OrmRow)


def _set_item(
    run: FunctionRun,
    target: cst.Subscript,
    value: Value,
    scope: NameScope,
) -> None:
    if change_inside(run, target, target.value, scope):
        return
    container = run.evaluate(run, target.value, scope)
    if isinstance(container, OrmRow):
        set_attribute(run, target, container, UNKNOWN, value)
    part = target.slice[0].slice
    key = run.evaluate(run, part.value, scope) if isinstance(part, cst.Index) else UNKNOWN
    if not isinstance(container, (dict, list)):
        return
    items: Any = container
    try:
        items[key] = UNKNOWN if run.forks else value
    except (TypeError, IndexError):
        return
