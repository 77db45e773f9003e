"""Everything that the rows of one table have to satisfy, worked out before the first of them is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from mrt_runtime.compare.schema import ForeignKey, Index, Table
from mrt_runtime.seed.condition import RowCondition
from mrt_runtime.seed.unique_key import UniqueKey
from mrt_runtime.seed.value import Row, RowVariety, Value, ValuePool
from mrt_runtime.seed.value_kind import ValueKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnGroup:
    """Columns that are given values together. `turning` options are as good as each other: each row begins at another one."""

    columns: tuple[str, ...]
    options: tuple[Row, ...]
    rotates: bool = False


@dataclass(slots=True, kw_only=True)
class TablePlan:
    """`columns` are given values; `loops` are foreign keys to the table itself; `missing` is why columns stay empty.

    `bound` are columns of foreign keys that conditions allow only these values; `words` are the values of columns that have but a
    handful, an enum's labels or what a check lists: each of them is worth a row.
    `computed` are unique indexes to come that only the database can evaluate.
    """

    table: Table
    columns: tuple[str, ...] = ()
    pools: dict[str, ValuePool] = field(default_factory=dict)
    kinds: dict[str, ValueKind] = field(default_factory=dict)
    groups: list[ColumnGroup] = field(default_factory=list)
    self_references: tuple[ForeignKey, ...] = ()
    uniques: tuple[UniqueKey, ...] = ()
    conditions: list[RowCondition] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    bound: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    words: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    computed: tuple[Index, ...] = ()

    @property
    def impossible(self) -> str | None:
        """Why no row can be made at all, None where one can."""
        for name, reason in self.missing.items():
            column = self.table.column(name)
            if column is not None and not column.nullable and column.default is None:
                return reason
        return None


def sample(pool: ValuePool, most: int) -> tuple[Value, ...]:
    """Choose up to so many values of a pool, of each sort some."""
    sorts: list[list[Value]] = [list(pool.typical), list(pool.hints), list(pool.edges), list(pool.bare)]
    if pool.null:
        sorts.insert(next((place + 1 for place, values in enumerate(sorts) if values), 0), [None])
    found: dict[tuple[type, Value], Value] = {}
    while any(sorts) and len(found) < most:
        for values in sorts:
            if values and len(found) < most:
                value = values.pop(0)
                found[type(value), value] = value
    return tuple(found.values())


def preference(pool: ValuePool, variety: RowVariety, ordinal: int) -> dict[tuple[type, Value], int]:
    """Rank a pool's values for a row, the best first."""
    ranks: dict[tuple[type, Value], int] = {}
    for value in pool.order(variety, ordinal):
        ranks.setdefault((type(value), value), len(ranks))
    return ranks
