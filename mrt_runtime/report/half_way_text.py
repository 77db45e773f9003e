"""How often a migration was stopped half way, and what came of it, in a line for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrt_lint.report.style import counted
from mrt_runtime.half_way import HalfWayStep


def summarize(steps: Sequence[HalfWayStep]) -> Iterator[str]:
    """Yield a sentence for each function that was stopped, or was not though a stop leaves something."""
    for step in steps:
        if step.reason:
            yield f"Half way, {step.name}: not stopped, because {step.reason.rstrip('.')}."
        elif step.places:
            stuck = len(step.stuck)
            done = sum(not stop.finished and stop.is_complete for stop in step.stops)
            finished = len(step.stops) - stuck - done
            parts = [f"{stuck} stuck" if stuck else "", f"{done} lacking nothing but `alembic stamp`" if done else ""]
            parts += [f"{finished} finished when run again" if finished else ""]
            tried = f"{len(step.stops)} of {counted(step.places, 'stop')} tried"
            yield f"Half way, {step.name}: {tried}, {', '.join(filter(None, parts))}."


def summarize_all(steps: Sequence[HalfWayStep]) -> str:
    """Return a sentence on the whole run: how many places were tried, and in how many functions there are any."""
    tried = sum(len(step.stops) for step in steps)
    stuck = sum(len(step.stuck) for step in steps)
    if not any(step.places for step in steps):
        return "Half way: nothing is left behind wherever a migration is stopped, so none was run again."
    return f"Half way: {counted(tried, 'stop')} tried in {sum(bool(step.stops) for step in steps)} functions, {stuck} stuck."
