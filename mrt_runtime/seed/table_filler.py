"""Filling one table: plan rows, insert them, learn from every refusal, try again within a bound."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from mrt_runtime.compare.schema import Schema, Table, qualified
from mrt_runtime.seed.constraint_ahead import is_ahead
from mrt_runtime.seed.edge_row import EdgeRow, find_edges
from mrt_runtime.seed.expression_key import ExpressionKeys, list_expression_keys
from mrt_runtime.seed.migration_hints import MigrationHints
from mrt_runtime.seed.parent_rows import ParentRows
from mrt_runtime.seed.row_insertion import ATTEMPTS_A_ROW, FilledTable, RowInsertion, blame, find_missing_words
from mrt_runtime.seed.row_planner import RowPlanner, same
from mrt_runtime.seed.row_writer import MOST_ROWS, RowWriter
from mrt_runtime.seed.table_plan import TablePlan
from mrt_runtime.seed.table_planner import TablePlanner
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row, RowVariety

ENOUGH_ROWS = 20  # times seed_rows
MOST_DEPTH = 4  # of inheritance


class TableFiller:
    """Fills tables on one connection."""

    def __init__(
        self,
        writer: RowWriter,
        schema: Schema,
        seed_rows: int,
        migration_hints: MigrationHints | None = None,
        *,
        edges: bool = True,
    ) -> None:
        self.writer = writer
        self.schema = schema
        self.seed_rows = seed_rows
        self.parents = ParentRows(writer, schema)
        self.planner = TablePlanner(writer, schema, self.parents, migration_hints or MigrationHints(), edges=edges)

    def insert(self, table: Table, *, first: Row | None = None) -> FilledTable:
        """Insert the rows of a table; `first` are values that the first one has to have.

        A table that takes no row beside those that are there has the rows it can have: their empty columns are filled.
        """
        target, there = self.look(table)
        if len(there) >= ENOUGH_ROWS * self.seed_rows and not key_columns(table):
            return FilledTable()  # without a key our rows cannot be found again; there are enough of them by now
        filled = self._insert(table, target, there, first or {})
        if filled.reason and (self._may_relax(table) or self._leaves_no_room(table)):
            with self._relaxed(keys=True):
                more = self._insert(table, target, self.writer.read(target, insertable(target)), first or {})
            filled.rows, filled.written, filled.edges = (
                filled.rows + more.rows,
                filled.written + more.written,
                filled.edges + more.edges,
            )
            filled.reason = more.reason
        return self._complete(table, there, filled) if there and not filled.rows else filled

    def look(self, table: Table) -> tuple[Table, list[Row]]:
        """Return the table that rows of this one go into, and the first rows that are there."""
        target = self.writer.dialect.target(table, self.schema)
        return target, self.writer.read(target, insertable(target))

    def _insert(self, table: Table, target: Table, there: Sequence[Row], first: Row) -> FilledTable:
        plan_table = partial(self.planner.plan_table, table, start=len(there), count=max(10, 2 * self.seed_rows))
        plan = plan_table()
        # Parents that were added are options of the foreign keys, so the table is planned again.
        if self._add_parents(plan, there, self.seed_rows):
            plan = plan_table()
        if plan.impossible:
            return FilledTable(reason=plan.impossible)
        attempt = RowInsertion(self.writer, self.seed_rows, plan, target, there)
        filled = attempt.all_at_once(first)
        if filled is None:
            filled = attempt.one_by_one(first)
        self._forget(table, target)
        return filled

    def _complete(self, table: Table, there: Sequence[Row], filled: FilledTable) -> FilledTable:
        """Fill the columns that are empty in all rows of a full table; none of its rows becomes ours."""
        empty = [name for name in insertable(table) if all(row.get(name) is None for row in there)]
        keys = [{name: row[name] for name in key_columns(table)} for row in there[: self.seed_rows]]
        if not empty or not all(keys):
            return FilledTable(reason=filled.reason if empty else None)
        return FilledTable(reason=self.refill(table, keys, ()).reason)

    def insert_one(self, table: Table, variety: RowVariety) -> FilledTable:
        """Insert one row of that kind, in place of one that was taken out."""
        target, there = self.look(table)
        plan = self.planner.plan_table(table, start=len(there), count=10)
        insertion = RowInsertion(self.writer, self.seed_rows, plan, target, there)
        filled = insertion.one_by_one({}, rows=1, wanted=(), variety=variety, words=False)
        self._forget(table, target)
        return filled

    def write(self, table: Table, fixed: Row, depth: int = 0) -> FilledTable:
        """Insert one row with these values; the others are made up."""
        target, there = self.look(table)
        plan_table = partial(self.planner.plan_table, table, start=len(there), count=10)
        plan = plan_table()
        if depth < MOST_DEPTH and self._add_parents(plan, there, 1, fixed, depth + 1):
            plan = plan_table()
        filled = RowInsertion(self.writer, self.seed_rows, plan, target, there).one_by_one(fixed, rows=1, wanted=(), words=False)
        self._forget(table, target)
        if not filled.rows and self._may_relax(table):
            with self._relaxed():
                return self.write(table, fixed, depth)
        return filled

    def _may_relax(self, table: Table) -> bool:
        """Whether checks that are to come bind the rows: these may never hold together, where one takes the place of another."""
        return self.planner.ahead and any(map(is_ahead, table.checks))

    def _leaves_no_room(self, table: Table) -> bool:
        """Whether keys that are to come bind the rows, of which there may be too few then."""
        return self.planner.computes and bool(list_expression_keys(table))

    @contextmanager
    def _relaxed(self, *, keys: bool = False) -> Iterator[None]:
        """Plan rows without the checks that are to come, and without the keys where these are why there are none."""
        before = self.planner.ahead, self.planner.computes
        self.planner.ahead = False
        self.planner.computes = self.planner.computes and not keys
        try:
            yield
        finally:
            self.planner.ahead, self.planner.computes = before

    def _add_parents(self, plan: TablePlan, there: Sequence[Row], count: int, fixed: Row | None = None, depth: int = 1) -> bool:
        """Insert rows into tables that this one points at, where too few of them suit it; whether any were.

        A part of an inheritance hierarchy points at parents of its own kind only, and at each of them once.
        """
        added = False
        for key in plan.table.foreign_keys:
            parent = self.parents.tables.get(qualified(key.referred_table, key.referred_schema))
            group = next((g for g in plan.groups if g.rotates and g.columns == key.columns), None)
            if parent is None or group is None or not is_choosy(plan, key.columns):
                continue
            names = key.referred_columns or key_columns(parent)
            wanted = [plan.bound.get(name, ()) for name in key.columns]
            free = [option for option in group.options if None not in option.values() and not is_taken(plan, option, there)]
            if fixed:  # another parent serves no row that has to point at this one
                free = [option for option in free if all(same(option[n], fixed[n]) for n in option.keys() & fixed.keys())]
            for ordinal in range(count - len(free)):
                chosen = {n: values[ordinal % len(values)] for n, values in zip(names, wanted, strict=False) if values}
                chosen |= {n: fixed[c] for n, c in zip(names, key.columns, strict=False) if fixed and fixed.get(c) is not None}
                if not self.write(parent, chosen, depth).rows:
                    break
                added = True
        return added

    def refill(self, table: Table, keys: Sequence[Row], fresh: Collection[str], variety: RowVariety | None = None) -> FilledTable:
        """Update the rows of these keys: new values in the columns `fresh` and in those that are NULL throughout.

        variety: of all values, instead of each row's own.
        """
        filled = self._refill(table, keys, fresh, variety)
        if filled.reason and (self._may_relax(table) or self._leaves_no_room(table)):
            with self._relaxed(keys=True):
                return self._refill(table, keys, fresh, variety)
        return filled

    def _refill(self, table: Table, keys: Sequence[Row], fresh: Collection[str], variety: RowVariety | None) -> FilledTable:
        names = insertable(table)
        there = self.writer.read(table, names)
        found = [next((row for row in there if all(n in row and same(row[n], v) for n, v in key.items())), None) for key in keys]
        mine = [(ordinal, row) for ordinal, row in enumerate(found) if row is not None]
        never_filled = {name for name in names if all(row[name] is None for row in there)}
        fresh = [name for name in names if (name in fresh or name in never_filled) and not any(name in key for key in keys)]
        if not mine or not fresh:
            filled = FilledTable(rows=[row for _, row in mine])
            return self.add_words(table, there, filled) if mine and variety is None else filled
        plan = self.planner.plan_table(table, start=0, count=max(10, len(there) + self.seed_rows), known=there, fresh=fresh)
        planner = RowPlanner(plan, there)
        planner.filled.difference_update(fresh)
        filled = FilledTable()
        for ordinal, row in mine:
            filled.rows.append(
                self._change(
                    planner, variety or RowVariety.of_row(ordinal), ordinal, row, key=keys[ordinal], fresh=fresh, filled=filled
                )
            )
        filled.written = len(mine)
        self._forget(table, table)
        empty = [name for name in fresh if all(row[name] is None for row in filled.rows)]
        filled.reason = next((reason for name in empty if (reason := plan.missing.get(name, filled.reason))), None)
        if empty and not plan.missing:
            self._supplement(table, empty, filled)
        elif variety is None:
            self.add_words(table, self.writer.read(table, names), filled)
        return filled

    def add_words(self, table: Table, there: Sequence[Row], filled: FilledTable) -> FilledTable:
        """Insert a row for each word of a column with but a handful that is in none; where there can be such columns."""
        is_listed = any("enum" in (column.type.kind, column.type.base) for column in table.columns) or bool(table.checks)
        if is_listed and len(there) < MOST_ROWS:
            plan = self.planner.plan_table(table, start=len(there), count=10)
            if any(find_missing_words(plan, there)):
                self._supplement(table, (), filled)
        return filled

    def _supplement(self, table: Table, empty: Sequence[str], filled: FilledTable) -> None:
        """Insert rows that fill columns which none of the rows that are there may fill."""
        target, there = self.look(table)
        plan = self.planner.plan_table(table, start=len(there), count=max(10, 2 * self.seed_rows))
        more = RowInsertion(self.writer, self.seed_rows, plan, target, there).one_by_one({}, rows=0, wanted=empty)
        filled.rows += more.rows
        filled.written += more.written
        filled.edges += more.edges
        filled.reason = more.reason or filled.reason if any(all(r[n] is None for r in filled.rows) for n in empty) else None

    def _change(
        self,
        planner: RowPlanner,
        variety: RowVariety,
        ordinal: int,
        row: Row,
        *,
        key: Row,
        fresh: Sequence[str],
        filled: FilledTable,
    ) -> Row:
        fixed = {name: value for name, value in row.items() if name not in fresh}
        planner.release(row)
        computed = ExpressionKeys(self.writer, planner.plan.table, planner.plan.computed)
        for _ in range(ATTEMPTS_A_ROW):
            new = planner.plan_row(variety, ordinal, fixed=fixed)
            if new is None:
                break
            changes = {name: new[name] for name in fresh}
            refusal = self.writer.attempt(self.writer.update, planner.plan.table, {name: row[name] for name in key}, changes)
            if refusal is None and (refusal := computed.find_broken()) is not None:
                self.writer.update(planner.plan.table, {name: row[name] for name in key}, {name: row[name] for name in fresh})
            if refusal is not None:
                filled.reason = refusal.reason
                blamed = set(blame(refusal, planner.plan)) & set(fresh)
                planner.ban(blamed or fresh, new)
                continue
            planner.accept(new)
            edge = find_edges(planner.plan, changes, ())
            filled.edges += [EdgeRow(key, edge.values)] if edge is not None else []
            return new
        planner.accept(row)
        return row

    def _forget(self, *tables: Table) -> None:
        for table in tables:
            self.parents.forget(table.label)


def is_choosy(plan: TablePlan, columns: Collection[str]) -> bool:
    """Whether these columns of a foreign key suit only some parents: a condition binds them, or each parent serves once."""
    return bool(plan.bound.keys() & set(columns)) or any(set(unique.columns) <= set(columns) for unique in plan.uniques)


def is_taken(plan: TablePlan, option: Row, there: Sequence[Row]) -> bool:
    """Whether a row that is there points at this parent already, and no second one may."""
    uniques = [unique for unique in plan.uniques if set(unique.columns) <= option.keys()]
    return any(unique.key(option) == unique.key(row) for unique in uniques for row in there)


def insertable(table: Table) -> tuple[str, ...]:
    """Return the columns that an INSERT may name."""
    return tuple(column.name for column in table.columns if column.generated is None)
