"""JSON documents as values of rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from mrt_runtime.seed.text import everyday_text
from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Raw

JsonPath: TypeAlias = tuple[str, ...]
ITEM = ""
"""Represents any item of a list in the path to a value in a document."""
NUMBER, BOOLEAN, DATE, UUID = "\0number", "\0boolean", "\0date", "\0uuid"
"""At the end of a path: the value is one of these."""

LEAVES: dict[str, Callable[[str, int], object]] = {
    NUMBER: lambda _, ordinal: ordinal + 1,
    BOOLEAN: lambda _, ordinal: ordinal % 2 == 0,
    DATE: lambda _, ordinal: f"2024-01-{ordinal % 28 + 1:02}",
    UUID: lambda name, ordinal: str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}-{ordinal}.example.org")),
}
"""The values at the end of a path, by the name that is read there and the number of the row."""


@dataclass(frozen=True, slots=True)
class JsonTexts:
    """JSON, as text; `paths` are the keys that each document has."""

    paths: tuple[JsonPath, ...] = ()

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        if self.paths:
            return ValuePool(typical=tuple(json.dumps(build(self.paths, n, slot.name)) for n in slot.ordinals), place=0)
        typical = tuple(json.dumps({slot.name: n + 1, "tags": ["a", "b"]}) for n in slot.ordinals)
        deep = {"Ünï": [1.5, -(2**53), None, True, {"'q\"": ["\\", "%", ""]}], "0042": " x "}
        return ValuePool(typical=typical, edges=(json.dumps(deep, ensure_ascii=False),), bare=("{}", "[]"), place=0)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        samples: dict[str, object] = {"object": {}, "array": [], "string": "text", "number": 1, "integer": 1, "boolean": True}
        if isinstance(raw, str):
            if raw.lower() in samples:
                yield json.dumps(samples[raw.lower()])
            inners: tuple[object, ...] = (1, "text", True, [], {})
            for inner in inners:
                yield json.dumps({raw.lstrip("$."): inner})
        if not isinstance(raw, Decimal):
            yield json.dumps([raw])

    def compose(self, paths: Sequence[JsonPath], values: Sequence[Raw]) -> Iterator[Value]:
        """Yield documents that are one of the values, then those that hold each value, and everyday ones, under each path."""
        inners = [as_json(value) for value in values]
        yield from (self._over(document) for document in inners if isinstance(document, dict | list))
        for path in paths:
            within = [inner for inner in inners if inner not in path]
            for inner in (*within, "text", 1000, True, *([one] for one in within), {}):
                yield self._over(nest(path, inner))

    def _over(self, document: object) -> str:
        """Write a document with what the code reads of each beside it."""
        base = build(self.paths, 0, "") if self.paths else None
        return json.dumps(merge(base, document) if isinstance(base, dict) else document)


def as_json(value: Raw) -> object:
    """Return the value that a constant of SQL represents in a document, which may be written as JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in {"{", "[", '"'} else value
    except ValueError:
        return value


def nest(path: JsonPath, inner: object) -> object:
    """Return a document in which the path leads to a value."""
    for key in reversed(path):
        inner = {key: inner}
    return inner


def merge(base: object, over: object) -> object:
    """Return a document with the members of both, those of the second one in place of equal keys."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{key: merge(base.get(key), value) for key, value in over.items()}}


def build(paths: Iterable[JsonPath], ordinal: int, name: str) -> object:
    """Return a document in which each path leads to a text, or to a number; `name` is what the text says."""
    inner: dict[str, list[JsonPath]] = {}
    for path in paths:
        if path:
            inner.setdefault(path[0], []).append(path[1:])
    if ITEM in inner:
        return [build(inner[ITEM], ordinal, name)]
    leaf = next((key for key in inner if key in LEAVES), None)
    if any(key not in LEAVES for key in inner):
        return {key: build(rest, ordinal, key) for key, rest in inner.items() if key not in LEAVES}
    return LEAVES[leaf](name, ordinal) if leaf is not None else everyday_text(name, ordinal)
