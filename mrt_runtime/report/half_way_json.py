"""What became of a function that was stopped half way as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt_runtime.half_way import HalfWayStep, HalfWayStop
from mrt_runtime.secret import conceal


def half_way_as_json(step: HalfWayStep) -> dict[str, Any]:
    """One function."""
    return {
        "step": step.name,
        "file": step.file,
        "statements": step.statements,
        "places": step.places,
        "tried": len(step.stops),
        "stops": [_stop(stop) for stop in step.stops],
        "reason": step.reason,
    }


def half_way_from_json(found: Mapping[str, Any]) -> HalfWayStep:
    """Return what `half_way_as_json` wrote; KeyError, TypeError or ValueError where it did not."""
    return HalfWayStep(
        name=found["step"],
        file=found["file"],
        statements=found["statements"],
        places=found["places"],
        stops=tuple(map(_stop_from, found["stops"])),
        reason=found["reason"],
    )


def _stop(stop: HalfWayStop) -> dict[str, Any]:
    return {
        "line": stop.line,
        "next_line": stop.next_line,
        "statement": conceal(stop.statement),
        "finished": stop.finished,
        "failure": stop.failure,
        "failed_line": stop.failed_line,
        "differences": list(stop.differences),
    }


def _stop_from(found: Mapping[str, Any]) -> HalfWayStop:
    given = {name: value for name, value in found.items() if name != "finished"}
    return HalfWayStop(**{**given, "differences": tuple(found["differences"])})
