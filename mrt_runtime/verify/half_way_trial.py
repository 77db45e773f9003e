"""A migration stopped at one place after another, and run again from what each stop left: does it finish?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mrt_runtime import termination
from mrt_runtime.compare.blame import shorten
from mrt_runtime.compare.schema import Schema
from mrt_runtime.compare.schema_difference import DifferenceWording, diff
from mrt_runtime.databases import Checkpoint, Scratch
from mrt_runtime.half_way import HalfWayStep, HalfWayStop
from mrt_runtime.migrate import HistoryStep, MigrationError, Migrator
from mrt_runtime.migrate.interruption import StepInterruption, StoppedError, StopPlace
from mrt_runtime.migrate.observation import watched

MOST_PLACES = 40
"""Places that are tried of one function: each costs bringing the database back once and running the function twice."""
MOST_DIFFERENCES = 3
AGAIN = DifferenceWording("after it was stopped and run again", "exists only")
NO_COPY = "the database cannot be brought back to where it was: that takes a scratch database of the run's own"


@dataclass(frozen=True, slots=True)
class TrialState:
    """What a database holds at one moment, as far as it is compared."""

    schema: Schema
    row_counts: dict[str, int]


class HalfWayTrial:
    """Stops one function of a migration, "upgrade" or "downgrade", on a scratch database that it brings back again and again.

    release: makes room for what is going to happen to the database. look: reads what there is. ignore: what is not compared.
    """

    def __init__(
        self,
        scratch: Scratch,
        migrator: Migrator,
        step: HistoryStep,
        *,
        release: Callable[[], object],
        look: Callable[[], TrialState],
        ignore: Collection[str] = (),
    ) -> None:
        self._scratch = scratch
        self._migrator = migrator
        self._step = step
        self._release = release
        self._look = look
        self._ignore = ignore

    def run_all(self, logs: Mapping[str, StepInterruption], upgrade: Callable[[], object]) -> Iterator[HalfWayStep]:
        """Yield what became of each function, on a database that is before the revision, and holds it afterwards.

        logs: what was noted when the functions ran as a whole. upgrade: applies the revision.
        """
        if "upgrade" in logs:
            yield self.run("upgrade", logs["upgrade"])
        upgrade()
        if "downgrade" in logs:
            yield self.run("downgrade", logs["downgrade"])

    def run(self, name: str, log: StepInterruption) -> HalfWayStep:
        """Stop the function wherever that leaves something, and run it again; afterwards the database is as it was before.

        log: what was noted when the function ran as a whole.
        """
        step = leave_alone(self._step, name, log)
        if not log.places:
            return step
        self._release()
        kept = self._scratch.checkpoint()
        if kept is None:
            return replace(step, reason=NO_COPY)
        try:
            return replace(step, stops=tuple(self._try_places(name, log, kept)))
        except MigrationError as error:
            return replace(step, reason=f"the {name} fails with the rows that are there now: {error.cause}")
        finally:
            self._go_back(kept)
            kept.drop()

    def _try_places(self, name: str, log: StepInterruption, kept: Checkpoint) -> Iterator[HalfWayStop]:
        self._execute(name)
        finished = self._look()
        for place in choose(log.places):
            termination.check()
            self._go_back(kept)
            if self._stop(name, place):
                yield self._run_again(name, place, finished)

    def _go_back(self, kept: Checkpoint) -> None:
        self._release()
        self._scratch.restore(kept)

    def _stop(self, name: str, place: StopPlace) -> bool:
        """Run the function until it is stopped there; False where it never comes there, for with other rows it may not."""
        stop = StepInterruption(self._scratch.read_transaction, place.number)
        with contextlib.suppress(StoppedError, MigrationError), watched(stop):
            self._execute(name)
        return stop.has_stopped

    def _run_again(self, name: str, place: StopPlace, finished: TrialState) -> HalfWayStop:
        stop = HalfWayStop(line=place.line, next_line=place.next_line, statement=place.text)
        try:
            self._release()
            self._migrator.current()  # what it expects is not there where env.py has caught the stop
            self._execute(name)
        except MigrationError as error:
            return replace(stop, failure=error.cause, failed_line=error.line if error.phase != "env" else None)
        found = tuple(compare(finished, self._look(), self._ignore))
        return replace(stop, differences=found[:MOST_DIFFERENCES])

    def _execute(self, name: str) -> None:
        self._release()
        move = self._migrator.upgrade if name == "upgrade" else self._migrator.downgrade
        move(self._step)


def leave_alone(step: HistoryStep, name: str, log: StepInterruption, reason: str = "") -> HalfWayStep:
    """Return what is known of a function that is not stopped. reason: why not, where it could be stopped."""
    places = len(log.places)
    return HalfWayStep(name=name, file=shorten(step.file), statements=log.count, places=places, reason=reason if places else "")


def choose(places: Sequence[StopPlace]) -> list[StopPlace]:
    """Return the places to try: of those between the same two lines the first and the last, and no more than are bearable."""
    between: dict[tuple[int | None, int | None], list[StopPlace]] = {}
    for place in places:
        between.setdefault((place.line, place.next_line), []).append(place)
    chosen = {place.number: place for group in between.values() for place in (group[0], group[-1])}
    return [chosen[number] for number in sorted(chosen)][:MOST_PLACES]


def compare(finished: TrialState, now: TrialState, ignore: Collection[str]) -> Iterator[str]:
    """Yield how what is there now differs from what one run leaves: the catalogue, and how many rows there are."""
    for difference in diff(finished.schema, now.schema, AGAIN):
        if not difference.warning and not difference.is_ignored(ignore):
            yield difference.message
    for table, rows in finished.row_counts.items():
        count = now.row_counts.get(table)
        if count is not None and count != rows:
            yield f"Table '{table}': {count} rows {AGAIN.when}, {rows} after one run"
