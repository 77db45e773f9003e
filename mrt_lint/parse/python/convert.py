"""From the value of an expression to the value of an operation's field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import HOLE, UNKNOWN, Column, Flag, MaybeName, Name, Unknown
from mrt_lint.parse.python.library.elements import IdentityElement, SqlExpression
from mrt_lint.parse.python.objects import EnumMember, EnvironmentText, ExternalName, FilePath, PossibleItem, Value

CONTAINERS: Final = (list, tuple, set, frozenset, dict)
_MOST_ITEMS: Final = 2_000_000
"""Items of a value that are looked at; few lines build one of which Python never sees the end."""


def to_name(value: Value) -> Name:
    """Return an identifier that must be there; anything but a wholly known string is UNKNOWN."""
    if isinstance(value, Column):
        return value.name
    if isinstance(value, SqlExpression):
        return value.name
    if isinstance(value, EnumMember):
        value = value.value
    if isinstance(value, EnvironmentText):
        value = value.default
    return value if isinstance(value, str) and HOLE not in value else UNKNOWN


def to_maybe_name(value: Value) -> MaybeName:
    """Return an identifier or None."""
    return None if value is None else to_name(value)


def to_names(value: Value) -> tuple[Name, ...] | Unknown:
    """Return a sequence of identifiers; a single string is a sequence of one."""
    if isinstance(value, str):
        return (to_name(value),)
    if isinstance(value, (list, tuple, set, frozenset)) and not any(isinstance(item, PossibleItem) for item in value):
        return tuple(to_name(item) for item in value)
    return UNKNOWN


def to_flag(value: Value) -> Flag:
    """Return a boolean; None counts as False, as Alembic takes it."""
    if value is None or isinstance(value, (bool, int)):
        return bool(value)
    return UNKNOWN


def to_maybe_flag(value: Value) -> Flag | None:
    """Return a boolean or None."""
    return None if value is None else to_flag(value)


def to_int(value: Value) -> int | Unknown:
    """Return a number between parentheses."""
    return value if isinstance(value, int) and not isinstance(value, bool) else UNKNOWN


def to_sql(value: Value) -> Name:
    """Return SQL text, which may contain HOLE."""
    if isinstance(value, SqlExpression):
        return value.text
    return value if isinstance(value, str) else UNKNOWN


def to_maybe_sql(value: Value) -> MaybeName:
    """Return SQL text or None."""
    return None if value is None else to_sql(value)


def to_default(value: Value) -> MaybeName:
    """Return the text of a DEFAULT clause: a plain string is quoted, an expression is used as it is.

    Source: https://docs.sqlalchemy.org/en/20/core/metadata.html#sqlalchemy.schema.Column.params.server_default
    """
    if value is None or isinstance(value, IdentityElement):
        return None
    if isinstance(value, SqlExpression):
        return UNKNOWN if isinstance(value.text, str) and HOLE in value.text else value.text
    if isinstance(value, EnumMember):
        value = value.value
    if isinstance(value, str) and HOLE not in value:
        return in_quotes(value, "'")
    return UNKNOWN


def to_text(value: Value) -> str:
    """Return what a value contributes to a string that is being put together; HOLE where that is not known."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, FilePath):
        return str(value.path)
    if isinstance(value, SqlExpression) and isinstance(value.text, str):
        return value.text
    if isinstance(value, (list, tuple)) and all(isinstance(item, (str, int, float)) or item is None for item in value):
        if weigh(value, _MOST_ITEMS) > _MOST_ITEMS:
            return HOLE
        return repr(value) if not any(isinstance(item, str) and HOLE in item for item in value) else HOLE
    return HOLE


def is_known(value: Value) -> bool:
    """Return whether a value is plain Python through and through, so that Python may compute with it."""
    if isinstance(value, str):
        return HOLE not in value
    if value is None or isinstance(value, (bool, int, float, bytes)):
        return True
    if not isinstance(value, CONTAINERS):
        return False
    waiting: list[Any] = [value]
    left = _MOST_ITEMS
    while waiting:
        item = waiting.pop()
        if isinstance(item, CONTAINERS):
            left -= len(item)
            if left < 0:
                return False
            waiting.extend(item)
            waiting.extend(item.values() if isinstance(item, dict) else ())
        elif isinstance(item, str):
            if HOLE in item:
                return False
        elif item is not None and not isinstance(item, (bool, int, float, bytes)):
            return False
    return True


def weigh(value: Any, most: int) -> int:
    """Count the characters and items of a value, what is in it twice twice, and stop counting at more than `most`."""
    weight = 0
    waiting = [value]
    while waiting and weight <= most:
        item = waiting.pop()
        if isinstance(item, (str, bytes)):
            weight += len(item)
        elif isinstance(item, CONTAINERS):
            weight += len(item)
            waiting.extend(item)
            waiting.extend(item.values() if isinstance(item, dict) else ())
        elif isinstance(item, PossibleItem):
            waiting.append(item.value)
    return weight


def is_same(left: Value, right: Value) -> bool:
    """Return whether two branches left the same value behind."""
    if left is right:
        return True
    return type(left) is type(right) and bool(left == right)


def flatten(items: Iterable[Value]) -> list[Value]:
    """Return the items with nested lists opened, as a call's star arguments arrive."""
    flat: list[Value] = []
    for item in items:
        flat.extend(flatten(item)) if isinstance(item, (list, tuple)) else flat.append(item)
    return flat


def is_class_name(ref: ExternalName) -> bool:
    """Return whether a name from elsewhere reads as a class, as a column type's does: `GUID`, `UtcDateTime`."""
    return ref.last[:1].isupper()
