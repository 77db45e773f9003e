"""Texts that a migration converts to something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mrt_runtime.seed.json_texts import JsonPath, JsonTexts
from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Raw, Texts, ValueKind


@dataclass(frozen=True, slots=True)
class ConvertibleTexts:
    """Texts that are also values of another kind."""

    text: Texts
    other: ValueKind

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        pool = self.other.pool(slot)
        return ValuePool(
            typical=self._texts(pool.typical), edges=self._texts(pool.edges), bare=self._texts(pool.bare), place=pool.place
        )

    def _texts(self, values: Iterable[Value]) -> tuple[str, ...]:
        texts = [str(int(value) if isinstance(value, bool) else value) for value in values]
        return tuple(text for text in texts if self.text.length is None or len(text) <= self.text.length)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as.

        Documents that hold the constant come before the constant itself: a pattern asks for what a text holds.
        """
        if isinstance(self.other, JsonTexts):
            yield from self._texts(self.other.fit(raw))
        yield from self.text.fit(raw)

    def compose(self, paths: Sequence[JsonPath], values: Sequence[Raw]) -> Iterator[Value]:
        """Yield documents, where the texts are such."""
        if isinstance(self.other, JsonTexts):
            yield from self._texts(self.other.compose(paths, values))
