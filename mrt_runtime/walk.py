"""Where the scratch database stands in the history, what it holds there, and how it gets elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases import Checkpoint, Database
from mrt_runtime.difference import diff
from mrt_runtime.look import Look, look, read_schema
from mrt_runtime.loss import compare
from mrt_runtime.migrate import MigrationError, MigrationTimeout, Migrator, Step
from mrt_runtime.origin import shorten
from mrt_runtime.seed.seeder import Seeded, Seeder
from mrt_runtime.verdict import Failure, Outcome

PATIENCE = 4  # a milestone is set when the work since the last one took this many times what setting one takes

UNCOUNTED = sys.maxsize  # rows that were written to a table without a key


class StepError(Exception):
    """A step of the revision under check ended with an error; `failure` says so."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class NotReachedError(Exception):
    """No database can be brought to where the revision would be checked; the message names the revision in the way."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A state to come back to, and the revisions that are applied in it."""

    checkpoint: Checkpoint
    applied: frozenset[str]
    seeded: Seeded | None


class Walk:
    """One scratch database on its way through the history.

    `applied` are the revisions that the database holds. `trusted` tells that it is as an undisturbed history would have left it,
    so that the next revision may be checked on it; where it is not, the walk goes back to its milestone, or to the start.
    """

    def __init__(self, database: Database, config: MRTConfig, worker: str = "main") -> None:
        self.database = database
        self.scratch = database.make_scratch(worker)
        try:
            self.migrator = Migrator(config, self.scratch)
        except BaseException:
            self.scratch.drop()
            raise
        self.graph = self.migrator.graph
        self.applied: frozenset[str] = frozenset()
        self.trusted = True
        files = [step.file for step in self.graph.steps]
        self._seeder = Seeder(database, config.seed_rows, config.custom_seeds, files)
        self._seeded: Seeded | None = None
        self._here: Look | None = None  # what the database holds now, where that is known
        self._last: Look | None = None  # what a new look can build on
        self._sown: Look | None = None  # what it held when it was last seeded
        self._known: dict[frozenset[str], Look] = {}
        self._milestone: Milestone | None = None
        self._milestone_at = time.perf_counter()
        self._milestone_cost = 0.0
        self._stumbles: set[str] = set()
        self._walls: dict[str, str] = {}

    def approach(self, step: Step) -> Look:
        """Stand at the revision's parents with rows in every table, and look; NotReachedError where no way leads there."""
        needed = frozenset(self.graph.ancestors(step.parents))
        self._face_walls(needed)
        if not (self.trusted and step.revision not in self.applied and needed <= self.applied):
            self._go(step, needed)
        here = self._seed()
        self._known = {self.applied: here}
        self._set_milestone()
        return here

    def upgrade(self, step: Step, otherwise: Outcome = Outcome.UPGRADE_FAILED) -> Look:
        """Apply the revision and look; StepError of that outcome where it fails."""
        self._run(self.migrator.upgrade, step, otherwise)
        return self._arrive(self.applied | {step.revision})

    def downgrade(self, step: Step) -> Look:
        """Roll the revision back and look; StepError where it fails."""
        self._run(self.migrator.downgrade, step, Outcome.DOWNGRADE_FAILED)
        return self._arrive(self.applied - {step.revision})

    def write(self, before: Look, first: Look) -> dict[str, int]:
        """Write rows as the upgraded schema allows them, where it changed what was there; counts them by table."""
        if not has_changed(before, first):
            return {}
        with self.scratch.engine.connect() as connection:
            written = self._seeder.new_world(connection, before.schema, first.schema)
            connection.commit()
        return {label: len(keys) or UNCOUNTED for label, keys in written.items()}

    @property
    def unseeded(self) -> dict[str, str]:
        """The tables that could not be seeded, each with the reason."""
        return dict(self._seeded.unseeded) if self._seeded else {}

    def trust(self) -> None:
        """Build on the present state: what differs from an earlier time here was judged to mean nothing."""
        self.trusted = True

    def close(self) -> None:
        """Drop the scratch database."""
        self.scratch.drop()

    def _go(self, step: Step, needed: frozenset[str]) -> None:
        """Bring the database to the revision's parents: onwards if possible, else from the milestone, else from the start."""
        if self.trusted and self._leads_on(self.applied, step, needed) and self._reach(step, needed):
            return
        milestone = self._milestone
        if milestone is not None and self._leads_on(milestone.applied, step, needed):
            self.scratch.restore(milestone.checkpoint)
            self._stand(milestone.applied, milestone.seeded)
            if self._reach(step, needed):
                return
        self.scratch.reset()
        self._stand(frozenset(), None)
        if not self._reach(step, needed):
            self._face_walls(needed)

    def _leads_on(self, applied: frozenset[str], step: Step, needed: frozenset[str]) -> bool:
        """Whether a state with these revisions, and rows, may be upgraded to the revision's parents."""
        return step.revision not in applied and self._stumbles.isdisjoint(needed - applied)

    def _stand(self, applied: frozenset[str], seeded: Seeded | None) -> None:
        self.applied, self.trusted, self._seeded = applied, True, seeded
        self._here = self._last = self._sown = None

    def _reach(self, step: Step, needed: frozenset[str]) -> bool:
        """Upgrade to the revision's parents; False where one on the way fails, which is remembered."""
        has_rows = bool(self.applied)
        self._here = None
        try:
            self.migrator.stand_before(step)
        except MigrationError as error:
            self.trusted = False
            refuse_broken_env(error)
            name = str(error.revision)
            if has_rows:
                self._stumbles.add(name)
            else:
                self._walls[name] = error.cause
            return False
        self.applied |= needed
        return True

    def _face_walls(self, needed: frozenset[str]) -> None:
        for wall in self.graph.sort(needed & self._walls.keys()):
            raise NotReachedError(f"the upgrade of {wall} fails, on an empty database too: {self._walls[wall]}")

    def _seed(self) -> Look:
        """Fill the tables that lack rows or values, and look."""
        here = self._here or self._look()
        touched = find_touched(self._sown, here)
        if self._seeded is None or self._seeded.schema is not here.schema or touched:
            with self.scratch.engine.connect() as connection:
                self._seeded = self._seeder.seed(connection, here.schema, self._seeded, touched=touched)
                connection.commit()
            here = self._look()
        self._here = self._sown = here
        return here

    def _look(self) -> Look:
        with self.scratch.engine.connect() as connection:
            self._last = look(connection, self.database, self._last, self._ignored)
        return self._last

    @property
    def _ignored(self) -> tuple[str, ...]:
        return ("alembic_version",)

    def _run(self, move: Callable[[Step], None], step: Step, otherwise: Outcome) -> None:
        try:
            move(step)
        except MigrationError as error:
            refuse_broken_env(error)
            self.trusted = self.trusted and self._is_unharmed()
            if otherwise is Outcome.UPGRADE_FAILED:
                self._stumbles.add(step.revision)
            raise StepError(describe(error, otherwise)) from None

    def _is_unharmed(self) -> bool:
        """Whether a failed step left the database as it was: transactional DDL does."""
        try:
            stands = self.graph.ancestors(self.migrator.current()) == self.applied
            return stands and self._here is not None and is_same(self._here, self._look())
        except (SQLAlchemyError, MigrationError):
            return False

    def _arrive(self, applied: frozenset[str]) -> Look:
        """Look, and trust what is there if it is what was there the last time."""
        self.applied = applied
        self._here = self._look()
        known = self._known.setdefault(applied, self._here)
        if known is not self._here:
            self.trusted = is_same(known, self._here)
        return self._here

    def _set_milestone(self) -> None:
        """Keep the present state if going without it could cost more than keeping it."""
        begin = time.perf_counter()
        if not self.applied or begin - self._milestone_at < PATIENCE * self._milestone_cost:
            return
        checkpoint = self.scratch.checkpoint()
        if checkpoint is None:
            return
        if self._milestone is not None:
            self._milestone.checkpoint.drop()
        self._milestone = Milestone(checkpoint, self.applied, self._seeded)
        self._milestone_at = time.perf_counter()
        self._milestone_cost = self._milestone_at - begin


