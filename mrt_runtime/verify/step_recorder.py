"""What the steps of one revision took, the first time that each is run: a verification may run them again with other rows."""

from __future__ import annotations

import time
from collections.abc import Callable

from mrt_runtime.compare.blame import shorten
from mrt_runtime.databases import Scratch
from mrt_runtime.migrate import HistoryStep, Migrator
from mrt_runtime.migrate.observation import observed
from mrt_runtime.migrate.observer import ObservedStep, StepObserver
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.contents import ScratchContents

NAMES = {Outcome.UPGRADE_FAILED: "upgrade", Outcome.DOWNGRADE_FAILED: "downgrade"}


class StepRecorder:
    """Runs steps on a scratch database, and observes them while `is_on`."""

    def __init__(self, scratch: Scratch, migrator: Migrator, contents: ScratchContents, *, is_on: bool) -> None:
        self.is_on = is_on
        self._scratch = scratch
        self._migrator = migrator
        self._contents = contents
        self._steps: dict[str, ObservedStep] = {}

    def run(self, otherwise: Outcome, move: Callable[[HistoryStep], None], step: HistoryStep) -> None:
        """Run a step, observed if it is the first of its kind since they were taken. otherwise: what it is where it fails."""
        name = NAMES.get(otherwise)
        if not self.is_on or name is None or name in self._steps:
            move(step)
            return
        observer = StepObserver(
            self._scratch.watch_locks(self._contents.connect) if self._scratch.allows_idle_connections else None
        )
        began = time.perf_counter()
        try:
            with observed(observer):
                move(step)
        finally:
            seconds = time.perf_counter() - began
            self._contents.release()  # the migration may have ended our session
            statements = observer.of_the_migration(self._migrator.version_tables)
            self._steps[name] = ObservedStep(name=name, seconds=seconds, file=shorten(step.file), statements=statements)

    def take(self) -> tuple[ObservedStep, ...]:
        """Return what was observed since the last time."""
        steps, self._steps = tuple(self._steps.values()), {}
        return steps
