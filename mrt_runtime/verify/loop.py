"""The check of one revision."""

from __future__ import annotations

import time

from mrt_runtime.migrate import Step
from mrt_runtime.verdict import Outcome, Verdict
from mrt_runtime.verify import judge
from mrt_runtime.verify.findings import Findings
from mrt_runtime.verify.noop_downgrade import has_idle_downgrade
from mrt_runtime.verify.runner import NotReachedError, StepError, Walk


def verify(walk: Walk, step: Step, after_writes: str = "warn") -> Verdict:
    """Check that going up and down again leaves everything as it was, and that going up once more works.

    First with rows written between up and down, as the new code would write them; where that fails, again without them, which
    tells whether the revision or those rows are to blame. Again, too, where those rows may pass for others that upgrade removed.
    A downgrade() that does nothing, or refuses, does so whatever is written.
    Whatever the migration does ends in a verdict. Raises ConfigurationError where the project or the database stops the run.
    """
    clock = time.perf_counter()
    try:
        findings = go_and_return(walk, step, write=after_writes != "off" and not has_idle_downgrade(step.file))
        if findings.written and (findings.failures or findings.may_hide_loss):
            risky, findings = findings, go_and_return(walk, step, write=False)
            findings.add_risk(risky, fatal=after_writes == "fail")
    except NotReachedError as error:
        return Verdict(revision=step.revision, down_revision=step.down_revision, outcome=Outcome.NOT_REACHED, reason=str(error))
    if findings.before and findings.first:
        findings.add(judge.proven(step, findings.before, findings.first, walk.unseeded))
    findings.warnings += walk.migrator.take_notes()
    walk.settle(step)
    return findings.verdict(step.revision, step.down_revision, time.perf_counter() - clock, walk.unseeded)


def go_and_return(walk: Walk, step: Step, *, write: bool) -> Findings:
    """Go up, down and up again over seeded rows, and compare what is there each time."""
    findings = Findings()
    findings.before = before = walk.approach(step)
    try:
        findings.first = first = walk.upgrade(step)
        if write:
            findings.written = walk.write(before, first)
        after = walk.downgrade(step)
        findings.add(judge.restored(step, before, first, after, findings.written))
        again = walk.upgrade(step, Outcome.REUPGRADE_FAILED)
        if not findings.failures:
            findings.add(judge.repeated(step, first, again, findings.written))
        if not findings.failures:
            walk.trust()
    except StepError as error:
        findings.failures.append(error.failure)
    return findings
