"""What the earlier turns of a loop may have put into lists, sets and dicts, where a loop that cannot be unrolled is walked once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.objects import NameScope, PossibleItem

_FILLING: Final = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})
_LITERALS: Final = (cst.SimpleString, cst.Integer)


@contextmanager
def of_earlier_turns(body: cst.CSTNode, scope: NameScope) -> Iterator[None]:
    """Run one turn for all: a container that the body puts anything into may hold more than before the loop, of any kind.

    What is put under a name that the body spells out is no more than this turn puts there.
    """
    marked: list[tuple[list[Any], PossibleItem]] = []
    for name in set(_filled(body)):
        home = scope.find(name)
        value = home.names.get(name) if home else None
        if isinstance(value, list):
            mark = PossibleItem(UNKNOWN)
            value.insert(0, mark)
            marked.append((value, mark))
        elif isinstance(value, set):
            value.add(PossibleItem(UNKNOWN))
        elif isinstance(value, dict):
            value.setdefault(UNKNOWN, UNKNOWN)
    yield
    for items, mark in marked:
        items[:] = [item for item in items if item is not mark]


def _filled(node: cst.CSTNode) -> Iterable[str]:
    """Return the names of the containers that a piece of code puts something into."""
    if isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Subscript):
        subscript = node.target
        keys = [element.slice.value for element in subscript.slice if isinstance(element.slice, cst.Index)]
        if isinstance(subscript.value, cst.Name) and not all(isinstance(key, _LITERALS) for key in keys):
            yield subscript.value.value
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _FILLING:
        receiver = node.func.value
        if isinstance(receiver, cst.Name) and not (node.args and isinstance(node.args[0].value, _LITERALS)):
            yield receiver.value
    for child in node.children:
        yield from _filled(child)