def has_changed(before: Look, first: Look) -> bool:
    """Whether the upgrade changed a type or a table that was there, so that new code writes there what old code did not."""
    if before.schema.types != first.schema.types:
        return True
    now = {table.label: table for table in first.schema.tables}
    pairs = ((table, now.get(table.label)) for table in before.schema.tables)
    return any(new is not None and new is not old and new != old for old, new in pairs)


def find_touched(before: Look | None, now: Look) -> set[str]:
    """Find the tables whose rows are not those of an earlier look; without one, all tables."""
    earlier = before.rows.tables if before else {}
    return {label for label, rows in now.rows.tables.items() if rows is not earlier.get(label) and rows != earlier.get(label)}


def is_same(one: Look, other: Look) -> bool:
    """Whether two looks saw the same."""
    return one is other or not (compare(one.rows, other.rows) or diff(one.schema, other.schema))


def refuse_broken_env(error: MigrationError) -> None:
    """Stop the run where it is env.py that fails: no revision can be blamed, and none can be verified."""
    if error.phase == "env":
        raise ConfigurationError(f"{error}.") from None


def describe(error: MigrationError, otherwise: Outcome) -> Failure:
    """Write what stopped a step as a failure, with its line in the migration."""
    what = {Outcome.UPGRADE_FAILED: "Upgrade", Outcome.DOWNGRADE_FAILED: "Downgrade"}.get(otherwise, "Second upgrade")
    kind, verb = (Outcome.TIMED_OUT, "timed out") if isinstance(error, MigrationTimeout) else (otherwise, "failed")
    file = shorten(error.file) if error.file else None
    return Failure(kind=kind.value, message=f"{what} {verb}: {error.cause}", file=file, line=error.line)
