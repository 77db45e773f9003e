"""Tables whose foreign keys form a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import ForeignKey, Table, qualified
from mrt_runtime.seed.partition import lineage
from mrt_runtime.seed.refusal import read_refusal
from mrt_runtime.seed.schema_change import SchemaChange
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row


class DanglingReferenceError(Exception):
    """A row points at nothing; the message says where."""


class TableSeeder(Protocol):
    """Who fills a single table: a Seeder."""

    def seed_table(self, filler: TableFiller, table: Table, seeded: Seeded, change: SchemaChange, first: Row | None = None) -> None:
        """Fill one table; `first` are values that its first row has to have."""


class TableCycle:
    """Tables whose foreign keys lead back to where they began.

    Keys that may be NULL are left so at first and filled once all tables have rows; the others point at rows that are
    promised and come in the same transaction, while the database puts its check off. Some databases never make up for it.
    """

    def __init__(self, seeder: TableSeeder, filler: TableFiller, tables: Sequence[Table]) -> None:
        self.seeder = seeder
        self.filler = filler
        self.tables = tables
        self.labels = {table.label: lineage(table, filler.parents.tables) for table in tables}
        self._is_strict = False

    def fill(self, seeded: Seeded, change: SchemaChange) -> None:
        """Fill the tables, all or none of them."""
        self._fill_together(seeded, change)
        for table in self._list_empty(seeded):
            # A check may ask for one of several keys that may be NULL: there are rows to point at by now.
            self.seeder.seed_table(self.filler, table, seeded, change)
        if self._list_empty(seeded):
            # Or it asks for every one of them.
            unseeded, rows = dict(seeded.unseeded), dict(seeded.rows)
            self._is_strict = True
            self._fill_together(seeded, change)
            if self._list_empty(seeded):
                seeded.unseeded.update(unseeded)
                seeded.rows.update(rows)
        for table in self.tables:
            self._close(table, seeded)

    def _list_empty(self, seeded: Seeded) -> list[Table]:
        return [table for table in self.tables if table.label in seeded.unseeded and not seeded.keys.get(table.label)]

    def _fill_together(self, seeded: Seeded, change: SchemaChange) -> None:
        promised = self.filler.parents.promised
        for table in self.tables:
            promise = self._promise(table) if self._needs_promise(table) else {}
            for label in self.labels[table.label] if promise else ():
                promised.setdefault(label, promise)
        connection, dialect = self.filler.writer.connection, self.filler.writer.dialect
        keys = {table.label: seeded.keys.get(table.label, ()) for table in self.tables}
        try:
            with connection.begin_nested(), dialect.deferral(connection, self._required()):
                for table in self.tables:
                    self.seeder.seed_table(self.filler, table, seeded, change, promised.get(table.label))
                self._refuse_dangling_rows()
        except (DBAPIError, DanglingReferenceError) as error:
            reason = read_refusal(error).reason if isinstance(error, DBAPIError) else str(error)
            for table in self.tables:
                seeded.rows.pop(table.label, None)
                seeded.unseeded[table.label], seeded.keys[table.label] = reason, keys[table.label]
        promised.clear()

    def _keys(self) -> Iterator[tuple[Table, ForeignKey]]:
        """Yield the foreign keys that lead from one of the tables to one of them."""
        for table in self.tables:
            for key in table.foreign_keys:
                if any(self._points_at(key, other) for other in self.tables):
                    yield table, key

    def _required(self) -> list[tuple[Table, ForeignKey]]:
        """Return those that every row of a table has to follow to another table."""
        keys = [(table, key) for table, key in self._keys() if not self._points_at(key, table)]
        return [(table, key) for table, key in keys if self._is_strict or is_required(table, key)]

    def _refuse_dangling_rows(self) -> None:
        """Raise StrayError where a row points at one that was promised and did not come."""
        writer = self.filler.writer
        for table, key in self._keys() if not writer.dialect.defers else ():
            parent = self.filler.parents.tables[qualified(key.referred_table, key.referred_schema)]
            pairs = list(zip(key.columns, key.referred_columns or key_columns(parent), strict=False))
            if writer.has_dangling_rows(table, parent, pairs):
                raise DanglingReferenceError(
                    f"the keys form a circle, and rows of '{table.label}' pointed at no row of '{parent.label}'"
                )

    def _close(self, table: Table, seeded: Seeded) -> None:
        late = [
            name
            for owner, key in self._keys()
            if owner is table
            for name in key.columns
            if (column := table.column(name)) is not None and column.nullable
        ]
        keys = seeded.keys.get(table.label, ())
        if not late or not keys:
            return
        filled = self.filler.refill(table, keys, late)
        if filled.reason is None:
            seeded.unseeded.pop(table.label, None)
        else:
            seeded.unseeded[table.label] = filled.reason

    def _points_at(self, key: ForeignKey, table: Table) -> bool:
        """Whether a foreign key refers to this table, or to what it is a partition of."""
        return qualified(key.referred_table, key.referred_schema) in self.labels[table.label]

    def _needs_promise(self, table: Table) -> bool:
        return any(self._points_at(key, table) for _, key in self._required())

    def _promise(self, table: Table) -> Row:
        wanted = {
            name for _, key in self._keys() if self._points_at(key, table) for name in key.referred_columns or key_columns(table)
        }
        pools = self.filler.planner.plan_table(table, start=0, count=2).pools
        return {name: pools[name].typical[0] for name in sorted(wanted) if name in pools and pools[name].typical}


def is_required(table: Table, key: ForeignKey) -> bool:
    """Whether every row has to point somewhere."""
    return all(column is None or not column.nullable for column in map(table.column, key.columns))
