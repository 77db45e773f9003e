"""Tables whose foreign keys form a circle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from mrt_runtime.schema import Table, qualified
from mrt_runtime.seed.change import Change
from mrt_runtime.seed.fill import Filler, key_columns
from mrt_runtime.seed.refusal import read_refusal
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.value import Row


class Visitor(Protocol):
    """Who fills a single table: a Seeder."""

    def visit(self, filler: Filler, table: Table, seeded: Seeded, change: Change, first: Row | None = None) -> None:
        """Fill one table; `first` are values that its first row has to have."""


class Circle:
    """Tables whose foreign keys lead back to where they began.

    Keys that may be NULL are left so at first and filled once all tables have rows; the others point at rows that are
    promised and come in the same transaction, while the database puts its check off.
    """

    def __init__(self, seeder: Visitor, filler: Filler, tables: Sequence[Table]) -> None:
        self.seeder = seeder
        self.filler = filler
        self.tables = tables

    def fill(self, seeded: Seeded, change: Change) -> None:
        """Fill the tables, all or none of them."""
        promised = self.filler.parents.promised
        for table in self.tables:
            promised.update({table.label: self._promise(table)} if self._needs_promise(table) else {})
        connection, dialect = self.filler.writer.connection, self.filler.writer.dialect
        keys = {table.label: seeded.keys.get(table.label, ()) for table in self.tables}
        try:
            with dialect.attempt(connection), dialect.deferral(connection):
                for table in self.tables:
                    self.seeder.visit(self.filler, table, seeded, change, promised.get(table.label))
        except DBAPIError as error:
            reason = read_refusal(error).reason
            for table in self.tables:
                seeded.rows.pop(table.label, None)
                seeded.unseeded[table.label], seeded.keys[table.label] = reason, keys[table.label]
        promised.clear()
        for table in self.tables:
            self._close(table, seeded)

    def _close(self, table: Table, seeded: Seeded) -> None:
        labels = {other.label for other in self.tables}
        late = [
            name
            for key in table.foreign_keys
            if qualified(key.referred_table, key.referred_schema) in labels
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

    def _needs_promise(self, table: Table) -> bool:
        for other in self.tables:
            for key in other.foreign_keys:
                if other is not table and qualified(key.referred_table, key.referred_schema) == table.label:
                    columns = [other.column(name) for name in key.columns]
                    if all(column is None or not column.nullable for column in columns):
                        return True
        return False

    def _promise(self, table: Table) -> Row:
        wanted = {
            name
            for other in self.tables
            for key in other.foreign_keys
            if qualified(key.referred_table, key.referred_schema) == table.label
            for name in key.referred_columns or key_columns(table)
        }
        pools = self.filler.draughtsman.draw(table, start=0, count=2).pools
        return {name: pools[name].typical[0] for name in sorted(wanted) if name in pools and pools[name].typical}
