"""Rows that satisfy a plan, found by search: groups of columns first, those with the fewest options, then each column by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from mrt_runtime.seed.own_reference import OwnReference
from mrt_runtime.seed.table_plan import ColumnGroup, TablePlan, preference
from mrt_runtime.seed.value import ANY, Row, RowVariety, Value, comparable

SearchStep: TypeAlias = ColumnGroup | str | OwnReference  # a column alone goes by its name

MOST_STEPS = 20_000
UNFILLED = 1000  # a column that no row has filled yet weighs more than any order of preference


@dataclass(slots=True)
class RowSearch:
    """The state of one search: what the row is for and how many steps are left."""

    variety: RowVariety
    ordinal: int
    fixed: Row
    wanted: frozenset[str] = frozenset()
    steps: int = MOST_STEPS
    seen: dict[int, list[Row]] = field(default_factory=dict)


class RowPlanner:
    """Plans the rows of one table, one after the other; knows the rows that are there and what the database refused."""

    def __init__(self, plan: TablePlan, rows: Iterable[Row] = ()) -> None:
        self.plan = plan
        self.filled: set[str] = set()
        self._taken: list[set[tuple[object, ...]]] = [set() for _ in plan.uniques]
        self._banned: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        self._own = [OwnReference(plan, key) for key in plan.self_references]
        for row in rows:
            self.accept(row)

    @property
    def unfilled(self) -> list[str]:
        """The columns that have a value in no accepted row."""
        return [name for name in self.plan.columns if name not in self.filled]

    def accept(self, row: Row) -> None:
        """Record a row as present."""
        for reference in self._own:
            reference.accept(row)
        self.filled.update(name for name, value in row.items() if value is not None)
        for unique, taken in zip(self.plan.uniques, self._taken, strict=True):
            key = unique.key(row)
            if key is not None:
                taken.add(key)

    def release(self, row: Row) -> None:
        """Record a row as absent, because it is about to be changed."""
        for unique, taken in zip(self.plan.uniques, self._taken, strict=True):
            taken.discard(unique.key(row) or ())

    def ban(self, columns: Collection[str], row: Row) -> None:
        """Exclude from now on every row with these columns' values together."""
        names = tuple(sorted(name for name in columns if name in row))
        if names:
            self._banned.setdefault(names, set()).add(tuple(repr(row[name]) for name in names))

    def plan_row(self, variety: RowVariety, ordinal: int, *, fixed: Row | None = None, wanted: Collection[str] = ()) -> Row | None:
        """Plan a row; None where no row is found.

        fixed: values that it has to have. wanted: columns that may not be NULL.
        """
        search = RowSearch(variety, ordinal, dict(fixed or {}), frozenset(wanted))
        plan = self.plan
        groups = [group for group in plan.groups if not set(group.columns) <= search.fixed.keys()]
        # Foreign keys come first, then conditions: what has few options fails early.
        groups.sort(key=lambda group: (not group.rotates, len(group.options)))
        contested = {name for unique in plan.uniques for name in unique.columns}
        contested.update(name for names in self._banned for name in names)
        contested.update(name for key in plan.self_references for name in key.columns)
        singles = [name for name in plan.columns if name in contested and name not in search.fixed]
        self_references = [key for key in self._own if not set(key.columns) <= search.fixed.keys()]
        looped = {name for key in self_references for name in key.columns}
        # A row may point at itself only once its own key has values, so the columns of such keys come last.
        late = [name for name in singles if name in looped]
        steps: list[SearchStep] = [*groups, *(name for name in singles if name not in looped), *self_references, *late]
        row = self._search(search, steps, 0, dict(search.fixed))
        return None if row is None else self._complete(search, row)

    def _complete(self, search: RowSearch, row: Row) -> Row | None:
        for name in self.plan.columns:
            if not is_set(row, name):
                value = next((value for value in self._values(search, name) if value is not None or name not in row), ...)
                if value is ...:
                    return None
                row[name] = value
        return {name: row[name] for name in self.plan.columns}

    def _search(self, search: RowSearch, steps: list[SearchStep], place: int, row: Row) -> Row | None:
        if place == len(steps):
            return row
        for option in self._options(search, steps, place, row):
            if search.steps <= 0:
                return None
            search.steps -= 1
            if any(name in row and not same(row[name], value) for name, value in option.items()):
                continue
            new = {name: value for name, value in option.items() if not is_set(row, name)}
            together = row | new
            if self._collides(search, together, new) or self._is_stray(together, new):
                continue
            found = self._search(search, steps, place + 1, together)
            if found is not None:
                return found
        return None

    def _options(self, search: RowSearch, steps: list[SearchStep], place: int, row: Row) -> Iterator[Row]:
        step = steps[place]
        if isinstance(step, str):
            if is_set(row, step):
                yield {}
                return
            for value in self._values(search, step):
                if value is not None or step not in row:
                    yield {step: value}
        elif isinstance(step, OwnReference):
            yield from step.list_options(row, search.wanted, is_bare=search.variety is RowVariety.BARE)
        else:
            if place not in search.seen:
                search.seen[place] = self._ranked(search, step)
            yield from search.seen[place]

    def _values(self, search: RowSearch, name: str) -> Iterator[Value]:
        pool = self.plan.pools[name]
        for value in pool.order(search.variety, search.ordinal):
            if value is not None or name not in search.wanted:
                yield value

    def _ranked(self, search: RowSearch, group: ColumnGroup) -> list[Row]:
        options = [option for option in group.options if not any(option.get(name, 0) is None for name in search.wanted)]
        if group.rotates:
            null = [option for option in options if None in option.values()]
            full = [option for option in options if None not in option.values()]
            # No two rows point at the same parents, as long as there are others: what is not unique may become so later.
            laps = search.ordinal // len(full) if full else 0
            start = (search.ordinal + laps * self._rank(group)) % len(full) if full else 0
            full = full[start:] + full[:start]
            return null + full if search.variety is RowVariety.BARE or laps else full + null
        ranks = {name: preference(self.plan.pools[name], search.variety, search.ordinal) for name in group.columns}

        def weight(option: Row) -> int:
            total = 0
            for name, value in option.items():
                total += 0 if value is ANY else ranks[name].get((type(value), value), UNFILLED)
                if value is None and search.variety is not RowVariety.BARE and name not in self.filled:
                    total += UNFILLED
            return total + 2 * UNFILLED * sum(reference.is_loop(option) for reference in self._own)

        return sorted(options, key=weight)

    def _rank(self, group: ColumnGroup) -> int:
        """Return which of the table's foreign keys it is, from 0."""
        return [id(each) for each in self.plan.groups if each.rotates].index(id(group))

    def _is_stray(self, row: Row, new: Row) -> bool:
        """Whether new values make the row point at no row of its own table: the earlier that is seen, the shorter the search."""
        return any(not new.keys().isdisjoint(own.columns + own.referred) and own.is_stray(row) for own in self._own)

    def _collides(self, search: RowSearch, row: Row, new: Row) -> bool:
        for unique, taken in zip(self.plan.uniques, self._taken, strict=True):
            columns = unique.columns
            if new.keys().isdisjoint(columns) or not all(is_set(row, name) for name in columns):
                continue
            if unique.key(row) in taken:
                return True
        for names, refused in self._banned.items():
            if all(is_set(row, name) for name in names) and tuple(repr(row[name]) for name in names) in refused:
                return not all(name in search.fixed for name in names)
        return False


def is_set(row: Row, name: str) -> bool:
    """Whether a column has its value, and not only the promise of one."""
    return row.get(name, ANY) is not ANY


def same(first: Value, second: Value) -> bool:
    """Whether two values are one, whether planned or read back from the database."""
    if first is ANY or second is ANY:
        return first is not None and second is not None
    return first == second if first is None or second is None else comparable(first) == comparable(second)
