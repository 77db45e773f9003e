"""The check of one revision."""

from __future__ import annotations

import time

from mrt_runtime import judge
from mrt_runtime.findings import Findings
from mrt_runtime.look import Look
from mrt_runtime.migrate import Step
from mrt_runtime.verdict import Outcome, Verdict
from mrt_runtime.walk import NotReachedError, StepError, Walk


def verify(walk: Walk, step: Step, after_writes: str = "warn") -> Verdict:
    """Go up, down and up again over seeded rows, and compare what is there each time.

    Whatever the migration does ends in a verdict, and the walk knows whether the database can be built upon afterwards.
    Raises ConfigurationError where the project or the database stops the run as a whole.
    """
    clock = time.perf_counter()
    findings = Findings()
    try:
        before = walk.approach(step)
        first = walk.upgrade(step)
        after = walk.downgrade(step)
        findings.add(judge.restored(step, before, after))
        findings.add(judge.proven(step, before, first, walk.unseeded))
        again = walk.upgrade(step, Outcome.REUPGRADE_FAILED)
        if not findings.failures:
            findings.add(judge.repeated(step, first, again))
        if not findings.failures:
            walk.trust()
            if after_writes != "off":
                findings.add_risk(rewrite(walk, step, before, first), fatal=after_writes == "fail")
    except NotReachedError as error:
        return Verdict(revision=step.revision, down_revision=step.down_revision, outcome=Outcome.NOT_REACHED, reason=str(error))
    except StepError as error:
        findings.failures.append(error.failure)
    return findings.verdict(step.revision, step.down_revision, time.perf_counter() - clock, walk.unseeded)


def rewrite(walk: Walk, step: Step, before: Look, first: Look) -> Findings:
    """Write what the new code would write after the upgrade, roll back, and look for the rows that were there before."""
    findings = Findings()
    written = walk.write(before, first)
    if not written:
        return findings
    try:
        findings.add(judge.survived(step, before, walk.downgrade(step), written))
        walk.upgrade(step, Outcome.REUPGRADE_FAILED)
        if not findings.failures:
            walk.trust()
    except StepError as error:
        findings.failures.append(judge.after_writes(error.failure))
    return findings
