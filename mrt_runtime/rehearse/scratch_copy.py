"""A copy of the given database on its way through the pending revisions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.blame import shorten
from mrt_runtime.compare.fingerprint import DatabaseFingerprint
from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import Schema
from mrt_runtime.compare.snapshot import Snapshot, read_schema
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases import Database
from mrt_runtime.databases.outage import LostServerError
from mrt_runtime.databases.registry import backend_of
from mrt_runtime.migrate import HistoryStep, MigrationError, Migrator
from mrt_runtime.migrate.observation import watched
from mrt_runtime.migrate.observer import ObservedStep, StepObserver
from mrt_runtime.migrate.timeline import StepTimeline
from mrt_runtime.rehearse.step_traffic import StepTraffic
from mrt_runtime.termination import held
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.half_way_log import HalfWayLog
from mrt_runtime.verify.half_way_trial import HalfWayTrial, TrialState
from mrt_runtime.verify.step_error import StepError, describe, refuse_broken_env


@dataclass(frozen=True, slots=True)
class CopyState:
    """What a copy holds at one moment: the whole catalogue, and a fingerprint of the rows."""

    schema: Schema
    rows: DatabaseFingerprint

    @property
    def snapshot(self) -> Snapshot:
        """The catalogue as the comparisons of a verification take it."""
        return Snapshot(schema=self.schema, rows=Rows())


class ScratchCopy:
    """Makes a copy, and runs revisions on it. To be dropped."""

    def __init__(self, database: Database, config: MRTConfig, worker: str = "main", *, with_traffic: bool = False) -> None:
        began = time.perf_counter()
        self.scratch = database.make_scratch(worker)
        self.seconds = time.perf_counter() - began
        self._backend = backend_of(database.dialect)
        self._database = database
        self._opened: Connection | None = None
        self._is_idle = False
        self.steps: list[ObservedStep] = []
        """What was observed since the last time that this was emptied."""
        self.places = HalfWayLog(self.scratch, is_on=config.half_way)
        self.traffic = StepTraffic(self.scratch, is_on=with_traffic)
        self._schema: Schema | None = None
        try:
            self.migrator = Migrator(config, self.scratch)
        except BaseException:
            self.drop()
            raise

    def look(self, previous: CopyState | None = None, columns: Mapping[str, Sequence[str]] | None = None) -> CopyState:
        """Read the catalogue and the fingerprints; of a table in `columns` only these count, as far as they are there."""
        connection = self.connect()
        schema = self.look_at_schema(previous)
        rows = self._backend.read_fingerprint(connection, schema, previous.rows if previous else None, columns)
        connection.rollback()
        return CopyState(schema, rows)

    def look_at_schema(self, previous: CopyState | None = None) -> Schema:
        """Read the catalogue alone."""
        ignored = frozenset(self.migrator.version_tables)
        self._schema = read_schema(self.connect(), self._database, ignored, previous.schema if previous else None)
        return self._schema

    def connect(self) -> Connection:
        """Return our own connection, opened where it is not."""
        if self._opened is not None and self._is_idle:
            self._is_idle = False
            try:
                self._opened.exec_driver_sql("SELECT 1")
                self._opened.rollback()
            except (DBAPIError, LostServerError):  # migrations may end other sessions
                self.close()
        if self._opened is None:
            self._opened = self.scratch.engine.connect()
        return self._opened

    def upgrade(self, step: HistoryStep, otherwise: Outcome = Outcome.UPGRADE_FAILED) -> None:
        """Apply a revision, observed. Raises StepError where it fails."""
        with self._telling(otherwise):
            name = "upgrade" if otherwise is Outcome.UPGRADE_FAILED else "second upgrade"
            self._observe(name, step, self.migrator.upgrade)

    def go_down(self, step: HistoryStep) -> None:
        """Roll a revision back that was rolled back before. Raises StepError where it fails."""
        self.release()
        with self._telling(Outcome.DOWNGRADE_FAILED):
            self.migrator.downgrade(step)

    def downgrade(self, step: HistoryStep) -> None:
        """Roll a revision back, observed. Raises StepError where it fails."""
        with self._telling(Outcome.DOWNGRADE_FAILED):
            self._observe("downgrade", step, self.migrator.downgrade)

    def go_up(self, step: HistoryStep) -> None:
        """Apply a revision that is not rehearsed, or was before. Raises StepError where it fails."""
        self.release()
        with self._telling(Outcome.UPGRADE_FAILED):
            self.migrator.upgrade(step)

    def holds(self, applied: set[str]) -> bool:
        """Whether exactly these revisions are applied, after a step that failed."""
        self.release()
        try:
            return self.migrator.graph.ancestors(self.migrator.current()) == applied
        except MigrationError:
            return False

    def release(self) -> None:
        """Make room for env.py, which is going to work on the database."""
        if self._opened is not None:
            if self.scratch.allows_idle_connections:
                self._opened.rollback()
                self._opened.connection.rollback()  # of looks, which work below SQLAlchemy, it knows nothing
                self._is_idle = True
            else:
                self.close()

    def close(self) -> None:
        """Close our own connection."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def drop(self) -> None:
        """Drop the copy, whatever state an interrupted connection is in."""
        with held():
            try:
                self.close()
            finally:
                self.scratch.drop()

    def _observe(self, name: str, step: HistoryStep, run: Callable[[HistoryStep], None]) -> None:
        """Run a step with its traffic; again without, where that kept it from a lock and it left nothing behind."""
        before = self._schema
        try:
            self._observe_beside(self.traffic.beside(name, step, before), name, step, run)
        except MigrationError as error:
            if before is None or not self.traffic.is_in_the_way(error) or self.look_at_schema() != before:
                raise
            self.steps.pop()
            self._observe_beside(nullcontext(), name, step, run)
            self.traffic.notes.append(f"The {name} does not wait for locks, so it was run without traffic.")

    def _observe_beside(
        self, traffic: AbstractContextManager[StepTimeline | None], name: str, step: HistoryStep, run: Callable[[HistoryStep], None]
    ) -> None:
        self.release()
        before = self.scratch.measure()
        observer, seconds = StepObserver(), 0.0
        try:
            with traffic as timeline:
                observer = StepObserver(self.scratch.watch_locks(self.connect), timeline, self.scratch.find_algorithm)
                began = time.perf_counter()
                try:
                    with watched(observer), self.places.note(name):
                        run(step)
                finally:
                    seconds = time.perf_counter() - began - observer.asked
        finally:
            self._is_idle = True
            growth = self.scratch.measure() - before
            statements = observer.of_the_migration(self.migrator.version_tables)
            file = shorten(step.file)
            self.steps.append(ObservedStep(name=name, seconds=seconds, file=file, statements=statements, growth=growth))

    def make_trial(self, step: HistoryStep, ignore: Collection[str]) -> HalfWayTrial:
        """Return what stops a revision half way on this copy."""

        def look() -> TrialState:
            here = self.look()
            return TrialState(here.schema, {label: table.rows for label, table in here.rows.tables.items()})

        return HalfWayTrial(self.scratch, self.migrator, step, release=self.close, look=look, ignore=ignore)

    @contextmanager
    def _telling(self, otherwise: Outcome) -> Iterator[None]:
        try:
            yield
        except MigrationError as error:
            self.close()  # it may have been cancelled along with the migration
            if otherwise is Outcome.UPGRADE_FAILED:
                refuse_broken_env(error)
            raise StepError(describe(error, otherwise)) from None
