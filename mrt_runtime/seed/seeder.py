"""Seeding a whole database, again and again as its schema grows, without doing anything twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any, Protocol

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.config import SeedRows
from mrt_runtime.seed.adjustment import LEFT_OUT, TABLES_APART, Adjustment
from mrt_runtime.seed.changed_row import change_back, of_adjustments
from mrt_runtime.seed.custom_seed import CustomSeed
from mrt_runtime.seed.held_rows import note_held_rows
from mrt_runtime.seed.imported_values import Namespace
from mrt_runtime.seed.marked_rows import MarkedRow, mark_old_rows, unmark
from mrt_runtime.seed.migration_hints import NO_NAMESPACES, NO_TYPES, MigrationHints
from mrt_runtime.seed.named_parent import write_named_parents
from mrt_runtime.seed.new_values import newly_allowed
from mrt_runtime.seed.orphan import write_orphans
from mrt_runtime.seed.partition import with_inherited
from mrt_runtime.seed.refusal import read_refusal
from mrt_runtime.seed.row_adjuster import RowAdjuster
from mrt_runtime.seed.row_insertion import FilledTable
from mrt_runtime.seed.row_removal import remove_rows
from mrt_runtime.seed.row_repair import Imposed, RowRepairer
from mrt_runtime.seed.row_steps import list_steps
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.schema_change import SchemaChange
from mrt_runtime.seed.seed_dialect import dialect_of
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.table_cycle import TableCycle
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.table_order import order_tables, parents_of, seedable_tables
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.unread_hints import UNEXPECTED
from mrt_runtime.seed.value import Row, RowVariety
from mrt_runtime.seed.value_repair import ValueRepair
from mrt_runtime.seed.wanted_rows import write_wanted_rows


class HasDialectName(Protocol):
    """The part of a Database that seeding needs."""

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the dialect."""


