"""The check of one revision."""

from __future__ import annotations

import time

from mrt_runtime.migrate import Step
from mrt_runtime.verdict import Outcome, Verdict
from mrt_runtime.verify import judge
from mrt_runtime.verify.findings import Findings
from mrt_runtime.verify.idleness import has_idle_downgrade
from mrt_runtime.verify.runner import NotReachedError, StepError, Walk


def verify(walk: Walk, step: Step, after_writes: str = "warn", edge_rows: str = "warn", unmet: str = "warn") -> Verdict:
    """Check that going up and down again leaves everything as it was, and that going up once more works.

    First with rows written between up and down, as the new code would write them; where that fails, again without them, which
    tells whether the revision or those rows are to blame. Again, too, where those rows may pass for others that upgrade removed.
    Where a step fails, once more without the rows at the edge of their types: what fails only with them is a warning.
    A downgrade() that does nothing, or refuses, does so whatever is written.
    Whatever the migration does ends in a verdict. Raises ConfigurationError where the project or the database stops the run.
    """
    clock = time.perf_counter()
    try:
        findings = go_with_written_rows(walk, step, after_writes)
        if edge_rows == "warn" and findings.stopped_by and walk.find_edges(step):
            judged = go_with_written_rows(walk, step, after_writes, edges=False)
            if judged.is_free_of(findings.stopped_by):
                judged.warn_of_edges(findings.stopped_by, walk.edges_out)
                findings = judged
    except NotReachedError as error:
        return Verdict(revision=step.revision, down_revision=step.down_revision, outcome=Outcome.NOT_REACHED, reason=str(error))
    if findings.before and findings.first:
        findings.add(judge.proven(step, findings.before, findings.first, walk.unseeded))
    findings.tell_unmet(step, fatal=unmet == "fail")
    findings.warnings += walk.migrator.take_notes()
    walk.settle(step)
    return findings.verdict(step.revision, step.down_revision, time.perf_counter() - clock, walk.unseeded)


def go_with_written_rows(walk: Walk, step: Step, after_writes: str, *, edges: bool = True) -> Findings:
    """Go up and down with rows written in between, and without them where that fails or they may hide a loss."""
    findings = go_and_return(walk, step, write=after_writes != "off" and not has_idle_downgrade(step.file), edges=edges)
    if findings.written and (findings.failures or findings.may_hide_loss):
        risky, findings = findings, go_and_return(walk, step, write=False, edges=edges)
        findings.add_risk(risky, fatal=after_writes == "fail")
    return findings


def go_and_return(walk: Walk, step: Step, *, write: bool, edges: bool = True) -> Findings:
    """Go up, down and up again over seeded rows, and compare what is there each time."""
    findings = Findings()
    findings.before = before = walk.approach(step, edges=edges)
    try:
        findings.first = first = walk.upgrade(step)
        findings.unmet = walk.find_unmet(step)
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
        findings.stopped_by = error.failure
    return findings
