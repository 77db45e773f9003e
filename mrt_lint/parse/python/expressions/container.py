"""Methods of lists, dicts and sets of a migration; what happens to one in doubt is a Maybe in it."""

from __future__ import annotations

from typing import Any

from mrt_lint.model.values import HOLE, UNKNOWN
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.convert import is_known
from mrt_lint.parse.python.expressions.operators import choose_function, get_item, is_sized
from mrt_lint.parse.python.objects import CallArguments, DialectName, PossibleItem, Value
from mrt_lint.parse.python.run import MAX_LENGTH, FunctionRun


def call_container(run: FunctionRun, receiver: Any, name: str, arguments: CallArguments) -> Value:
    """Return a method of a container; UNKNOWN if its result cannot be computed."""
    try:
        if isinstance(receiver, dict):
            return _call_dict(run, receiver, name, arguments)
        if isinstance(receiver, list):
            return _call_list(run, receiver, name, arguments)
        if isinstance(receiver, set):
            return _call_set(run, receiver, name, arguments)
    except (TypeError, IndexError, KeyError, ValueError):
        return UNKNOWN
    return UNKNOWN


def _call_list(run: FunctionRun, items: list[Value], name: str, arguments: CallArguments) -> Value:
    first = arguments.get(0, "object", UNKNOWN)
    if name == "append":
        items.append(_mark(run, first))
    elif name == "extend":
        turns = iterate(run, first)
        if len(items) < MAX_LENGTH:
            items.extend([PossibleItem(UNKNOWN)] if turns is None else [_mark(run, turn) for turn in turns])
    elif name == "insert" and isinstance(first, int):
        items.insert(first, _mark(run, arguments.get(1, "object", UNKNOWN)))
    elif name == "copy":
        return list(items)
    elif name in ("pop", "remove", "clear", "sort", "reverse"):
        return _change_list(run, items, name, arguments)
    return None if name in ("append", "extend", "insert") else UNKNOWN


def _change_list(run: FunctionRun, items: list[Value], name: str, arguments: CallArguments) -> Value:
    # any of them may have been taken out, or be in another place
    if run.forks or not is_sized(items) or arguments.keyword:
        items[:] = [PossibleItem(item.value if isinstance(item, PossibleItem) else item) for item in items]
        return UNKNOWN
    if name in ("remove", "sort") and not is_known(items):
        return UNKNOWN
    result: Value = getattr(items, name)(*arguments.positional)
    return result


def _mark(run: FunctionRun, value: Value) -> Value:
    return PossibleItem(value) if run.forks and not isinstance(value, PossibleItem) else value


def _call_dict(run: FunctionRun, items: dict[Any, Value], name: str, arguments: CallArguments) -> Value:
    first = arguments.get(0, "key", UNKNOWN)
    if name == "items":
        return list(items.items())
    if name in ("keys", "values"):
        return list(items) if name == "keys" else list(items.values())
    if name in ("get", "pop", "setdefault"):
        if isinstance(first, DialectName):
            found = get_item(run, items, first)
            return arguments.get(1, "default") if found is UNKNOWN else found
        if isinstance(first, str) and HOLE in first:
            return choose_function(items, first, arguments.get(1, "default"))
        if first is UNKNOWN or not is_known(first):
            return _at_any_key(items, name, first)
        value = items.get(first, arguments.get(1, "default"))
        if name == "setdefault":
            items.setdefault(first, value)
        elif name == "pop" and not run.forks:
            items.pop(first, None)
        return value
    if name == "update":
        given = _given(arguments)
        # the other way through the code leaves the old values
        items.update(dict.fromkeys(given, UNKNOWN) if run.forks else given)
        return None
    return dict(items) if name == "copy" else UNKNOWN


def _at_any_key(items: dict[Any, Value], name: str, key: Value) -> Value:
    """Return an item whose key is not known; `setdefault()` adds one."""
    if name == "setdefault":
        items[UNKNOWN] = UNKNOWN
    return items.get(key, UNKNOWN)


def _given(arguments: CallArguments) -> dict[Any, Value]:
    """Return what a dict is updated by; a key that is not known may be any."""
    first = arguments.get(0, "object", {})
    return {**(first if isinstance(first, dict) else {UNKNOWN: UNKNOWN}), **arguments.keyword}


def _call_set(run: FunctionRun, items: set[Any], name: str, arguments: CallArguments) -> Value:
    first = arguments.get(0, "element", UNKNOWN)
    if name == "add":
        items.add(_mark(run, first))
        return None
    if name in ("union", "intersection", "difference", "update") and is_known(first) and is_known(items):
        result: Value = getattr(items, name)(first)
        return result
    return UNKNOWN