class Seeder:
    """Makes rows that satisfy keys, types and constraints and that are hard on migrations.

    seed_rows: rows for each table: one typical, one at the limits of its types, one with NULL wherever it may be, and so on;
        some more where no three rows can fill every column. custom_seeds: table → callable that returns the rows instead.
        files: the migrations in their order, which show what a text is going to be converted to. edges:
        whether rows at the edge of their types are made. column_types: types by which the project's Python converts values.
        namespaces: what the names in each file stand for.

    The same catalogue always gets the same rows. Whole numbers that are keys begin in the thousands and are written as such,
    so that neither ids that a migration writes (1, 2, 3 …) nor those that a sequence hands out meet ours; sequences stay
    where they are.
    """

    def __init__(
        self,
        database: HasDialectName,
        seed_rows: int = 3,
        custom_seeds: Mapping[str, SeedRows] | None = None,
        files: Sequence[str] = (),
        *,
        edges: bool = True,
        column_types: Mapping[tuple[str, str], TypeEngine[Any]] = NO_TYPES,
        namespaces: Mapping[str, Namespace] = NO_NAMESPACES,
    ) -> None:
        self.dialect = dialect_of(database.dialect)
        self.seed_rows = max(1, seed_rows)
        self.edges = edges
        self.migration_hints = MigrationHints(
            files, database.dialect, converts=self.dialect.converts, column_types=column_types, namespaces=namespaces
        )
        self.custom_seeds = {label: CustomSeed(label, supply) for label, supply in (custom_seeds or {}).items()}
        self._met: set[str] = set()

    def note_next(self, file: str) -> None:
        """Note which migration comes next: rows satisfy the keys that it and those behind it add."""
        self.migration_hints.note_next(file)

    def seed(
        self, connection: Connection, schema: Schema, previous: Seeded | None = None, *, touched: Collection[str] = ()
    ) -> Seeded:
        """Seed the tables that are new or changed since `previous`, and those in `touched`, whose rows a migration changed.

        Writes in the connection's transaction, which the caller commits. Rows that are there are kept; ours get values in
        columns that came later. Raises nothing that concerns a single table: that is in `Seeded.unseeded`.
        """
        before = previous or Seeded()
        if before.schema is schema and not touched and not before.without:
            return replace(before, rows={})
        self.meet(schema)
        seeded = before.follow(schema, self.migration_hints)
        bound = self.migration_hints.bind(schema)
        change = SchemaChange(before.schema and self.migration_hints.bind(before.schema), bound)
        filler = self._filler(connection, bound)
        seedable = seedable_tables(bound)
        known = filler.parents.tables
        bare = {label for label, adjustment in before.without if adjustment in LEFT_OUT}
        due = [table for table in seedable if table.label in touched or table.label in bare or change.concerns(table)]
        due_labels = {table.label for table in due}
        # A table that could not be filled is worth another try once the tables that it points at are.
        due += [
            table for table in seedable if table.label in seeded.unseeded.keys() - due_labels and parents_of(table) & due_labels
        ]
        whole = self._change_back(filler, seedable, seeded, before.without)
        lost = {(label, variety) for label, adjustment in before.without - whole for variety in adjustment.varieties}
        incomplete = [
            (with_inherited(table, known), variety)
            for table in seedable
            for variety in RowVariety
            if (table.label, variety) in lost and table.label not in self.custom_seeds
        ]
        # Before new columns are filled, by the places of the rows; afterwards only where the rows that it points at came then.
        incomplete = [(table, variety) for table, variety in incomplete if not self._put_back(filler, table, seeded, variety)]
        for group in order_tables([with_inherited(table, known) for table in due], known):
            if len(group) > 1:
                TableCycle(self, filler, group).fill(seeded, change)
            else:
                self.seed_table(filler, group[0], seeded, change)
        for table, variety in incomplete:
            self._put_back(filler, table, seeded, variety)
        return seeded

    def _filler(self, connection: Connection, schema: Schema, *, edges: bool = True) -> TableFiller:
        writer = RowWriter(connection, self.dialect)
        return TableFiller(writer, schema, self.seed_rows, self.migration_hints, edges=edges and self.edges)

    def write_wanted(self, connection: Connection, schema: Schema, seeded: Seeded, file: str) -> bool:
        """Write rows that meet the conditions of the migration that comes next, and return whether any were missing."""
        reading, way_back = self.migration_hints.code(file), self.migration_hints.read_way_back(file)
        if not reading.asks and way_back is None:
            return False
        filler = self._filler(connection, self.migration_hints.bind(schema, is_clean=False))
        plain = self._filler(connection, schema)
        has_written = self._write_named(plain, seeded, file)
        bind, deletes = self.migration_hints.bind, any("delete" in word.lower() for word in reading.words)
        freed = self._filler(connection, bind(schema, is_clean=False, is_repeated=True)) if deletes else filler
        tables = [table for table in seedable_tables(schema) if table.label not in {*self.custom_seeds, *seeded.unseeded}]
        for (write, by), table in product(list_steps(filler, freed, plain, seeded), tables):
            bound = with_inherited(by.parents.tables[table.label], by.parents.tables)
            try:
                rows = write(by, bound, reading)
                orphans = write_orphans(plain, bound, reading) if write is write_wanted_rows else []
            except (DBAPIError, *UNEXPECTED) as error:
                self.migration_hints.unread.note(file, error)
                continue
            keys = [{name: row[name] for name in names} for row in rows] if (names := key_columns(bound)) else []
            if keys or orphans:
                seeded.keys[table.label] = (*seeded.keys.get(table.label, ()), *keys, *orphans)
                seeded.orphans[table.label] = (*seeded.orphans.get(table.label, ()), *orphans)
            has_written = has_written or bool(rows or orphans)
        # rows of a table that migrations fill are theirs
        apart = self.migration_hints.find_filled({table.label: table for table in tables}) if way_back is not None else ()
        free = [filler.parents.tables[table.label] for table in tables if table.label not in apart]
        holds = False
        with self.migration_hints.unread.noting(file):
            holds = way_back is not None and note_held_rows(filler, free, way_back, seeded)
        return holds or has_written

    def _write_named(self, filler: TableFiller, seeded: Seeded, file: str) -> bool:
        """Write the rows that a migration points at by their keys, and return whether any were missing."""
        hints = self.migration_hints
        has_written = False
        with hints.unread.noting(file), suppress(DBAPIError):
            reading, ahead = hints.code(file), hints.find_made_keys(file)
            own = {*self.custom_seeds, *seeded.unseeded}
            for table, row in write_named_parents(filler, reading, ahead, own, hints.list_filled):
                seeded.note_key(table, row)
                has_written = True
        return has_written

    def _change_back(
        self, filler: TableFiller, tables: Sequence[Table], seeded: Seeded, without: Collection[tuple[str, Adjustment]]
    ) -> set[tuple[str, Adjustment]]:
        """Return the adjustments that rows show nothing of once they have the values back that these changed in them."""
        whole = set[tuple[str, Adjustment]]()
        for table in (table for table in tables if table.label in seeded.changed):
            undone = {adjustment for label, adjustment in without if label == table.label}
            known = seeded.changed[table.label]
            changed = of_adjustments(known, undone)
            is_whole, edges = change_back(filler.writer, table, changed) if changed else (False, ())
            seeded.changed[table.label] = tuple(one for one in known if one not in changed)
            seeded.edges[table.label] = (*seeded.edges.get(table.label, ()), *edges)
            whole |= {(table.label, one.adjustment) for one in changed} if is_whole else set()
            filler.parents.forget(table.label)
        return whole

    def _put_back(self, filler: TableFiller, table: Table, seeded: Seeded, variety: RowVariety) -> bool:
        """Insert a row of that kind in the place of the one that was taken out, and return whether it could be."""
        keys, place = seeded.keys.get(table.label, ()), list(RowVariety).index(variety)
        with suppress(DBAPIError):
            filled = filler.insert_one(table, variety)
            if filled.rows:
                seeded.note(table, filled)
                seeded.keys[table.label] = (*keys[:place], *seeded.keys[table.label], *keys[place:])
                return True
        return False

    def adjust(
        self, connection: Connection, schema: Schema, seeded: Seeded, adjustment: Adjustment, tables: Collection[str]
    ) -> tuple[Seeded, tuple[str, ...]]:
        """Adjust the rows in these tables, and return what is seeded now, and in words which rows it were."""
        if adjustment in LEFT_OUT:
            return self._leave_out(connection, schema, seeded, adjustment, tables)
        adjuster = RowAdjuster(self._filler(connection, self.migration_hints.bind(schema), edges=False), seeded)
        # rows that a project gives are those of an application
        own = self.custom_seeds if adjustment in TABLES_APART else ()
        described = adjuster.adjust(adjustment, [label for label in tables if label not in own])
        return adjuster.seeded, described

    def repair(
        self, connection: Connection, schema: Schema, seeded: Seeded, repairs: Sequence[ValueRepair], imposed: Imposed
    ) -> tuple[Seeded, bool]:
        """Write other values in place of those that a migration could not read and none wrote; whether there were any."""
        hints = self.migration_hints
        repairer = RowRepairer(RowWriter(connection, self.dialect), hints.bind(schema), seeded, hints.names, imposed)
        repairer.given = self.custom_seeds
        has_changed = [repairer.repair(one) for one in repairs]
        return repairer.seeded, any(has_changed)

    def _leave_out(
        self, connection: Connection, schema: Schema, seeded: Seeded, adjustment: Adjustment, tables: Collection[str]
    ) -> tuple[Seeded, tuple[str, ...]]:
        """Take all rows out that were made up for these tables; of those without a key, all rows."""
        gone = sorted(label for label in tables if label in seeded.keys and label not in self.custom_seeds)
        self.remove(connection, schema, {label: seeded.keys[label] for label in gone})
        writer = RowWriter(connection, self.dialect)
        for table in schema.tables:
            if table.label in gone and not key_columns(table):
                writer.attempt(writer.clear, table, ())
        left = replace(seeded.without_tables(gone), unseeded={**seeded.unseeded})
        without = left.without | {(label, adjustment) for label in gone}
        return replace(left, keys={**left.keys, **dict.fromkeys(gone, ())}, without=without), tuple(f"'{label}'" for label in gone)

    def seed_table(self, filler: TableFiller, table: Table, seeded: Seeded, change: SchemaChange, first: Row | None = None) -> None:
        """Seed one table, or fill columns that are new to our rows in it."""
        keys, known = seeded.keys.get(table.label, ()), change.old(table)
        custom = self.custom_seeds.get(table.label)
        try:
            filled = FilledTable()
            if keys and known is not None and table.label not in seeded.unseeded:
                fresh = change.fresh_columns(known, table)
                filled = custom.refill(filler, table, keys, fresh) if custom else filler.refill(table, keys, fresh)
            if not filled.rows:
                filled = custom.fill(filler, table) if custom is not None else filler.insert(table, first=first)
        except DBAPIError as error:
            filled = FilledTable(reason=read_refusal(error).reason)
        seeded.note(table, filled)
        if known is None and keys:  # under another name
            seeded.keys[table.label] = (*keys, *seeded.keys[table.label])

    def meet(self, schema: Schema) -> None:
        """Record the tables and columns that a revision has, whether rows are put there or not."""
        for table in schema.tables if self.custom_seeds else ():
            self._met.add(table.label)
            if table.label in self.custom_seeds:
                self.custom_seeds[table.label].meet(table)

    def find_stray(self) -> list[str]:
        """Return the tables and columns of custom seeds that no catalogue has had so far: misspelt, probably."""
        tables = [f"table '{label}'" for label in sorted(self.custom_seeds.keys() - self._met)]
        columns = [f"column '{label}.{name}'" for label, seed in self.custom_seeds.items() for name in sorted(seed.stray)]
        return tables + columns

    def write_new_rows(self, connection: Connection, before: Schema, after: Schema) -> dict[str, tuple[Row, ...]]:
        """Write what the new code would write after an upgrade, and return the keys of the rows written, by table.

        The rows go into the tables that are new or changed: longer strings and larger numbers than the old types held, new
        labels of enums, NULL where it is allowed now, and what dropped constraints forbade. A table without a key is there
        with an empty tuple. What the database refuses is left out.
        """
        seeded = self.seed(connection, after, Seeded(schema=before))
        written = {label: seeded.keys.get(label, ()) for label in seeded.rows}
        filler = self._filler(connection, after)
        change = SchemaChange(before, after)
        for table in seedable_tables(after):
            old = change.old(table)
            if old is None or not change.concerns(table):
                continue
            bound = with_inherited(table, filler.parents.tables)
            for values in newly_allowed(filler, old, bound, change):
                for row in filler.write(bound, values).rows:
                    key = {name: row[name] for name in key_columns(bound)}
                    written[table.label] = (*written.get(table.label, ()), *([key] if key else []))
        return written

    def mark_old_rows(
        self, connection: Connection, before: Schema, after: Schema, keys: Mapping[str, Sequence[Row]], file: str
    ) -> list[MarkedRow]:
        """Mark old rows as new code may, where the rollback deletes by that. keys: of ours, by table. file: the migration's."""
        way_back = self.migration_hints.read_way_back(file)
        if way_back is None:
            return []
        filler, change = self._filler(connection, after), SchemaChange(before, after)
        pairs = [(old, table) for table in seedable_tables(after) if (old := change.old(table)) is not None]
        return [one for old, new in pairs for one in mark_old_rows(filler, old, new, keys, way_back.downgrade)]

    def remove(
        self, connection: Connection, schema: Schema, written: Mapping[str, Sequence[Row]], marked: Sequence[MarkedRow] = ()
    ) -> bool:
        """Remove rows by their keys, and what marks others, and return whether all could go."""
        writer = RowWriter(connection, self.dialect)
        unmark(writer, schema, marked)
        return remove_rows(writer, schema, written)
