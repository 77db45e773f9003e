"""Frozen dataclasses as JSON and back, so that what was read once can be kept and sent without ever being unpickled."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

_CLASS = "@"
_MEMBER = "="


class JsonCodec:
    """Writes and reads values made of the given dataclasses and enums, tuples, strings, numbers, booleans and None.

    A dataclass becomes an object of its fields that differ from their defaults; field names never start with "@" or "=".
    """

    def __init__(self, classes: Iterable[type]) -> None:
        self._classes = {cls.__name__: cls for cls in classes}
        self._fields: dict[type, tuple[tuple[str, Any], ...]] = {}

    def dumps(self, value: object) -> str:
        """Write one value on one line."""
        return json.dumps(self._plain(value), separators=(",", ":"))

    def loads(self, text: str) -> Any:
        """Read what `dumps` wrote; anything else raises ValueError, whatever is wrong with it."""
        try:
            return _frozen(json.loads(text, object_hook=self._object))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"not written by this version: {error}") from error

    def _plain(self, value: object) -> object:
        if isinstance(value, enum.Enum):
            return {_MEMBER: type(value).__name__, "value": value.value}
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        if isinstance(value, (tuple, list)):
            return [self._plain(item) for item in value]
        if is_dataclass(value):
            plain: dict[str, object] = {_CLASS: type(value).__name__}
            for name, default in self._fields_of(type(value)):
                item = getattr(value, name)
                # 1 == True and 0 == False: equality alone would turn a number into a flag
                if item is not default and not (type(item) is type(default) and item == default):
                    plain[name] = self._plain(item)
            return plain
        raise TypeError(f"{type(value).__name__} is no part of what can be kept")

    def _fields_of(self, cls: type) -> tuple[tuple[str, Any], ...]:
        if cls not in self._fields:
            self._fields[cls] = tuple((field.name, field.default) for field in fields(cls) if field.init)
        return self._fields[cls]

    def _object(self, plain: dict[str, Any]) -> object:
        name = plain.pop(_CLASS, None)
        if name is not None:
            return self._classes[name](**{key: _frozen(value) for key, value in plain.items()})
        member = plain.pop(_MEMBER, None)
        return self._classes[member](plain["value"]) if member is not None else plain


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
