"""What the scratch database holds: looking at it, and putting rows there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.row_difference import compare
from mrt_runtime.compare.schema import Schema
from mrt_runtime.compare.schema_difference import diff
from mrt_runtime.compare.snapshot import Snapshot, find_again, take_snapshot
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases import Database, Scratch
from mrt_runtime.databases.outage import LostServerError
from mrt_runtime.databases.registry import backend_of
from mrt_runtime.migrate import Migrator
from mrt_runtime.seed import Seeded, Seeder
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.marked_rows import MarkedRow
from mrt_runtime.seed.value import Row
from mrt_runtime.seed.value_repair import ValueRepair
from mrt_runtime.verify.burnt_numbers import find_burnt
from mrt_runtime.verify.imposed import ImposedValues
from mrt_runtime.verify.stamp import Disturbed

Result = TypeVar("Result")
UNCOUNTED = sys.maxsize
"""Rows that were written to a table without a key."""
REACTING = frozenset({"trigger", "rule"})
"""Kinds of objects that change rows when others are written."""


class ScratchContents:
    """Looks and seeds, taking over from earlier ones what did not change since.

    One connection serves as long as the database is the same and bears that it stays open while others work there.
    ignored: returns the names of tables that are not the project's own. `imposed` is what migrations wrote into rows.
    """

    def __init__(self, database: Database, scratch: Scratch, seeder: Seeder, ignored: Callable[[], Collection[str]]) -> None:
        self._database = database
        self._scratch = scratch
        self._seeder = seeder
        self._ignored = ignored
        self._opened: Connection | None = None
        self._is_idle = False
        self._last: Snapshot | None = None
        self._left_out: Collection[str] | None = None
        self._sown: Snapshot | None = None
        self._kept: Snapshot | None = None
        self._written: tuple[Schema, Mapping[str, Sequence[Row]]] | None = None
        self._marked: list[MarkedRow] = []
        self.seeded: Seeded | None = None
        self.imposed = ImposedValues(seeder.migration_hints.names)

    @property
    def seen(self) -> Snapshot | None:
        """What the last look saw, whatever was written since."""
        return self._last

    def look(self) -> Snapshot:
        """Snapshot at everything."""
        opened = self._opened
        if opened is None or not self._is_idle:
            return self._look(self._connection())
        self._is_idle = False
        driver: Any = opened.dialect.dbapi  # what reads below SQLAlchemy raises the driver's own errors
        gone: tuple[type[Exception], ...] = (DBAPIError, LostServerError, *([driver.Error] if driver else []))
        try:
            return self._look(opened)
        except gone:  # migrations may end other sessions
            self.close()
            return self._look(self._connection())

    def _look(self, connection: Connection) -> Snapshot:
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._last = find_again(connection, self._database, kept)
        ignored = frozenset(self._ignored())
        # between two looks without env.py in between we wrote rows and nothing else
        schema = self._last.schema if self._last is not None and ignored == self._left_out else None
        if schema is not None and backend_of(self._database.dialect).rows_change_schema(schema):
            schema = None
        self._last = take_snapshot(connection, self._database, self._last, ignored, schema)
        self._left_out = ignored
        self._scratch.journal.require_alone(connection)  # before any row is written to what was seen
        connection.rollback()
        return self._last

    def seed(self, here: Snapshot | None = None, adjustments: Collection[Adjustment] = ()) -> Snapshot:
        """Fill the tables that lack rows or values, and look.

        here: what is there, where that is known. adjustments: what else was taken out by any is made again.
        """
        here = here or self.look()
        touched = find_touched(self._sown, here)
        if self._sown is not None or self.seeded is None:
            self.imposed.note(self._sown, here, touched)
        without = self.seeded.without if self.seeded else frozenset()
        out = frozenset((label, adjustment) for label, adjustment in without if adjustment in adjustments)
        if self.seeded is None or self.seeded.schema is not here.schema or touched or without - out:
            schema, before = here.schema, replace(self.seeded, without=without - out) if self.seeded else None
            seeded = self._persist(lambda connection: self._seeder.seed(connection, schema, before, touched=touched))
            self.seeded = replace(seeded, without=out)
            here = self.look()
        self._sown = here
        return here

    def write_wanted(self, here: Snapshot, file: str) -> Snapshot:
        """Write rows that meet the conditions of a migration's statements, and look if there were any to write."""
        seeded, schema = self.seeded, here.schema
        if seeded is None:
            return here

        def write(connection: Connection) -> tuple[Seeded, bool]:
            new = replace(seeded, keys=dict(seeded.keys), orphans=dict(seeded.orphans), held=dict(seeded.held))
            return new, self._seeder.write_wanted(connection, schema, new, file)

        self.seeded, has_written = self._persist(write)
        if has_written:
            here = self._sown = self.look()
        return here

    def adjust(self, here: Snapshot, adjustment: Adjustment, tables: Collection[str]) -> tuple[Snapshot, tuple[str, ...]]:
        """Adjust the rows in these tables, and look, and return in words, too, which rows it were. here: what is there."""
        seeded, schema = self.seeded, here.schema
        if seeded is None:
            return here, ()
        self.seeded, described = self._persist(
            lambda connection: self._seeder.adjust(connection, schema, seeded, adjustment, tables)
        )
        if described:
            here = self._sown = self.look()
        return here, described

    def repair(self, here: Snapshot, repairs: Sequence[ValueRepair]) -> Snapshot:
        """Write other values in place of those that a migration could not read, and look. here: what is there."""
        seeded, schema = self.seeded, here.schema
        if seeded is None or not repairs:
            return here
        self.seeded, has_changed = self._persist(
            lambda connection: self._seeder.repair(connection, schema, seeded, repairs, self.imposed)
        )
        if has_changed:
            here = self._sown = self.look()
        return here

    def write(self, before: Snapshot, first: Snapshot, file: str) -> dict[str, int]:
        """Write rows as the upgraded schema allows them, where it changed what was there; counts them by table.

        file: the migration's, whose rollback may delete old rows by what new code writes into them.
        """
        if not has_changed(before, first):
            return {}
        keys = self.seeded.keys if self.seeded is not None else {}
        self._marked = self._persist(
            lambda connection: self._seeder.mark_old_rows(connection, before.schema, first.schema, keys, file)
        )
        written = self._persist(lambda connection: self._seeder.write_new_rows(connection, before.schema, first.schema))
        self._written = first.schema, written
        counts = {label: len(keys) or UNCOUNTED for label, keys in written.items()}
        return dict.fromkeys((one.label for one in self._marked), 0) | counts

    def bring_numbers_back(self, before: Snapshot, now: Snapshot) -> None:
        """Have the next upgrade take the numbers that the one after `before` took, as far as no row has one `now`."""
        numbers = find_burnt(before.rows, now.rows)
        if numbers:
            backend_of(self._database.dialect).set_positions(self._connection(), now.schema, numbers)

    def find_disturbed(self, first: Snapshot) -> Disturbed:
        """Find what the writing of rows changed in other rows, by table and column: triggers do."""
        if not any(one.kind in REACTING for one in first.schema.objects):
            return frozenset()
        return frozenset((failure.table, failure.column) for failure in compare(first.rows, self.look().rows))

    def erase(self) -> None:
        """Take back what was written, as far as it is still there and its keys are known: the schema is as it was then."""
        if self._written is not None:
            schema, written = self._written
            self._written = None
            marked, self._marked = self._marked, []
            self._persist(lambda connection: self._seeder.remove(connection, schema, written, marked))

    def empty(self, tables: Collection[str] | None = None) -> Snapshot | None:
        """Take our rows out of these tables, or else out of all, and look; the next `seed` begins there from nothing.

        None where some may be left: the database holds on to them, or they are not found by the keys that they had.
        """
        seeded, is_empty = self.seeded, True
        keys = {label: keys for label, keys in seeded.keys.items() if tables is None or label in tables} if seeded else {}
        schema = seeded.schema if seeded is not None else None
        if schema is not None:
            is_empty = self._persist(lambda connection: self._seeder.remove(connection, schema, keys))
        self._written = None
        if tables is None:
            self.seeded = self._sown = None
        here = self.look()
        # of all tables, also those whose rows are not found by the keys that they had
        doubtful = [label for label in keys if tables is None or not (keys[label] or (seeded and label in seeded.unseeded))]
        if not is_empty or any(here.rows.tables[label].rows for label in doubtful if label in here.rows.tables):
            return None
        if tables is not None and seeded is not None:
            self.seeded = seeded.without_tables(keys)
        return here

    def release(self) -> None:
        """Make room for env.py, which is going to work on the database."""
        self._left_out = None
        if not self._scratch.allows_idle_connections:
            self.close()
        elif self._opened is not None:
            self._is_idle = True
            self._opened.rollback()
            self._opened.connection.rollback()  # of looks, which work below SQLAlchemy, it knows nothing

    def connect(self) -> Connection:
        """Return our connection, for what is looked at while env.py works on the database."""
        return self._connection()

    def close(self) -> None:
        """Close the connection: the database is going to be copied, replaced or dropped."""
        opened, self._opened, self._is_idle, self._left_out = self._opened, None, False, None
        if opened is not None:
            opened.close()

    def forget(self, seeded: Seeded | None, seen: Snapshot | None = None) -> None:
        """Forget all of it after the database was replaced by one that holds what was `seeded`, and in which that was `seen`."""
        self.close()
        self.seeded = seeded
        self._last = self._sown = self._written = None
        self._kept = seen

    def _persist(self, write: Callable[[Connection], Result]) -> Result:
        """Write rows and commit. Where the database refuses some only then, once more with each constraint checked at once."""
        connection = self._connection()
        try:
            result = write(connection)
            connection.commit()
        except DBAPIError:
            connection.rollback()
            backend_of(self._database.dialect).values.check_at_once(connection)
            result = write(connection)
            connection.commit()
        return result

    def _connection(self) -> Connection:
        if self._opened is not None and self._is_idle:
            self._wake(self._opened)
        if self._opened is None:
            self._opened = self._scratch.engine.connect()
        return self._opened

    def _wake(self, opened: Connection) -> None:
        """Find out whether a connection outlived what was done meanwhile: migrations may end other sessions."""
        self._is_idle = False
        try:
            opened.exec_driver_sql("SELECT 1")
        except (DBAPIError, LostServerError):
            self.close()


