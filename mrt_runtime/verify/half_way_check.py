"""Whether a revision finishes that was stopped half way, after its rollback was checked."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_runtime.compare.blame import place_of
from mrt_runtime.half_way import HalfWayStep, HalfWayStop
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migrate.interruption import StepInterruption
from mrt_runtime.verify.half_way_trial import leave_alone
from mrt_runtime.verify.runner import RevisionRunner
from mrt_runtime.verify.step_error import NotReachedError, StepError


def check_half_way(runner: RevisionRunner, step: HistoryStep) -> tuple[HalfWayStep, ...]:
    """Stop upgrade() and downgrade() wherever that leaves something, and run them again.

    Where no place leaves anything, nothing is run: PostgreSQL takes back what a transaction did. Afterwards the database holds
    the revision, if it can.
    """
    logs = runner.recorder.places.take()
    tried: dict[str, HalfWayStep] = {}
    reason = ""
    if any(log.places for log in logs.values()):
        try:
            for function in try_functions(runner, step, logs):
                tried[function.name] = function
        except (StepError, NotReachedError) as error:
            reason = str(error)
        runner.recorder.places.take()
    return tuple(tried.get(name) or leave_alone(step, name, log, reason) for name, log in logs.items())


def try_functions(runner: RevisionRunner, step: HistoryStep, logs: dict[str, StepInterruption]) -> Iterator[HalfWayStep]:
    """Yield what became of each function. Raises StepError or NotReachedError where the database cannot be brought there."""
    if runner.trusted and step.revision in runner.applied:
        runner.downgrade(step)
    if not runner.trusted or step.revision in runner.applied:
        runner.approach(step)
    trial = runner.recorder.make_trial(step, runner.ignore)
    yield from trial.run_all(logs, upgrade=lambda: runner.upgrade(step))


def describe_stuck(step: HalfWayStep) -> Iterator[str]:
    """Yield a warning for each way in which a function is stuck half way, one for all places with the same."""
    ways: dict[tuple[str, int | None, tuple[str, ...]], list[HalfWayStop]] = {}
    for stop in step.stuck:
        ways.setdefault((stop.failure, stop.failed_line, stop.differences), []).append(stop)
    for (failure, line, differences), stops in ways.items():
        lines = sorted({stop.line for stop in stops if stop.line is not None})
        after = f"Stopped after {join_lines(lines)}, running the {step.name} again"
        if failure:
            yield f"{after} fails: {failure}{place_of(step.file, line)}"
        else:
            yield f"{after} does not come to what one run leaves. {'; '.join(differences)}"


def join_lines(lines: list[int]) -> str:
    """Return the numbers of lines in a row."""
    if len(lines) < 2:  # noqa: PLR2004  one, or none that is known
        return f"line {lines[0]}" if lines else "a statement"
    return f"lines {', '.join(map(str, lines[:-1]))} or {lines[-1]}"
