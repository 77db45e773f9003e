"""What the steps of one revision took, the first time that each comes to its end, and where they can be stopped, the last time.

A verification may run them again with other rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from mrt_runtime.compare.blame import shorten
from mrt_runtime.databases import Scratch
from mrt_runtime.migrate import HistoryStep, Migrator
from mrt_runtime.migrate.observation import watched
from mrt_runtime.migrate.observer import ObservedStep, StepObserver
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.contents import ScratchContents
from mrt_runtime.verify.half_way_log import HalfWayLog
from mrt_runtime.verify.half_way_trial import HalfWayTrial, TrialState

NAMES = {Outcome.UPGRADE_FAILED: "upgrade", Outcome.DOWNGRADE_FAILED: "downgrade"}


class StepRecorder:
    """Runs steps on a scratch database, and observes them while `is_on`."""

    def __init__(
        self, scratch: Scratch, migrator: Migrator, contents: ScratchContents, *, is_on: bool, notes_places: bool = False
    ) -> None:
        self.is_on = is_on
        self.places = HalfWayLog(scratch, is_on=notes_places)
        self._scratch = scratch
        self._migrator = migrator
        self._contents = contents
        self._steps: dict[str, ObservedStep] = {}
        self._ended: set[str] = set()

    def run(self, otherwise: Outcome, move: Callable[[HistoryStep], None], step: HistoryStep) -> None:
        """Run a step, observed until one of its kind came to its end since they were taken.

        otherwise: what it is where it fails.
        """
        name = NAMES.get(otherwise, "")
        with self.places.note(name):
            if self.is_on and name and name not in self._ended:
                self._observe(name, move, step)
            else:
                move(step)

    def _observe(self, name: str, move: Callable[[HistoryStep], None], step: HistoryStep) -> None:
        observer = StepObserver(
            self._scratch.watch_locks(self._contents.connect) if self._scratch.allows_idle_connections else None,
            find_algorithm=self._scratch.find_algorithm,
        )
        began = time.perf_counter()
        try:
            with watched(observer):
                move(step)
            self._ended.add(name)
        finally:
            seconds = time.perf_counter() - began - observer.asked
            self._contents.release()  # the migration may have ended our session
            statements = observer.of_the_migration(self._migrator.version_tables)
            self._steps[name] = ObservedStep(name=name, seconds=seconds, file=shorten(step.file), statements=statements)

    def make_trial(self, step: HistoryStep, ignore: Collection[str]) -> HalfWayTrial:
        """Return what stops the revision half way on this scratch database."""
        contents = self._contents

        def look() -> TrialState:
            here = contents.look()
            return TrialState(here.schema, {label: len(table.rows) for label, table in here.rows.tables.items()})

        return HalfWayTrial(
            self._scratch,
            self._migrator,
            step,
            release=lambda: contents.forget(contents.seeded),
            look=look,
            ignore=ignore,
        )

    def take(self) -> tuple[ObservedStep, ...]:
        """Return what was observed since the last time."""
        steps, self._steps, self._ended = tuple(self._steps.values()), {}, set()
        return steps
