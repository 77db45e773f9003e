"""Kinds of values, the same in every database: each makes a pool, and fits what a constraint names into the column.

The dialects' `values.py` say of which kind a column is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol, TypeAlias, runtime_checkable

from mrt_runtime.seed.text import NIL, everyday_text, hard_text
from mrt_runtime.seed.value import Value, ValuePool

Raw: TypeAlias = str | int | Decimal | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSlot:
    """Whose values are asked for: the column's name and place, and which ordinals (rows) they are for.

    `above` is the highest number in the column where its rows are too many to be looked at.
    """

    name: str
    place: int = 1
    start: int = 0
    count: int = 10
    above: int = 0

    @property
    def ordinals(self) -> range:
        """The ordinals of the rows."""
        return range(self.start, self.start + self.count)


class ValueKind(Protocol):
    """A kind of values."""

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""


@runtime_checkable
class Composed(Protocol):
    """A kind of values that hold others: documents, arrays."""

    def compose(self, paths: Sequence[tuple[str, ...]], values: Sequence[Raw]) -> Iterator[Value]:
        """Yield values in which some of these can be found, in documents under some of these paths of keys."""


@dataclass(frozen=True, slots=True)
class Integers:
    """Integers from `low` to `high`.

    Made-up ones begin in the thousands where they can: small enough for any narrower type, and above both the ids that
    migrations write themselves (1, 2, 3 …) and those that a sequence, which is left where it is, will hand out.
    """

    low: int
    high: int

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        first = 7000 + 100 * (slot.place % 200)
        if slot.above >= first:
            first += slot.above if self.high > slot.above + first + slot.start + slot.count else slot.above + 1 - first
        if self.high <= first + slot.start + slot.count:
            first = max(self.low, min(101, self.high // 2))
        typical = tuple(first + n for n in slot.ordinals if first + n <= self.high) or (self.high,)
        zero = (0,) if self.low <= 0 <= self.high else ()
        return ValuePool(typical=typical, edges=(self.low, self.high) if self.low else (self.high,), bare=zero, place=slot.place)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        number = as_number(raw)
        if number is None:
            return
        whole = int(number)
        for near in (whole, whole + 1, whole - 1, 2 * whole, -whole, whole + 10):
            if self.low <= near <= self.high:
                yield near


@dataclass(frozen=True, slots=True)
class Decimals:
    """Exact numbers of that precision and scale; without a precision, as many digits as one likes."""

    precision: int | None = None
    scale: int = 0
    unsigned: bool = False

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        if self.precision is None:
            edges = (Decimal("-123456789012345678901234567890.123456789"), Decimal("98765432109876543210.000000001"))
            typical = tuple(Decimal(f"{slot.place + n}.{10 + n % 89}") for n in slot.ordinals)
            return ValuePool(typical=typical, edges=edges, bare=(Decimal(0),), place=slot.place)
        unit, most = Decimal(1).scaleb(-self.scale), Decimal(10**self.precision - 1).scaleb(-self.scale)
        step = unit * (11 if self.precision > 3 else 1)  # noqa: PLR2004 room for ten rows
        typical = tuple(v for n in slot.ordinals if (v := step * (slot.place + n + 1)) <= most)
        limits: tuple[Value, ...] = (most,) if self.unsigned else (-most, most)
        return ValuePool(typical=typical or (most,), edges=limits, bare=(Decimal(0),), place=slot.place)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        number = as_number(raw)
        if number is None:
            return
        unit = Decimal(1).scaleb(-self.scale) if self.precision is not None else Decimal(1)
        most = Decimal(10**self.precision - 1).scaleb(-self.scale) if self.precision is not None else None
        for near in (number, number + unit, number - unit, number + 1, number / 2, -number):
            value = near.quantize(unit) if self.precision is not None else near
            if (most is None or abs(value) <= most) and not (self.unsigned and value < 0):
                yield value


@dataclass(frozen=True, slots=True)
class Floats:
    """Binary floating-point numbers up to `most`."""

    most: float
    unsigned: bool = False

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        typical = tuple(slot.place + n + 0.25 for n in slot.ordinals)
        edges = (self.most, 1 / 1024) if self.unsigned else (-self.most, 1 / 1024)
        return ValuePool(typical=typical, edges=edges, bare=(0.0,), place=slot.place)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        number = as_number(raw)
        if number is not None:
            for near in (number, number + 1, number - 1, number / 2, number + Decimal("0.125")):
                if not (self.unsigned and near < 0):
                    yield float(near)


@dataclass(frozen=True, slots=True)
class Texts:
    """Character strings up to `length`; `fixed` are padded by the database; `encoding` is what it can store."""

    length: int | None = None
    fixed: bool = False
    encoding: str = "utf-8"

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        typical = tuple(dict.fromkeys(everyday_text(slot.name, n, self.length, fixed=self.fixed) for n in slot.ordinals))
        edges = [hard_text(slot.name, n, self.length, self.encoding, fixed=self.fixed) for n in range(slot.start, slot.start + 3)]
        bare = NIL.get(self.length or 0, "") if self.fixed else ""
        return ValuePool(typical=typical, edges=tuple(dict.fromkeys(edges)), bare=(bare,), place=0)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        text = str(raw)
        if self.length is None or len(text) <= self.length:
            yield text


@dataclass(frozen=True, slots=True)
class Booleans:
    """True and false."""

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        return ValuePool(typical=(slot.start % 2 == 0, slot.start % 2 == 1), edges=(), bare=(False,), place=slot.place)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        if raw in {0, 1}:  # True and False are among them
            yield bool(raw)


@dataclass(frozen=True, slots=True)
class Choices:
    """A handful of written-out values: the labels of an enum, and types that nothing can be computed about."""

    typical: tuple[Value, ...]
    edges: tuple[Value, ...] = ()
    bare: tuple[Value, ...] = ()

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        count = len(self.typical)
        turn = slot.start % count if count else 0
        typical = self.typical[turn:] + self.typical[:turn]
        return ValuePool(typical=typical, edges=self.edges, bare=self.bare, place=slot.place)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        if raw in self.typical:
            yield raw


@dataclass(frozen=True, slots=True)
class Templated:
    """Values written after a form, in which `n` counts from 1 to `limit`, `m` is the next number and `place` the column's."""

    form: str
    edges: tuple[Value, ...] = ()
    bare: tuple[Value, ...] = ()
    limit: int = 27

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        numbers = dict.fromkeys(n % self.limit + 1 for n in slot.ordinals)
        typical = tuple(self.form.format(n=n, m=n + 1, place=slot.place) for n in numbers)
        return ValuePool(typical=typical, edges=self.edges, bare=self.bare, place=slot.place)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield nothing: constants mean nothing to such a type."""
        del raw
        yield from ()


@dataclass(frozen=True, slots=True)
class Binaries:
    """Bytes, up to `length` of them; `fixed` takes exactly that many."""

    length: int | None = None
    fixed: bool = False

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        most = min(self.length or 300, 300)
        typical = tuple(dict.fromkeys(self._cut(f"{n + 1} {slot.name}".encode(), most) for n in slot.ordinals))
        edge = bytes((255 - n - slot.start) % 256 for n in range(most))
        return ValuePool(typical=typical, edges=(edge,), bare=(b"\0" * most if self.fixed else b"",), place=slot.place)

    def _cut(self, content: bytes, most: int) -> bytes:
        return content[:most].ljust(most, b"\x01") if self.fixed else content[:most]

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        # A number beside a binary column is its length, as in octet_length(digest) = 32.
        number = as_number(raw)
        if number is not None and 0 <= number <= min(self.length or 4096, 4096):
            yield bytes(n % 255 + 1 for n in range(int(number)))


def as_number(raw: Raw) -> Decimal | None:
    """Return a constant as a number, None where it is none."""
    with contextlib.suppress(InvalidOperation, ValueError):
        number = Decimal(str(raw)) if not isinstance(raw, bool) else None
        return number if number is not None and number.is_finite() and abs(number) < Decimal(10) ** 30 else None
    return None
