"""Whether a revision finishes on real rows that was stopped half way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from mrt_runtime.compare.blame import shorten
from mrt_runtime.half_way import HalfWayStep
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migrate.interruption import StepInterruption
from mrt_runtime.rehearse.scratch_copy import ScratchCopy

NOT_RESTORED = "the rollback does not lead back to where the upgrade begins"


def try_functions(
    copy: ScratchCopy, step: HistoryStep, logs: Mapping[str, StepInterruption], ignore: Collection[str]
) -> Iterator[HalfWayStep]:
    """Yield what became of each function on a copy that is before the revision, and holds it afterwards.

    logs: what was noted when the functions ran as a whole. Raises StepError where the upgrade fails.
    """
    trial = copy.make_trial(step, ignore)
    if "upgrade" in logs:
        yield trial.run("upgrade", logs["upgrade"])
    copy.go_up(step)
    if "downgrade" in logs:
        yield trial.run("downgrade", logs["downgrade"])


def leave_alone(step: HistoryStep, logs: Mapping[str, StepInterruption]) -> Iterator[HalfWayStep]:
    """Yield what is known of functions that are not stopped."""
    for name, log in logs.items():
        if name != "second upgrade":
            reason = NOT_RESTORED if log.places else ""
            yield HalfWayStep(name=name, file=shorten(step.file), statements=log.count, places=len(log.places), reason=reason)
