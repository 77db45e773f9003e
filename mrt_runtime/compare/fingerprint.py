"""Whether a table's rows are the same, without any of them being kept: by their number, and a sum of hashes of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from mrt_runtime.compare.schema import Table


@dataclass(frozen=True, slots=True)
class TableFingerprint:
    """The rows of one table, in no order: how many there are, and the sum of the hashes of their values in these columns."""

    table: str
    columns: tuple[str, ...]
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class DatabaseFingerprint:
    """The fingerprints of all tables by label. `basis` is what the dialect keeps for a later one to build on."""

    tables: Mapping[str, TableFingerprint] = field(default_factory=lambda: MappingProxyType({}))
    basis: object = field(default=None, compare=False, repr=False)


def choose_columns(table: Table, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns to hash: those that are wanted and there, in the order in which they are wanted; without a wish all."""
    names = [column.name for column in table.columns]
    return tuple(name for name in wanted if name in names) if wanted is not None else tuple(names)
