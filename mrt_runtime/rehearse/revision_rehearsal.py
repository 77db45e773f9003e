"""The rehearsal of one revision: up, down, a comparison with what was there before, and up again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from mrt_runtime.compare.blame import shorten
from mrt_runtime.compare.schema_difference import SECOND_UPGRADE
from mrt_runtime.config import ConfigurationError
from mrt_runtime.half_way import HalfWayStep
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migrate.interruption import StepInterruption
from mrt_runtime.rehearse.result import RehearsedRevision
from mrt_runtime.rehearse.row_loss import RowLoss, SuspectTable, find_suspects
from mrt_runtime.rehearse.scratch_copy import CopyState, ScratchCopy
from mrt_runtime.rolling.deploy_trial import DeployTrial
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify import judge
from mrt_runtime.verify.findings import RevisionFindings
from mrt_runtime.verify.half_way_check import describe_stuck
from mrt_runtime.verify.half_way_trial import leave_alone
from mrt_runtime.verify.step_error import StepError

if TYPE_CHECKING:
    from mrt_runtime.rehearse.session import RehearsalSession

NOT_RESTORED = "the rollback does not lead back to where the upgrade begins"


class RevisionRehearsal:
    """Goes up, down and up with one revision on a copy.

    Where rows are lost, a second copy is brought to the same revision: the two show which rows these are, and it is the one to go
    on with. `copy` is what to go on with, `leads_on` whether it holds the revision afterwards, and `state` what it holds.
    """

    def __init__(self, session: RehearsalSession, step: HistoryStep) -> None:
        self._session = session
        self._step = step
        self.copy: ScratchCopy
        self.state: CopyState
        self.leads_on = False
        self._findings = RevisionFindings()
        self._fresh: ScratchCopy | None = None
        self._stopped: tuple[HalfWayStep, ...] = ()
        self._trial = DeployTrial(session.database.dialect, self._connect, session.config.old_code)

    def run(self, copy: ScratchCopy, before: CopyState) -> RehearsedRevision:
        """Rehearse; whatever the migration does ends in a verdict."""
        self.copy, self.state = copy, before
        began = time.perf_counter()
        self.copy.steps = []
        try:
            self._go_before()
            self._go()
        except StepError as error:
            self._findings.failures.append(error.failure)
            self._recover()
        finally:
            steps, logs = tuple(copy.steps), copy.places.take()
            self._change_copies(logs)
        self._findings.warnings += [warning for one in self._stopped for warning in describe_stuck(one)]
        self._findings.warnings += copy.migrator.take_notes()
        self._findings.warnings += copy.traffic.notes
        copy.traffic.notes = []
        self._findings.add_excess(steps, self._session.config.budget)
        rolling = self._trial.take()
        self._findings.add_breaks(rolling, fatal=self._trial.is_fatal)
        step = self._step
        verdict = self._findings.verdict(step.revision, step.down_revision, time.perf_counter() - began, {})
        return RehearsedRevision(
            verdict=replace(verdict, steps=steps, half_way=self._stopped, rolling=rolling), doc=step.doc, file=shorten(step.file)
        )

    def _connect(self) -> Connection:
        return self.copy.connect()

    def _go_before(self) -> None:
        """Apply what is between the revision and where the copy is, which is not rehearsed."""
        graph = self.copy.migrator.graph
        present = graph.ancestors(self.copy.migrator.current())
        missing = graph.sort(graph.ancestors(self._step.parents) - present)
        for revision in missing:
            self.copy.go_up(graph[revision])
        if missing:
            self.state = self.copy.look(self.state)

    def _go(self) -> None:
        step, before = self._step, self.state
        columns = {table.label: [column.name for column in table.columns] for table in before.schema.tables}
        trial = self._trial
        trial.record_old(step, before.schema)
        self.copy.upgrade(step)
        first = CopyState(self.copy.look_at_schema(before), before.rows)
        trial.try_old(step, first.schema)
        trial.record_new()
        self.copy.downgrade(step)
        after = self.copy.look(before, columns)
        trial.try_new(step, after.schema)
        self._findings.add(judge.compare_rollback(step, before.snapshot, after.snapshot, self._session.config.ignore))
        empty = [label for label, table in before.rows.tables.items() if not table.rows]
        self._findings.warnings += [
            f"Table '{label}' is empty in the copy, so nothing is proved about its rows."
            for label in judge.touched(step, before.snapshot, first.snapshot, empty)
        ]
        suspects = find_suspects(before, after)
        if suspects:
            self._report_losses(suspects, before, first, after)
        self.copy.upgrade(step, Outcome.REUPGRADE_FAILED)
        again = CopyState(self.copy.look_at_schema(after), after.rows)
        ignore = self._session.config.ignore
        compared = judge.compare_schemas(step, (first.snapshot, again.snapshot), Outcome.REUPGRADE_FAILED, SECOND_UPGRADE, ignore)
        if not self._findings.failures:
            self._findings.add(compared)
        self.leads_on = True
        if self._fresh is None:
            self.state = self.copy.look(after)

    def _report_losses(self, suspects: list[SuspectTable], before: CopyState, first: CopyState, after: CopyState) -> None:
        loss = RowLoss(self._step, before, first, shows_values=self._session.shows_values)
        try:
            self._fresh = self._make_fresh()
            failures = list(loss.compare(suspects, self.copy, after, self._fresh))
        except (ConfigurationError, StepError) as error:
            failures = [loss.locate(suspect.describe()) for suspect in suspects]
            loss.notes.append(f"The rows could not be compared one by one, for want of a second copy: {error}")
        # lost values come first: they are what a verdict is named after
        self._findings.failures[:0] = failures
        self._findings.warnings += loss.notes

    def _make_fresh(self) -> ScratchCopy:
        """Make another copy, and bring it to where this one was before the revision."""
        fresh = self._session.make_copy()
        try:
            fresh.migrator.current()
            graph = fresh.migrator.graph
            for revision in graph.sort(graph.ancestors(self._step.parents) - graph.ancestors(self._session.heads)):
                fresh.go_up(graph[revision])
        except BaseException:
            fresh.drop()
            raise
        return fresh

    def _recover(self) -> None:
        """See whether a step that failed left the database with the revision, so that the next one can be rehearsed."""
        graph = self.copy.migrator.graph
        if self._fresh is None and self.copy.holds(graph.ancestors([self._step.revision])):
            self.leads_on = self._findings.failures[-1].kind in {Outcome.DOWNGRADE_FAILED.value, Outcome.TIMED_OUT.value}
            self.state = self.copy.look()

    def _change_copies(self, logs: Mapping[str, StepInterruption]) -> None:
        """Go on with the second copy where there is one: the first has lost rows. Stop the revision half way before."""
        can_leave = any(log.places for log in logs.values())
        if self._fresh is not None:
            self.copy.drop()
            self.copy, self._fresh = self._fresh, None
        elif can_leave and self.leads_on and not self._findings.failures:
            self.copy.go_down(self._step)
        else:
            self._stopped = tuple(leave_alone(self._step, name, log, NOT_RESTORED) for name, log in logs.items())
            return
        try:
            trial = self.copy.make_trial(self._step, self._session.config.ignore)
            self._stopped = tuple(trial.run_all(logs, upgrade=lambda: self.copy.go_up(self._step)))
        except StepError:
            self.leads_on = False
            return
        self.leads_on = True
        self.state = self.copy.look()
