"""Seeding a whole database, again and again as its schema grows, without doing anything twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from mrt_runtime.config import SeedRows
from mrt_runtime.schema import Column, Schema, Table, qualified
from mrt_runtime.seed.custom import CustomSeed
from mrt_runtime.seed.dialect import dialect_of
from mrt_runtime.seed.fill import Filled, Filler, insertable
from mrt_runtime.seed.plan import order_tables
from mrt_runtime.seed.refusal import read_refusal
from mrt_runtime.seed.statement import Writer
from mrt_runtime.seed.value import Row

VERSION_TABLE = "alembic_version"
MOST_KEYLESS_ROWS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What was seeded: `rows` of ours in each table, and why tables (or a column of theirs) have none.

    `schema` is the catalogue that it was done for and `keys` how our rows are found again; both are for the next call.
    """

    rows: dict[str, int] = field(default_factory=dict)
    unseeded: dict[str, str] = field(default_factory=dict)
    schema: Schema | None = None
    keys: dict[str, tuple[Row, ...]] = field(default_factory=dict)


class Named(Protocol):
    """The part of a Database that seeding needs."""

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the dialect."""


class Seeder:
    """Makes rows that satisfy keys, types and constraints and that are hard on migrations.

    seed_rows: rows for each table: one typical, one at the limits of its types, one with NULL wherever it may be, and so on;
        some more where no three rows can fill every column. custom_seeds: table → callable that gives the rows instead.

    The same catalogue always gets the same rows. Whole numbers that are keys begin in the thousands and are written as such,
    so that neither ids that a migration writes (1, 2, 3 …) nor those that a sequence gives out meet ours; sequences stay
    where they are.
    """

    def __init__(self, database: Named, seed_rows: int = 3, custom_seeds: Mapping[str, SeedRows] | None = None) -> None:
        self.dialect = dialect_of(database.dialect)
        self.seed_rows = max(1, seed_rows)
        self.custom_seeds = {label: CustomSeed(label, give) for label, give in (custom_seeds or {}).items()}

    def seed(
        self, connection: Connection, schema: Schema, previous: Seeded | None = None, *, touched: Collection[str] = ()
    ) -> Seeded:
        """Seed the tables that are new or changed since `previous`, and those in `touched`, whose rows a migration changed.

        Writes in the connection's transaction, which the caller commits. Rows that are there are kept; ours get values in
        columns that came later. Raises nothing that concerns a single table: that is in `Seeded.unseeded`.
        """
        before = previous or Seeded()
        writer = Writer(connection, self.dialect)
        filler = Filler(writer, schema, self.seed_rows)
        old = {table.label: table for table in before.schema.tables} if before.schema else {}
        tables = [table for table in schema.tables if is_seedable(table, schema)]
        labels = {table.label for table in tables}
        seeded = Seeded(
            rows={label: count for label, count in before.rows.items() if label in labels},
            unseeded={label: reason for label, reason in before.unseeded.items() if label in labels},
            schema=schema,
            keys={label: keys for label, keys in before.keys.items() if label in labels},
        )
        if before.schema is schema and not touched:
            return seeded
        changed_types = _changed_types(before.schema, schema)
        due = [
            table
            for table in tables
            if table.label in touched
            or table.label in seeded.unseeded
            or (known := old.get(table.label)) is None
            or (known is not table and known != table)
            or (changed_types and _uses(table, changed_types))
        ]
        for group in order_tables(due):
            if len(group) > 1:
                Circle(self, filler, group).fill(seeded, old, changed_types)
            else:
                self.visit(filler, group[0], seeded, old, changed_types)
        return seeded

    def visit(
        self, filler: Filler, table: Table, seeded: Seeded, old: Mapping[str, Table], changed_types: Collection[str], first: Row | None = None
    ) -> None:
        """Seed one table, or give its rows of ours values in the columns that are new to them."""
        label = table.label
        try:
            keys = seeded.keys.get(label, ())
            known = old.get(label)
            if keys and known is not None and label not in seeded.unseeded:
                fresh = fresh_columns(known, table, changed_types)
                filled = filler.refill(table, keys, fresh)
                if filled.rows:
                    self._note(seeded, table, filled)
                    return
            custom = self.custom_seeds.get(label)
            if custom is not None:
                filled = custom.fill(filler, table)
            elif known is not None and seeded.rows.get(label, 0) > MOST_KEYLESS_ROWS and not keys:
                return  # without a key our rows cannot be found again; there are enough of them by now
            else:
                filled = filler.insert(table, first=first)
        except DBAPIError as error:
            filled = Filled(reason=read_refusal(error).reason)
        self._note(seeded, table, filled)

    def _note(self, seeded: Seeded, table: Table, filled: Filled) -> None:
        label = table.label
        names = key_columns(table)
        seeded.rows[label] = len(filled.rows)
        seeded.keys[label] = tuple({name: row[name] for name in names} for row in filled.rows if all(n in row for n in names)) if names else ()
        if filled.reason is None:
            seeded.unseeded.pop(label, None)
        else:
            seeded.unseeded[label] = filled.reason


class Circle:
    """Tables whose foreign keys lead back to where they began.

    Keys that may be NULL are left so at first and filled once all tables have rows; the others point at rows that are
    promised and come in the same transaction, while the database puts its check off.
    """

    def __init__(self, seeder: Seeder, filler: Filler, tables: Sequence[Table]) -> None:
        self.seeder = seeder
        self.filler = filler
        self.tables = tables

    def fill(self, seeded: Seeded, old: Mapping[str, Table], changed_types: Collection[str]) -> None:
        """Fill the tables, all or none of them."""
        promised = self.filler.parents.promised
        for table in self.tables:
            promised.update({table.label: self._promise(table)} if self._needs_promise(table) else {})
        connection, dialect = self.filler.writer.connection, self.filler.writer.dialect
        held = {table.label: (seeded.rows.get(table.label), seeded.keys.get(table.label)) for table in self.tables}
        try:
            with dialect.attempt(connection), dialect.deferral(connection):
                for table in self.tables:
                    self.seeder.visit(self.filler, table, seeded, old, changed_types, promised.get(table.label))
        except DBAPIError as error:
            reason = read_refusal(error).reason
            for table in self.tables:
                rows, keys = held[table.label]
                seeded.unseeded[table.label], seeded.rows[table.label], seeded.keys[table.label] = reason, rows or 0, keys or ()
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
        blueprint = self.filler.draughtsman.draw(table, start=0, count=2)
        return {name: blueprint.pools[name].typical[0] for name in wanted if name in blueprint.pools and blueprint.pools[name].typical}


def is_seedable(table: Table, schema: Schema) -> bool:
    """Whether rows are put into this table: not into Alembic's own, and into a partitioned one through its partitions."""
    if table.name == VERSION_TABLE or table.kind == "foreign table":
        return False
    if table.kind == "partitioned" or any(table.label in other.parents and other.bounds for other in schema.tables):
        return not any(table.label in other.parents for other in schema.tables)
    return True


