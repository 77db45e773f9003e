"""JSON documents as values of rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from mrt_runtime.seed.text import everyday_text
from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Raw

JsonPath: TypeAlias = tuple[str, ...]
ITEM = ""
"""Represents any item of a list in the path to a value in a document."""


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

    def pairs(self, keys: Iterable[Raw], values: Iterable[Raw]) -> Iterator[Value]:
        """Yield documents with each of these values under each of these keys; a key may be a path (`$.a`)."""
        for key in keys:
            if isinstance(key, str):
                yield from (
                    json.dumps({key.lstrip("$."): value}) for value in values if value != key and not isinstance(value, Decimal)
                )


def build(paths: Iterable[JsonPath], ordinal: int, name: str) -> object:
    """Return a document in which each path leads to a text; `name` is what the text says."""
    inner: dict[str, list[JsonPath]] = {}
    for path in paths:
        if path:
            inner.setdefault(path[0], []).append(path[1:])
    if ITEM in inner:
        return [build(inner[ITEM], ordinal, name)]
    return {key: build(rest, ordinal, key) for key, rest in inner.items()} if inner else everyday_text(name, ordinal)
