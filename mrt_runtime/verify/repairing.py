"""Judging a revision with values that it can read, where the ones that were made up are what it fails on."""

from __future__ import annotations

import time
from collections.abc import Callable

from mrt_runtime.migrate import HistoryStep
from mrt_runtime.verify.findings import RevisionFindings
from mrt_runtime.verify.runner import RevisionRunner

MOST_ROUNDS = 16
MOST_SECONDS = 30.0


def judge_readable(
    runner: RevisionRunner, step: HistoryStep, findings: RevisionFindings, go: Callable[[], RevisionFindings]
) -> RevisionFindings:
    """Return the findings with other values in place of those that a step could not read, if it gets further with them.

    The error says which value it was and what is asked for in its place; with that, another one may be met behind it.
    go: goes up and down again.
    """
    latest = findings
    kept, end = runner.repairs.of(step), time.monotonic() + MOST_SECONDS
    for _ in range(MOST_ROUNDS):
        stopped = latest.stopped_by
        found = runner.repairs.find(step, latest, runner.seeded) if stopped is not None and time.monotonic() < end else []
        if stopped is None or not found:
            break
        runner.repairs.add(found, stopped)
        latest = go()
    if findings.stopped_by is None or latest is findings:
        return findings
    # the same error for a value that was not made up is what there is to say
    if not latest.is_free_of(findings.stopped_by) and latest.obstacle is not None:
        runner.repairs.forget(kept)
        return findings
    return findings.replace_by_readable(latest, runner.repairs.describe(kept))
