"""Adjusting the rows of tables for a second judgement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Table, qualified
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.changed_row import ChangedRow
from mrt_runtime.seed.constraint_ahead import is_ahead
from mrt_runtime.seed.edge_row import EdgeRow, shorten
from mrt_runtime.seed.partial_joins import find_partial_joins
from mrt_runtime.seed.partition import with_inherited
from mrt_runtime.seed.row_insertion import FilledTable
from mrt_runtime.seed.row_planner import same
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.table_order import parents_of
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row, RowVariety

MOST_CHILDREN = 12  # that one table gets for one foreign key
FEWEST_ROWS = 2  # of a table that migrations fill


class RowAdjuster:
    """Adjusts the rows of tables, given by their labels; `seeded` is what is seeded then.

    The next call of `Seeder.seed` makes rows again of the kinds that were taken out.
    """

    def __init__(self, filler: TableFiller, seeded: Seeded) -> None:
        self.filler = filler
        self.seeded = seeded
        tables = filler.parents.tables.values()
        self._referred = {label for table in tables for label in parents_of(table)}
        self._ahead = {
            (qualified(key.referred_table, key.referred_schema), name)
            for table in tables
            for key in filter(is_ahead, table.foreign_keys)
            for name in key.referred_columns
        }

    def adjust(self, adjustment: Adjustment, labels: Collection[str]) -> tuple[str, ...]:
        """Adjust the rows, and return in words which."""
        work: dict[Adjustment, Callable[[Table, Collection[str]], Iterator[str]]] = {
            Adjustment.EDGES: self._take_out_edges,
            Adjustment.ORPHANS: partial(self._take_out_noted, is_held=False),
            Adjustment.HELD: partial(self._take_out_noted, is_held=True),
            Adjustment.UNMET: self._take_out_unmet,
            Adjustment.TARGETS: self._empty,
            Adjustment.LOOKUPS: self._take_out_made_up,
            Adjustment.SINGLES: self._take_out_all_but_one,
            Adjustment.COMPUTED: self._compute,
            Adjustment.CHILDREN: self._add_children,
            Adjustment.NULLS: self._fill_nulls,
            Adjustment.GUARDED: partial(self._take_out_all_but_one, adjustment=Adjustment.GUARDED),
        }
        known = self.filler.parents.tables
        tables = [with_inherited(known[label], known) for label in sorted(labels) if label in known]
        return tuple(text for table in tables for text in work[adjustment](table, labels))

    def _take_out_edges(self, table: Table, _labels: Collection[str]) -> Iterator[str]:
        """Take the rows at the edge of their types out.

        A row that another table may point at stays and gets everyday values, so that no row of that table is lost with it.
        """
        label = table.label
        if label not in self.seeded.edges:
            return
        rows = self.seeded.edges[label]
        self.seeded = replace(self.seeded, edges={name: kept for name, kept in self.seeded.edges.items() if name != label})
        keys = self.seeded.keys.get(label, ())
        for row in rows:
            yield row.describe(label)
            if label not in self._referred and self._delete(table, row.key):
                keys = tuple(key for key in keys if key != row.key)
            else:
                # the database itself holds on to what others point at, but not yet to what they are going to
                names = {name for name in row.values if (label, name) not in self._ahead}
                self._refill(table, row.key, names - row.key.keys(), Adjustment.EDGES, row)
        self._note(table, (*keys, *self._add_words(table)), Adjustment.EDGES)

    def _add_words(self, table: Table) -> list[Row]:
        """Add a row for each word that only rows held which were taken out: a label is at no edge; return their keys."""
        added, names = FilledTable(), key_columns(table)
        with suppress(DBAPIError):
            self.filler.add_words(table, self.filler.writer.read(table, insertable(table)), added)
        return [{name: row[name] for name in names} for row in added.rows] if names else []

    def _take_out_noted(self, table: Table, _labels: Collection[str], *, is_held: bool) -> Iterator[str]:
        """Take out the rows that point at nothing in what becomes a foreign key, or those that only a downgrade names."""
        known = self.seeded.held if is_held else self.seeded.orphans
        noted = known.get(table.label, ())
        gone = [key for key in noted if self._delete(table, key)]
        yield from (describe(table, key) for key in gone)
        if gone:
            left = {**known, table.label: tuple(key for key in noted if key not in gone)}
            self._note(table, [key for key in self.seeded.keys.get(table.label, ()) if key not in gone])
            self.seeded = replace(self.seeded, held=left) if is_held else replace(self.seeded, orphans=left)

    def _take_out_unmet(self, table: Table, _labels: Collection[str]) -> Iterator[str]:
        """Take out those of ours that an UPDATE joins with a row of which it asks something, and which does not meet that."""
        writer, hints, names = self.filler.writer, self.filler.planner.migration_hints, insertable(table)
        for join in (
            find_partial_joins(hints.next_code.statements, table.name, writer.dialect.grammar) if key_columns(table) else ()
        ):
            unmet, kept = (writer.read_meeting(table, names, condition) for condition in (join.unmet, join.met))
            ours = self.seeded.keys.get(table.label, ())
            found = [(key, row) for key in ours for row in unmet if holds_all(row, key)] if kept else []
            for key in self._take_out(table, found, kept, Adjustment.UNMET):
                yield f"{describe(table, key)}, whose match is not one where {join.asked}"

    def _take_out_made_up(self, table: Table, _labels: Collection[str]) -> Iterator[str]:
        """Take our rows out of a table that migrations fill; rows that point at one of them point at others from then on."""
        ours = self.seeded.keys.get(table.label, ())
        there = self.filler.writer.read(table, insertable(table))
        kept = [row for row in there if not is_one_of(row, ours)]
        # a single row beside ours may be a first user, or an everyday setting
        if len(kept) < FEWEST_ROWS:
            return
        gone = self._take_out(table, [(key, row) for key in ours for row in there if holds(row, key)], kept, Adjustment.LOOKUPS)
        yield from (describe(table, key) for key in gone)

    def _take_out_all_but_one(
        self, table: Table, _labels: Collection[str], adjustment: Adjustment = Adjustment.SINGLES
    ) -> Iterator[str]:
        """Leave a single row, the one that a migration wrote or else our first; what points at the others points at it then."""
        ours, names = self.seeded.keys.get(table.label, ()), key_columns(table)
        there = self.filler.writer.read(table, insertable(table))
        if not names and self.filler.planner.migration_hints.list_filled({table.label: table}):
            return  # those of migrations are not known from ours
        kept = [row for row in there if not is_one_of(row, ours)] if names else there[:1]
        kept = kept or [row for key in ours[:1] for row in there if holds(row, key)]
        others = [row for row in there if row not in kept]
        if len(kept) != 1 or not others:
            return
        found = [({name: row[name] for name in names or row if row[name] is not None}, row) for row in others]
        if self._take_out(table, found, kept, adjustment):
            yield f"'{table.label}'"

    def _compute(self, table: Table, _labels: Collection[str]) -> Iterator[str]:
        """Write what the rollback is going to compute."""
        writer = self.filler.writer
        for one in self.filler.planner.migration_hints.find_computed({table.label: table}):
            if writer.attempt(writer.compute_column, table, one.column, one.expression) is None:
                self.filler.parents.forget(table.label)
                yield f"'{table.label}' {one.column} = {one.expression}"

    def _take_out(self, table: Table, rows: Iterable[tuple[Row, Row]], kept: Sequence[Row], adjustment: Adjustment) -> list[Row]:
        """Take rows out, each given by its key and whole, after what points at them points at one that is kept.

        Return the keys of those that are gone.
        """
        gone = [key for key, row in rows if self._point_elsewhere(table, row, kept) and self._delete(table, key)]
        if gone:
            left = tuple(edge for edge in self.seeded.edges.get(table.label, ()) if not is_one_of(edge.key, gone))
            self.seeded = replace(self.seeded, edges={**self.seeded.edges, table.label: left})
            ours = self.seeded.keys.get(table.label, ())
            self._note(table, [key for key in ours if not is_one_of(key, gone)], adjustment)
        return gone

    def _point_elsewhere(self, parent: Table, row: Row, others: Sequence[Row]) -> bool:
        """Make what points at a row point at another one, or take it out; return whether nothing points there any more."""
        writer = self.filler.writer
        for table in self.filler.parents.tables.values():
            for key in table.foreign_keys:
                if qualified(key.referred_table, key.referred_schema) != parent.label or table.label == parent.label:
                    continue
                names = key.referred_columns or key_columns(parent)
                old, *new = (
                    {here: one.get(there) for here, there in zip(key.columns, names, strict=False)} for one in (row, *others)
                )
                if None in old.values() or not any(is_one_of(other, [old]) for other in writer.read(table, key.columns)):
                    continue
                taken = next((one for one in new if writer.attempt(writer.update, table, old, one) is None), None)
                if taken is None and not self._delete(table, old):
                    return False
                self._follow(table, old, taken)
        return True

    def _follow(self, table: Table, old: Row, new: Row | None) -> None:
        """Record that rows of ours hold other values now, which may be those that they are found by; None: that they are gone."""
        keys = self.seeded.keys.get(table.label, ())
        if new is not None:
            changed = [key | {name: new[name] for name in key.keys() & new.keys()} if holds(key, old) else key for key in keys]
            self._note(table, changed)
        else:
            there = self.filler.writer.read(table, insertable(table))
            self._note(table, [key for key in keys if is_one_of(key, there)], Adjustment.LOOKUPS)

    def _empty(self, table: Table, _labels: Collection[str]) -> Iterator[str]:
        """Take our rows out as far as no other row points at them; of a table without a key, all rows."""
        writer, keys = self.filler.writer, self.seeded.keys.get(table.label, ())
        before = len(writer.read(table, ()))
        if key_columns(table):
            keys = tuple(key for key in keys if not self._delete(table, key))
        else:
            self._clear(table, ())
        if before > len(writer.read(table, ())):
            self._note(table, keys, Adjustment.TARGETS)
            yield f"'{table.label}'"

    def _add_children(self, table: Table, labels: Collection[str]) -> Iterator[str]:
        """Add a row for each row of another of the tables that none in this one points at."""
        for key in table.foreign_keys:
            label = qualified(key.referred_table, key.referred_schema)
            parents = self.filler.parents.rows(label, key.referred_columns) if label in labels and label != table.label else None
            there = {tuple(map(str, row.values())) for row in self.filler.writer.read(table, key.columns)}
            lonely = [row for row in parents or () if tuple(map(str, row.values())) not in there]
            written: list[Row] = []
            for parent in lonely[:MOST_CHILDREN]:
                with suppress(DBAPIError):
                    written += self.filler.write(table, dict(zip(key.columns, parent.values(), strict=False))).rows
            if written:
                names = key_columns(table)
                keys = [{name: row[name] for name in names} for row in written] if names else []
                self._note(table, (*self.seeded.keys.get(table.label, ()), *keys))
                yield f"'{label}' and '{table.label}'"

    def _fill_nulls(self, table: Table, _labels: Collection[str]) -> Iterator[str]:
        """Fill what is NULL in rows of ours, as far as other rows of the table hold a value there; delete such without a key."""
        names = insertable(table)
        there = self.filler.writer.read(table, names)
        sparse = [name for name in names if len({row[name] is None for row in there}) > 1]
        keys = self.seeded.keys.get(table.label, ())
        if sparse and not key_columns(table) and any(all(row[name] is not None for name in sparse) for row in there):
            self._clear(table, sparse)
        elif sparse:
            for key in keys:
                row = next((row for row in there if all(str(row.get(name)) == str(value) for name, value in key.items())), {})
                self._refill(table, key, {name for name in sparse if name in row and row[name] is None}, Adjustment.NULLS)
        if sparse and self.filler.writer.read(table, names) != there:
            self._note(table, keys, Adjustment.NULLS)
            yield f"'{table.label}'"

    def _note(self, table: Table, keys: Sequence[Row], gone: Adjustment | None = None) -> None:
        """Record which rows are ours now, and by what some are gone that are to be made again."""
        without = self.seeded.without | ({(table.label, gone)} if gone else frozenset())
        self.seeded = replace(self.seeded, keys={**self.seeded.keys, table.label: tuple(keys)}, without=without)
        self.filler.parents.forget(table.label)

    def _refill(self, table: Table, key: Row, names: Collection[str], adjustment: Adjustment, edge: EdgeRow | None = None) -> None:
        """Write everyday values into a row, and note those that it had."""
        there = self.filler.writer.read(table, insertable(table))
        row = next((row for row in there if holds_all(row, key)), {})
        with suppress(DBAPIError):
            self.filler.refill(table, [key], names, RowVariety.TYPICAL)
            known = self.seeded.changed.get(table.label, ())
            was = ChangedRow(adjustment, key, {name: row[name] for name in names if name in row}, edge)
            if was.values:
                self.seeded = replace(self.seeded, changed={**self.seeded.changed, table.label: (*known, was)})

    def _clear(self, table: Table, columns: Sequence[str]) -> None:
        self.filler.writer.attempt(self.filler.writer.clear, table, columns)

    def _delete(self, table: Table, key: Row) -> bool:
        return self.filler.writer.attempt(self.filler.writer.delete, table, key) is None


def describe(table: Table, key: Row) -> str:
    """Return which row of a table it is."""
    # PostgreSQL returns numbers as texts
    texts = {name: value if isinstance(value, str) and value.isdecimal() else shorten(value) for name, value in key.items()}
    return f"'{table.label}' {', '.join(f'{name} = {text}' for name, text in texts.items())}"


def holds(row: Row, values: Row) -> bool:
    """Whether a row holds these values, in the columns that it and they share; at least one."""
    shared = row.keys() & values.keys()
    return bool(shared) and all(same(row[name], values[name]) for name in shared)


def holds_all(row: Row, key: Row) -> bool:
    """Whether a row is the one of a key."""
    return bool(key) and all(name in row and same(row[name], value) for name, value in key.items())


def is_one_of(row: Row, others: Iterable[Row]) -> bool:
    """Whether one of the others holds what the row does, as far as both are known."""
    return any(holds(row, other) for other in others)
