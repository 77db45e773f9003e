"""An immutable mapping: adding an entry returns another mapping, which shares nearly all of itself with the first.

A thousand revisions keep a thousand schemas; copying every table into each of them would take time and room by the square.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import chain
from typing import Final, Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")

# an entry costs a copy of one part and of the references to all: least where both are alike, at 4,096 entries
_PARTS: Final = 64


class PersistentMapping(Generic[_K, _V]):
    """Entries in no order, with the few things that replaying asks of them."""

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[dict[_K, _V], ...] = ({},) * _PARTS) -> None:
        self._parts = parts

    def get(self, key: _K, default: _V) -> _V:
        """Return the entry under a key, the default where there is none."""
        return self._parts[hash(key) % _PARTS].get(key, default)

    def put(self, key: _K, value: _V) -> PersistentMapping[_K, _V]:
        """Return the mapping with this entry."""
        place = hash(key) % _PARTS
        return PersistentMapping((*self._parts[:place], {**self._parts[place], key: value}, *self._parts[place + 1 :]))

    def filled(self, value: _V) -> PersistentMapping[_K, _V]:
        """Return a mapping with the same keys, each with this value."""
        return PersistentMapping(tuple(dict.fromkeys(part, value) for part in self._parts))

    def items(self) -> Iterator[tuple[_K, _V]]:
        """Return every entry."""
        return chain.from_iterable(map(dict.items, filter(None, self._parts)))
