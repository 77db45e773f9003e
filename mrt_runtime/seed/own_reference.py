"""Foreign keys of a table to itself: what a row may point at are the rows before it, the row itself, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from mrt_runtime.compare.schema import ForeignKey, Table
from mrt_runtime.seed.table_plan import TablePlan
from mrt_runtime.seed.value import ANY, Row, Value, ValuePool, comparable

MOST_VALUES = 20


def referred_names(key: ForeignKey, table: Table) -> tuple[str, ...]:
    """Return the columns that a key refers to, which are the primary key's where it names none."""
    return key.referred_columns or (table.primary_key.columns if table.primary_key else ())


def share_values(plan: TablePlan, key: ForeignKey, rows: Sequence[Row]) -> None:
    """Make the columns of a key take the values of those that it refers to, which conditions compare with each other."""
    for name, referred in zip(key.columns, referred_names(key, plan.table), strict=False):
        if name != referred and name in plan.pools and referred in plan.pools:
            there = [row[referred] for row in rows if row.get(referred) is not None]
            values = {(type(value), value): value for value in (*there[-MOST_VALUES:], *plan.pools[referred].typical)}
            plan.pools[name] = replace(ValuePool(typical=tuple(values.values())), null=plan.pools[name].null)


class OwnReference:
    """One foreign key of a table to itself, and the rows that are there to point at."""

    def __init__(self, plan: TablePlan, key: ForeignKey) -> None:
        self.plan = plan
        self.key = key
        self.columns = key.columns
        self.referred = referred_names(key, plan.table)
        self._there: dict[tuple[object, ...], Row] = {}

    def accept(self, row: Row) -> None:
        """Record a row as present."""
        option = self._point_at(row)
        if None not in option.values():
            self._there.setdefault(as_key(option.values()), option)

    def list_options(self, row: Row, wanted: Collection[str], *, is_bare: bool) -> Iterator[Row]:
        """Yield what the key may hold in a row: an earlier row's values, NULL, its own.

        A row that points at itself would send a recursive query of a migration round for ever, so it comes last.
        """
        own = self._own(row)
        earlier = [option for option in self._there.values() if not self.is_loop(row | option) and self._is_allowed(option)]
        null = list(self._empty(row, wanted))
        yield from [*null, *earlier] if is_bare else [*earlier, *null]
        if own and None not in own.values():
            yield own

    def is_stray(self, row: Row) -> bool:
        """Whether the key has all of its values in a row, and points at none."""
        values = [row.get(name, ANY) for name in self.columns]
        if ANY in values or None in values or as_key(values) in self._there:
            return False
        own = [row.get(name, ANY) for name in self.referred]
        return not any(mine is ANY for mine in own) and as_key(own) != as_key(values)

    def is_loop(self, option: Row) -> bool:
        """Whether values would make a row point at itself."""
        pairs = [
            (option.get(one), option.get(other)) for one, other in zip(self.columns, self.referred, strict=False) if one != other
        ]
        return bool(pairs) and all(one is not None and one is not ANY and one == other for one, other in pairs)

    def _empty(self, row: Row, wanted: Collection[str]) -> Iterator[Row]:
        """Yield values of which some are NULL, which is enough: those columns that have a value already keep it."""
        pools = self.plan.pools
        nullable = [name for name in self.columns if name in pools and pools[name].null and name not in wanted]
        if any(row.get(name, ANY) is None for name in self.columns) and self.key.match != "FULL":
            yield {}
        free = [name for name in nullable if row.get(name) is None]
        most = len(free)
        for size in range(most, 0, -1) if self.key.match != "FULL" else [most] if most else []:
            for names in combinations(free, size):
                yield dict.fromkeys(names)

    def _own(self, row: Row) -> Row:
        """Return what makes the row point at itself; a column that is referred to by itself always does."""
        pairs = [(one, other) for one, other in zip(self.columns, self.referred, strict=False) if one != other]
        is_known = all(row.get(other, ANY) is not ANY for _, other in pairs)
        return {one: row[other] for one, other in pairs} if is_known else {}

    def _point_at(self, row: Row) -> Row:
        return dict(zip(self.columns, map(row.get, self.referred), strict=False))

    def _is_allowed(self, option: Row) -> bool:
        """Whether the conditions on single columns of the key allow these values."""
        pools = self.plan.pools
        return all(
            name not in pools or not pools[name].typical or comparable(value) in map(comparable, pools[name].values)
            for name, value in option.items()
            if name not in self.referred
        )


def as_key(values: Iterable[Value]) -> tuple[object, ...]:
    """Return values in the form in which a database compares two of them; texts that differ in case may be two."""
    return tuple(value if isinstance(value, str) else comparable(value) for value in values)
