"""Inserting the rows of one table, learning from every refusal, within a bound."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.edge_row import EdgeRow, find_edges
from mrt_runtime.seed.expression_key import ExpressionKeys
from mrt_runtime.seed.refusal import Refusal
from mrt_runtime.seed.row_planner import RowPlanner
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.table_plan import TablePlan
from mrt_runtime.seed.unique_key import columns_of, key_columns, mentioned
from mrt_runtime.seed.value import Row, RowVariety

MOST_ATTEMPTS = 60  # for a whole table
ATTEMPTS_A_ROW = 25
MOST_EXTRA_ROWS = 12
MOST_PARAMETERS = 999  # that a statement of an older SQLite may have


@dataclass(slots=True, kw_only=True)
class FilledTable:
    """Our rows in a table, how many were written now, and why there are none, or why a column stays empty in all of them.

    `edges` are those of the rows written that hold a value at the edge of its type.
    """

    rows: list[Row] = field(default_factory=list)
    written: int = 0
    reason: str | None = None
    edges: list[EdgeRow] = field(default_factory=list)


class RowInsertion:
    """One table's rows being inserted."""

    def __init__(self, writer: RowWriter, seed_rows: int, plan: TablePlan, target: Table, there: Iterable[Row]) -> None:
        self.writer = writer
        self.seed_rows = seed_rows
        self.plan = plan
        self.target = target
        self.there = list(there)
        self.left = MOST_ATTEMPTS + seed_rows
        # without a key no row can be taken out again
        self._computed = ExpressionKeys(writer, plan.table, plan.computed if key_columns(plan.table) else ())

    def _planner(self) -> RowPlanner:
        planner = RowPlanner(self.plan, self.there)
        planner.filled.clear()
        return planner

    def all_at_once(self, first: Row) -> FilledTable | None:
        """Insert all rows in one statement; None where that did not work."""
        planner, rows = self._planner(), []
        for ordinal in range(self.seed_rows):
            row = planner.plan_row(RowVariety.of_row(ordinal), ordinal, fixed=None if ordinal else first)
            if row is not None:
                planner.accept(row)
                rows.append(row)
        for name in planner.unfilled[:MOST_EXTRA_ROWS]:
            row = planner.plan_row(RowVariety.TYPICAL, len(rows), wanted=[name]) if name not in planner.filled else None
            if row is not None:
                planner.accept(row)
                rows.append(row)
        for fixed in find_missing_words(self.plan, [*self.there, *rows]):
            row = planner.plan_row(RowVariety.TYPICAL, len(rows), fixed=fixed)
            if row is not None:
                planner.accept(row)
                rows.append(row)
        # One statement for all rows is what makes seeding fast; a refusal says too little about which row, hence row by row then.
        if not rows or len(rows) * len(self.plan.columns) > MOST_PARAMETERS or self._insert(rows) is not None:
            return None
        return self._finish(planner, rows, None)

    def one_by_one(
        self,
        first: Row,
        *,
        rows: int | None = None,
        wanted: Sequence[str] | None = None,
        variety: RowVariety | None = None,
        words: bool = True,
    ) -> FilledTable:
        """Insert row by row, each as often as it takes to learn what the database wants.

        rows: how many, `seed_rows` where it is left out. wanted: columns that get a row more where none of these fills them;
            all of them where it is left out. variety: of all rows, instead of each in its turn. words: whether rows are added
            for words that no row has.
        """
        planner, done, reason = self._planner(), list[Row](), None
        for ordinal in range(self.seed_rows if rows is None else rows):
            row, refusal = self._persist(planner, variety or RowVariety.of_row(ordinal), ordinal, first if ordinal == 0 else {})
            reason = refusal or reason
            done += [row] if row else []
        for name in list(planner.unfilled if wanted is None else wanted)[:MOST_EXTRA_ROWS]:
            if name not in planner.filled and (done or wanted):
                row, refusal = self._persist(planner, RowVariety.TYPICAL, len(done), {}, wanted=(name,))
                reason = refusal or reason
                done += [row] if row else []
        for fixed in find_missing_words(self.plan, [*self.there, *done]) if words else ():
            row, _ = self._persist(planner, RowVariety.TYPICAL, len(done), fixed)
            done += [row] if row else []
        return self._finish(planner, done, reason)

    def _persist(
        self, planner: RowPlanner, variety: RowVariety, ordinal: int, fixed: Row, wanted: Collection[str] = ()
    ) -> tuple[Row | None, str | None]:
        reason = None
        for turn in range(ATTEMPTS_A_ROW):
            row = planner.plan_row(variety, ordinal, fixed=fixed, wanted=wanted)
            if row is None or self.left <= 0:
                break
            self.left -= 1
            refusal = self._insert([row])
            if refusal is None:
                planner.accept(row)
                return row, reason
            reason = refusal.reason
            columns = set(blame(refusal, self.plan)) - fixed.keys()
            if columns:
                planner.ban(columns, row)
            else:
                # Nothing is blamed: an everyday row, an emptier one, then other values altogether.
                variety = (RowVariety.TYPICAL, RowVariety.BARE)[turn % 2]
                ordinal += turn % 2
                planner.ban(row.keys() - fixed.keys(), row)
        return None, reason

    def _insert(self, rows: Sequence[Row]) -> Refusal | None:
        refusal = self.writer.attempt(self.writer.insert, self.target, self.plan.columns, rows)
        if refusal is None and (refusal := self._computed.find_broken()) is not None:
            for row in rows:
                key = {name: row[name] for name in key_columns(self.plan.table)}
                self.writer.attempt(self.writer.delete, self.plan.table, key)
        return refusal

    def _finish(self, planner: RowPlanner, rows: list[Row], reason: str | None) -> FilledTable:
        missing = self.plan.missing
        if not rows:
            return FilledTable(reason=reason or "no values are left that its constraints allow")
        key = key_columns(self.plan.table)
        edges = [edge for row in rows if (edge := find_edges(self.plan, row, key)) is not None]
        empty = [name for name in (*missing, *planner.unfilled) if name not in planner.filled]
        for name in empty:
            if name in missing:
                return FilledTable(rows=rows, written=len(rows), reason=missing[name], edges=edges)
        reason = f"column '{empty[0]}' could not be filled: {reason}" if empty and reason else None
        return FilledTable(rows=rows, written=len(rows), reason=reason, edges=edges)