def make_seeder(database: Database, config: MRTConfig, migrator: Migrator) -> Seeder:
    """Make what seeds a history: it reads the migrations, and what their names stand for once they are imported."""
    files = [step.file for step in migrator.graph]
    types, names = migrator.column_types, migrator.graph.namespaces
    is_on = config.edge_rows != "off"
    return Seeder(database, config.seed_rows, config.custom_seeds, files, edges=is_on, column_types=types, namespaces=names)


def has_changed(before: Snapshot, first: Snapshot) -> bool:
    """Whether the upgrade changed a type or a table that was there, so that new code writes there what old code did not."""
    if before.schema.types != first.schema.types:
        return True
    now = {table.label: table for table in first.schema.tables}
    pairs = ((table, now.get(table.label)) for table in before.schema.tables)
    return any(new is not None and new is not old and new != old for old, new in pairs)


def find_touched(before: Snapshot | None, now: Snapshot) -> set[str]:
    """Find the tables whose rows are not those of an earlier look; without one, all tables."""
    earlier = before.rows.tables if before else {}
    return {label for label, rows in now.rows.tables.items() if rows is not earlier.get(label) and rows != earlier.get(label)}


def is_same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two looks saw the same."""
    return one is other or not (compare(one.rows, other.rows) or diff(one.schema, other.schema))
