"""What a seeded row holds, and which values are tried first for which row."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class SeedExpression:
    """A value that only SQL can write, such as MySQL's `ST_GeomFromText('POINT(1 2)')`."""

    sql: str


Value: TypeAlias = bool | int | float | Decimal | str | bytes | SeedExpression | None
Row: TypeAlias = dict[str, Value]

ANY = SeedExpression("any value but NULL")  # in plans only, never written


class RowVariety(enum.Enum):
    """What a row is made of: everyday values, the limits of each type, or as little as the table allows."""

    TYPICAL = "typical"
    EDGE = "edge"
    BARE = "bare"

    @classmethod
    def of_row(cls, ordinal: int) -> RowVariety:
        """Return what the row at that place is: typical, edge, bare, then typical and edge in turn."""
        return (cls.TYPICAL, cls.EDGE, cls.BARE)[ordinal] if ordinal < 3 else (cls.EDGE, cls.TYPICAL)[ordinal % 2]  # noqa: PLR2004 three varieties


def comparable(value: object) -> object:
    """Return the form in which two values count as one for the strictest of uniqueness rules.

    Case, accents and trailing spaces are dropped, because MySQL's default collations (and citext) drop them; numbers and what
    PostgreSQL returns as text compare alike.
    """
    if value is None or isinstance(value, SeedExpression):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, Decimal | float):
        return format(Decimal(str(value)).normalize(), "f")
    text = str(value)
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text.casefold().rstrip()


def turned(values: Sequence[Value], by: int) -> tuple[Value, ...]:
    """Rotate the values, so that each row begins at another one."""
    if not values:
        return ()
    start = by % len(values)
    return (*values[start:], *values[:start])


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePool:
    """The values that a column may be given.

    `typical` differ from row to row, `edges` are the limits of the type, `bare` its emptiest values, `hints` what the table's
    constraints name. `null` is whether NULL is allowed, `place` makes neighbouring columns take different edges.
    """

    typical: tuple[Value, ...] = ()
    edges: tuple[Value, ...] = ()
    bare: tuple[Value, ...] = ()
    hints: tuple[Value, ...] = ()
    null: bool = False
    place: int = 0

    def order(self, variety: RowVariety, ordinal: int) -> tuple[Value, ...]:
        """List the values, those first that suit the row best."""
        null = (None,) if self.null else ()
        typical, hints = turned(self.typical, ordinal), turned(self.hints, ordinal)
        edges = turned(self.edges, self.place + ordinal // 3)
        if variety is RowVariety.EDGE:
            return (*edges, *typical, *hints, *self.bare, *null)
        if variety is RowVariety.BARE:
            return (*null, *self.bare, *typical, *hints, *edges)
        return (*typical, *hints, *edges, *self.bare, *null)

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value but NULL, what constraints name first, each once."""
        found: dict[object, Value] = {}
        for value in (*self.hints, *self.typical, *self.edges, *self.bare):
            found.setdefault((type(value), value), value)
        return tuple(found.values())

    def is_edge(self, value: Value) -> bool:
        """Whether the value is a limit of the type, and none that an application would write."""
        if value is None or not any(type(edge) is type(value) and edge == value for edge in self.edges):
            return False
        return value not in (*self.typical, *self.hints, *self.bare)

    def keep(self, allowed: Sequence[Value], *, null: bool | None = None) -> ValuePool:
        """Return the pool with the allowed values only."""
        kept = {(type(value), value) for value in allowed}

        def sift(values: tuple[Value, ...]) -> tuple[Value, ...]:
            return tuple(value for value in values if (type(value), value) in kept)

        return replace(
            self,
            typical=sift(self.typical),
            edges=sift(self.edges),
            bare=sift(self.bare),
            hints=sift(self.hints),
            null=self.null if null is None else self.null and null,
        )
