"""What a run that stopped an upgrade half way says about a finding that foresees a half that stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mrt_lint.model.finding import Finding
from mrt_report.run_mark import CONFIRMED, NOT_MET, REFUTED, RunMark
from mrt_runtime.half_way import HalfWayStep, HalfWayStop

HALF_COMMITTED: Final = "MRT435"


def mark_half_way(finding: Finding, steps: Sequence[HalfWayStep]) -> RunMark | None:
    """Return whether the upgrade is stuck where the statement of the finding fails; None where the run does not show it."""
    upgrade = next((step for step in steps if step.name == "upgrade"), None)
    if finding.code != HALF_COMMITTED or upgrade is None:
        return None
    if not upgrade.stops:
        return RunMark(NOT_MET, upgrade.reason or "nothing was left behind wherever the upgrade was stopped")
    stop = find_stop(finding, upgrade.stops)
    if stop is None:
        return RunMark(NOT_MET, "nothing was left behind before this statement")
    before = f"stopped before it, after line {stop.line}, and run again"
    if stop.finished:
        return RunMark(REFUTED, f"{before}, the upgrade came to its end")
    return RunMark(CONFIRMED, f"{before}, the upgrade fails: {stop.failure or '; '.join(stop.differences)}")


def find_stop(finding: Finding, stops: Sequence[HalfWayStop]) -> HalfWayStop | None:
    """Return the stop that left what there is when the statement of a finding comes: the one right before it, or the last one."""
    right_before = (stop for stop in stops if finding.place.holds(stop.next_line))
    earlier = [stop for stop in stops if stop.line is not None and stop.line < finding.place.line]
    return next(right_before, earlier[-1] if earlier else None)
