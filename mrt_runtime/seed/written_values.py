"""Values as a type of the project's writes them to a column: its own code could not read any other."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import FunctionType
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from mrt_runtime.seed.imported_values import is_enum
from mrt_runtime.seed.json_texts import JsonPath, build
from mrt_runtime.seed.text import everyday_text
from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Raw, ValueKind

Maker: TypeAlias = Callable[[str, int], object]
MAKERS: tuple[Maker, ...] = (
    lambda name, n: {name: n + 1},
    lambda _, n: {n + 1, n + 2},
    lambda _, n: [n + 1, n + 2],
    everyday_text,
    lambda _, n: n + 1,
    lambda _, n: bool(n % 2),
    lambda _, n: dt.date(2024, 1, 1) + dt.timedelta(days=n),
    lambda _, n: dt.datetime(2024, 1, 1, 12, 30) + dt.timedelta(days=n),  # noqa: DTZ001 a type may know no zones
    lambda _, n: dt.datetime(2024, 1, 1, 12, 30, tzinfo=dt.timezone.utc) + dt.timedelta(days=n),
    lambda _, n: dt.timedelta(minutes=n + 1),
    lambda name, n: uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}-{n}.example.org"),
    lambda _, n: Decimal(f"{n + 1}.25"),
)
"""What an application may write with a type of its own, by the column's name and the row's number."""


class PythonType:
    """A type, as it converts values to and from one database."""

    def __init__(self, written: TypeEngine[Any], dialect: Dialect) -> None:
        self._type = written
        implementation = written.dialect_impl(dialect)
        self._to_row: Callable[[Any], Any] = implementation.bind_processor(dialect) or (lambda value: value)
        self._from_row: Callable[[Any], Any] = implementation.result_processor(dialect, None) or (lambda value: value)

    def reads(self, value: Value) -> bool:
        """Whether a value that is in a row can be read."""
        try:
            self._from_row(value)
        except Exception:  # noqa: BLE001 the project's code, which may raise anything
            return False
        return True

    def write(self, name: str, ordinals: range, paths: tuple[JsonPath, ...]) -> tuple[Value, ...]:
        """Return values for these rows; none where no value is known that is read as it was written.

        paths: keys that documents are read by.
        """
        if isinstance(self._type, sa.Enum):
            return tuple(self._type.enums)
        members = [member for kind in self._enums() for member in kind]
        makers: list[Maker] = [lambda _, n: build(paths, n, name)] if paths else []
        makers += [lambda _, n: members[n % len(members)]] if members else []
        for make in (*makers, *MAKERS):
            values = [self._write(make(name, n)) for n in ordinals]
            if None not in values:
                return tuple(dict.fromkeys(values))
        return ()

    def _write(self, value: object) -> Value:
        try:
            written = self._to_row(value)
            is_same = self._from_row(written) == value
        except Exception:  # noqa: BLE001 as above
            return None
        return written if is_same and isinstance(written, str | int | bytes) else None

    def _enums(self) -> Iterator[type[enum.Enum]]:
        """Yield the enums that the type was made with, and those that its methods name."""
        methods = [found for found in vars(type(self._type)).values() if isinstance(found, FunctionType)]
        named = [method.__globals__.get(name) for method in methods for name in method.__code__.co_names]
        for found in (*vars(self._type).values(), *named):
            if is_enum(found):
                yield found


@dataclass(frozen=True, slots=True)
class WrittenValues:
    """Values of a kind that a type of the project's reads; those that it writes where it reads none of them."""

    kind: ValueKind
    type: PythonType
    paths: tuple[JsonPath, ...] = ()

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        pool = self.kind.pool(slot)
        kept = pool.keep([value for value in pool.values if self.type.reads(value)])
        own = () if kept.typical else self.type.write(slot.name, slot.ordinals, self.paths)
        return ValuePool(typical=own, place=slot.place) if own else kept if kept.typical else pool

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as."""
        yield from (value for value in self.kind.fit(raw) if self.type.reads(value))
