"""At which revision the scratch database is, what it holds there, and how it gets to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases import Database
from mrt_runtime.migrate import HistoryStep, MigrationError, MigrationTimeout, Migrator
from mrt_runtime.rolling.deploy_trial import DeployTrial
from mrt_runtime.seed import Seeded
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.table_order import with_referring
from mrt_runtime.termination import held
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.adjusted_rows import AdjustedRows, find_named
from mrt_runtime.verify.contents import ScratchContents, is_same, make_seeder
from mrt_runtime.verify.milestone import MilestoneRecord
from mrt_runtime.verify.revision_repairs import RevisionRepairs
from mrt_runtime.verify.starting_schema import StartingSchema
from mrt_runtime.verify.step_error import StepError, describe_null, find_targets, refuse_broken_env
from mrt_runtime.verify.step_recorder import StepRecorder


class RevisionRunner:
    """One scratch database on its way through the history.

    `applied` are the revisions that the database holds. `trusted` is whether it is as an undisturbed history would have left it,
    so that the next revision may be checked on it; where it is not, the walk goes back to its milestone, or to the start.
    """

    def __init__(self, database: Database, config: MRTConfig, worker: str = "main") -> None:
        try:
            with held():
                self.scratch = database.make_scratch(worker)
            self.migrator = Migrator(config, self.scratch)
        except BaseException:
            if hasattr(self, "scratch"):
                self.scratch.drop()
            raise
        self.graph = self.migrator.graph
        self.applied: frozenset[str] = frozenset()
        self.trusted = True
        self.seeder = make_seeder(database, config, self.migrator)
        self.contents = ScratchContents(database, self.scratch, self.seeder, lambda: self.migrator.version_tables)
        self._here: Snapshot | None = None
        self._known: dict[frozenset[str], Snapshot] = {}
        self._milestones = MilestoneRecord()
        self._fails_with_rows: set[str] = set()
        self._start = StartingSchema(self.graph, self.migrator.env_py)
        self.adjusted = AdjustedRows(self.seeder.migration_hints)
        self.repairs = RevisionRepairs(self.seeder)
        self.ignore = frozenset(config.ignore)
        self.recorder = StepRecorder(
            self.scratch, self.migrator, self.contents, is_on=config.observe_locks, notes_places=config.half_way
        )
        self.deploy = DeployTrial(database.dialect, self.contents.connect, config.old_code)

    @property
    def unseeded(self) -> dict[str, str]:
        """The tables that could not be seeded, each with the reason."""
        return dict(self.seeded.unseeded) if self.seeded else {}

    @property
    def seeded(self) -> Seeded | None:
        """What the tables were filled with."""
        return self.contents.seeded

    def approach(self, step: HistoryStep, adjustments: Sequence[Adjustment] = ()) -> Snapshot:
        """Go to the revision's parents with rows in every table, and look. Raises NotReachedError where no way leads there.

        adjustments: what is changed about the rows; `adjusted` then names these.
        """
        needed = frozenset(self.graph.ancestors(step.parents))
        self._start.require_reachable(needed)
        distance = None
        if not self._is_before(step, needed):
            distance = self._go(step, needed)
        self._run_env()
        self.seeder.note_next(step.file)
        self._here = self.contents.write_wanted(self.contents.seed(self._here, adjustments), step.file)
        self._start.note(self._here.schema, self.applied)
        if not adjustments:
            self.adjusted.clear()
        for adjustment in adjustments:
            tables = self.adjusted.find_tables(step, adjustment, self.contents.seeded)
            self._here, described = self.contents.adjust(self._here, adjustment, tables)
            self.adjusted.note(adjustment, described)
        self._here = self.contents.repair(self._here, self.repairs.of(step))
        self._known = {self.applied: self._here}
        if distance is not None:
            self._milestones.note_return()
        self._set_milestone(step)
        self.migrator.take_notes()  # those of other revisions, reported under these
        return self._here

    def _run_env(self) -> None:
        """Run env.py without a step before the first look: what it creates by itself is no revision's doing."""
        if self.applied or self._here is not None:
            return
        self.contents.release()
        try:
            self.migrator.run_without_step()
        except MigrationError as error:
            refuse_broken_env(error)
            raise

    def approach_with_fewer_rows(self, step: HistoryStep) -> Snapshot | None:
        """Take our rows out of the tables that the file names and of those that point at them, and look: less has to be put back.

        None where the database is not at the revision's parents, where no table is named, or where some of the rows stay.
        """
        if not self.trusted or step.revision in self.applied or self._here is None:
            return None
        tables = self._here.schema.tables
        named = find_named(step.file, (table.label for table in tables))
        here = self.contents.empty(with_referring(named, tables)) if named else None
        if here is not None:
            self._here, self._known = here, {self.applied: here}
        return here

    def approach_without_rows(self, step: HistoryStep) -> Snapshot:
        """Go to the revision's parents without our rows, and look. Raises NotReachedError where no way leads there."""
        needed = frozenset(self.graph.ancestors(step.parents))
        self._here = self.contents.empty() if self._is_before(step, needed) else None
        if self._here is None:
            self._restart()
            if not self._reach(step, needed):
                self._start.require_reachable(needed)
            self._here = self.contents.look()
        self._known = {self.applied: self._here}
        return self._here

    def upgrade_in_one_run(self, step: HistoryStep) -> Snapshot:
        """Apply the revision from base within one run of env.py, as `alembic upgrade` does, and look.

        SQLAlchemy remembers within a run which types it created, so a revision may pass there and fail alone. Where it fails
        there too, nothing leads beyond it: NotReachedError, and for each later revision that needs it.
        """
        needed = frozenset(self.graph.ancestors([step.revision]))
        self._restart()
        self.contents.release()
        try:
            self.migrator.upgrade_in_one_run(step)
        except MigrationError as error:
            self.trusted = False
            refuse_broken_env(error)
            self._block(step.revision, error)
            self._start.require_reachable(needed)
        # within one run it may come out otherwise than step by step: nothing to compare with
        self._known.pop(needed, None)
        return self._arrive(needed)

    def upgrade(self, step: HistoryStep, otherwise: Outcome = Outcome.UPGRADE_FAILED) -> Snapshot:
        """Apply the revision and look, without what `write` wrote since the last time. Raises StepError where it fails."""
        self._run(self.migrator.upgrade, step, otherwise)
        self.contents.erase()
        here = self._arrive(self.applied | {step.revision})
        self.seeder.meet(here.schema)
        return here

    def downgrade(self, step: HistoryStep) -> Snapshot:
        """Roll the revision back and look. Raises StepError where it fails."""
        self._run(self.migrator.downgrade, step, Outcome.DOWNGRADE_FAILED)
        return self._arrive(self.applied - {step.revision})

    def trust(self) -> None:
        """Build on the present state: what differs from an earlier time here was judged to mean nothing."""
        self.trusted = True

    def settle(self, step: HistoryStep) -> None:
        """Build on the present state where it is the one after the revision's first upgrade, whatever was tried since.

        A downgrade() that forgets something, or all of it, often leaves nothing to mend but the version table.
        """
        above = self.applied | {step.revision}
        first = self._known.get(above)
        if self.trusted or first is None:
            return
        try:
            self.contents.erase()
            here = self.contents.look()
            if not is_same(first, here):
                return
            if self._read_applied() != above:
                self.contents.release()
                self.migrator.stamp(step)
            if self._read_applied() == above:
                self.applied, self.trusted, self._here = above, True, here
        except (SQLAlchemyError, MigrationError):
            return

    def _read_applied(self) -> set[str]:
        """Return the revisions that the version table knows of."""
        heads = self.migrator.read_version_table(self.contents.connect())
        if heads is None:
            self.contents.release()
            heads = self.migrator.current()
        return self.graph.ancestors(heads)

    def is_still_upgraded(self, step: HistoryStep) -> bool:
        """Whether the database is as the revision's first upgrade left it, once what was written since is taken out."""
        self.settle(step)
        return self.trusted and step.revision in self.applied

    def close(self) -> None:
        """Drop the scratch database, whatever state an interrupted connection is in."""
        with held():
            try:
                self.contents.close()
            finally:
                self.scratch.drop()

    def _go(self, step: HistoryStep, needed: frozenset[str]) -> int | None:
        """Bring the database to the revision's parents, and return how many revisions were replayed where that meant to go back."""
        if self.trusted and self._leads_on(self.applied, step, needed):
            if self._reach(step, needed):
                return None
            self._start.require_reachable(needed)
        milestone = self._milestones.last
        if milestone is not None and self._leads_on(milestone.applied, step, needed):
            self._stand(milestone.applied, milestone.seeded, milestone.seen)
            self.scratch.restore(milestone.checkpoint)
            self._read_applied()
            if self._reach(step, needed):
                return len(self.applied - milestone.applied)
        self._restart()
        if not self._reach(step, needed):
            self._start.require_reachable(needed)
        return len(self.applied)

    def _is_before(self, step: HistoryStep, needed: frozenset[str]) -> bool:
        """Whether the database is as the revision's upgrade should find it."""
        return self.trusted and step.revision not in self.applied and needed <= self.applied

    def _restart(self) -> None:
        """Go back to base, to what env.py itself makes before any revision."""
        self._stand(frozenset(), None)
        self.migrator.reset()

    def _leads_on(self, applied: frozenset[str], step: HistoryStep, needed: frozenset[str]) -> bool:
        """Whether a state with these revisions, and rows, may be upgraded to the revision's parents."""
        return step.revision not in applied and self._fails_with_rows.isdisjoint(needed - applied)

    def _stand(self, applied: frozenset[str], seeded: Seeded | None, seen: Snapshot | None = None) -> None:
        """Note that the database is about to be replaced by one with these revisions and rows."""
        self.applied, self.trusted, self._here = applied, True, None
        self.contents.forget(seeded, seen)

    def _reach(self, step: HistoryStep, needed: frozenset[str]) -> bool:
        """Upgrade to the revision's parents; False where one on the way fails, which is remembered."""
        has_rows = bool(self.applied) or self.seeded is not None
        self._here = None
        self.contents.release()
        try:
            self.migrator.go_before(step) if has_rows else self.migrator.go_far_before(step, self._restart)
        except MigrationError as error:
            self.trusted = False
            refuse_broken_env(error)
            name = str(error.revision)
            if has_rows:
                self._fails_with_rows.add(name)
            else:
                self._block(name, error)
            return False
        self.applied |= needed
        return True

    def _block(self, revision: str, error: MigrationError) -> None:
        """Note that nothing leads beyond a revision, and why."""
        self._start.read(error.cause, self.migrator, self.contents, self._restart)
        self._start.block(self.graph[revision], error)

    def _run(self, move: Callable[[HistoryStep], None], step: HistoryStep, otherwise: Outcome) -> None:
        self.contents.release()
        try:
            self.recorder.run(otherwise, move, step)
        except MigrationError as error:
            if isinstance(error, MigrationTimeout):
                self.contents.close()  # it may have been cancelled along with the migration
            is_first = otherwise is Outcome.UPGRADE_FAILED
            if is_first:  # before the upgrade env.py had connected: what shuts it out is the revision's doing
                refuse_broken_env(error)
            self.trusted = self.trusted and self._is_unharmed()
            if is_first:
                self._fails_with_rows.add(step.revision)
                self.adjusted.targets = find_targets(error)
                error.cause += describe_null(error, self._here) + self._start.explain(error.cause, step)
            raise StepError.of(error, otherwise) from None

    def _is_unharmed(self) -> bool:
        """Whether a failed step left the database as it was: transactional DDL does."""
        try:
            is_at_applied = self._read_applied() == self.applied
            return is_at_applied and self._here is not None and is_same(self._here, self.contents.look())
        except (SQLAlchemyError, MigrationError):
            return False

    def _arrive(self, applied: frozenset[str]) -> Snapshot:
        """Snapshot, and trust what is there if it is what was there the last time."""
        self.applied = applied
        self._here = self.contents.look()
        known = self._known.setdefault(applied, self._here)
        if known is not self._here:
            self.trusted = is_same(known, self._here)
        return self._here

    def _set_milestone(self, step: HistoryStep) -> None:
        """Keep the present state where going without it is expected to cost more than keeping it."""
        last = self._milestones.last
        leads_on = last is not None and self._leads_on(last.applied, step, self.applied)
        if self._milestones.is_due(len(self.applied - last.applied if last is not None and leads_on else self.applied)):
            self.contents.close()
            self._milestones.set(self.scratch, self.applied, self.contents.seeded, self.contents.seen)