def key_columns(table: Table) -> tuple[str, ...]:
    """Give the columns by which a row is found again: the primary key's, or a unique constraint's that is never NULL."""
    for key in (table.primary_key, *table.uniques):
        columns = [table.column(name) for name in key.columns] if key else []
        if key and all(c is not None and c.generated is None and (key is table.primary_key or not c.nullable) for c in columns):
            return key.columns
    return ()


def fresh_columns(old: Table, new: Table, changed_types: Collection[str] = ()) -> list[str]:
    """Give the columns in which rows of the old table need new values: added ones, and those that may now hold others."""
    fresh = []
    for name in insertable(new):
        column, before = new.column(name), old.column(name)
        if column is not None and (before is None or _differs(before, column) or _type_label(column) in changed_types):
            fresh.append(name)
    return fresh


def _differs(before: Column, after: Column) -> bool:
    return (before.type, before.nullable, before.generated) != (after.type, after.nullable, after.generated)


def _changed_types(before: Schema | None, after: Schema) -> frozenset[str]:
    if before is None:
        return frozenset()
    old = {kind.label: kind for kind in before.types}
    return frozenset(kind.label for kind in after.types if kind.label in old and old[kind.label] != kind)


def _type_label(column: Column) -> str:
    return qualified(column.type.base, column.type.schema)


def _uses(table: Table, types: Collection[str]) -> bool:
    return any(_type_label(column) in types for column in table.columns)