def find_missing_words(plan: TablePlan, rows: Sequence[Row]) -> Iterator[Row]:
    """Yield values that a row more should have, so that each word of a column with but a handful is in some row."""
    missing = {
        name: [word for word in words if all(row.get(name) != word for row in rows)][:MOST_EXTRA_ROWS]
        for name, words in plan.words.items()
        if name in plan.pools
    }
    for turn in range(max(map(len, missing.values()), default=0)):
        yield {name: words[turn] for name, words in missing.items() if turn < len(words)}


def blame(refusal: Refusal, plan: TablePlan) -> tuple[str, ...]:
    """Return the columns whose values the database refused; none where it does not name them."""
    table, named = plan.table, refusal.constraint
    if refusal.columns:
        return refusal.columns
    if named:
        return next((columns for name, columns in _constraints(plan) if name == named), None) or mentioned(named, table)
    if re.search(r"foreign key constraint failed", refusal.reason, re.IGNORECASE):
        return tuple(name for key in table.foreign_keys for name in key.columns)
    return mentioned(refusal.reason, table)


def _constraints(plan: TablePlan) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """Yield every constraint's name and columns; SQLite calls a nameless check by its expression, MySQL the key PRIMARY."""
    table = plan.table
    for condition in plan.conditions:
        yield condition.name, condition.columns
        yield condition.expression, condition.columns
    if table.primary_key is not None:
        yield "PRIMARY", table.primary_key.columns
    yield from ((unique.name, unique.columns) for unique in plan.uniques)
    yield from ((key.name, key.columns) for key in table.foreign_keys)
    yield from ((index.name, columns_of(index, table)) for index in table.indexes)
    yield from ((exclusion.name, mentioned(exclusion.definition, table)) for exclusion in table.exclusions)
