"""Arrays as values of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Raw, ValueKind


@dataclass(frozen=True, slots=True)
class Elements:
    """The kind of what an array holds, where a migration converts a column to such arrays."""

    kind: ValueKind

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the elements."""
        return self.kind.pool(slot)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the elements that a constant can be written as."""
        yield from self.kind.fit(raw)


@dataclass(frozen=True, slots=True)
class Arrays:
    """Arrays of elements of one kind, in a column of that name; `write` writes one down."""

    inner: ValueKind
    name: str
    write: Callable[[Iterable[Value]], str]

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column: two elements, one that follows on the other."""
        pool = self.inner.pool(ColumnSlot(name=self.name))
        pairs = zip(pool.typical, pool.typical[1:] or pool.typical, strict=False)
        typical = tuple(self.write(pair) for pair in pairs)
        turn = slot.start % len(typical) if typical else 0
        edge = self.write((*pool.edges, *pool.bare, None))
        return ValuePool(typical=typical[turn:] + typical[:turn], edges=(edge,), bare=("{}",), place=slot.place)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield arrays that hold the constant beside another element, and the constant where it is an array itself."""
        if isinstance(raw, str) and raw.startswith("{") and raw.endswith("}"):
            yield raw
        else:
            yield from (self.write((value, *self._other(value))) for value in list(self.inner.fit(raw))[:1])

    def compose(self, paths: Sequence[tuple[str, ...]], values: Sequence[Raw]) -> Iterator[Value]:
        """Yield an array that holds all of the values, as well as those of `fit`."""
        del paths
        found = [value for raw in values for value in list(self.inner.fit(raw))[:1]]
        if len(found) > 1:
            yield self.write(found)

    def _other(self, value: Value) -> tuple[Value, ...]:
        """Return an everyday element but this one."""
        typical = self.inner.pool(ColumnSlot(name=self.name)).typical
        return tuple(other for other in typical if other != value)[:1]
