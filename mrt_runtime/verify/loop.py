"""The check of one revision."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mrt_runtime.compare.executed_upgrade import ExecutedUpgrade
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.config import MRTConfig
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.seed.adjustment import LEFT_OUT, TABLES_APART, Adjustment
from mrt_runtime.seed.made_up import confirm
from mrt_runtime.seed.obstacle import fill
from mrt_runtime.verdict import Failure, Outcome, Verdict
from mrt_runtime.verify import judge
from mrt_runtime.verify.findings import RevisionFindings
from mrt_runtime.verify.half_way_check import check_half_way, describe_stuck
from mrt_runtime.verify.newly_referring import find_newly_referring
from mrt_runtime.verify.newly_unique import find_newly_unique
from mrt_runtime.verify.noop_downgrade import has_noop_downgrade
from mrt_runtime.verify.repairing import judge_readable
from mrt_runtime.verify.rowless import check_without_rows
from mrt_runtime.verify.runner import RevisionRunner
from mrt_runtime.verify.step_error import NotReachedError, StepError
from mrt_runtime.verify.unmet import find_unmet
from mrt_runtime.verify.unseen_drops import describe_drops


def verify(runner: RevisionRunner, step: HistoryStep, config: MRTConfig) -> Verdict:
    """Check that going up and down again leaves everything as it was, and that going up once more works.

    First with rows written between up and down, as the new code would write them; where that fails, again without them, which
    shows whether the revision or those rows are to blame. Again, too, where those rows may pass for others that upgrade removed.
    Where the upgrade cannot read a value, again with ones that it can; where a step fails, once more without the rows at the edge
    of their types: what fails only with them is a warning.
    A downgrade() that does nothing, or refuses, does so whatever is written.
    Whatever the migration does ends in a verdict. Raises ConfigurationError where the project or the database stops the run.
    """
    clock = time.perf_counter()
    try:
        findings = go_with_written_rows(runner, step, config.after_writes)
        findings = judge_again(runner, step, findings, config.after_writes, config.edge_rows)
    except NotReachedError as error:
        return Verdict(
            revision=step.revision,
            down_revision=step.down_revision,
            outcome=Outcome.NOT_REACHED,
            reason=str(error),
            behind=error.revision,
        )
    if findings.first is None and findings.outcome is Outcome.UPGRADE_FAILED:
        findings.add_hidden(check_without_rows(runner, step, findings.failures[-1]), can_be_excused=not config.custom_seeds)
    if findings.before and findings.first:
        findings.add(judge.proven(step, findings.before, findings.first, runner.unseeded))
        findings.warnings += warn_of_keys(runner, step, findings, config)
        findings.warnings += warn_of_drops(step, findings)
    findings.report_unmet(step, fatal=config.unmet == "fail")
    findings.warnings += runner.migrator.take_notes()
    findings.warnings += runner.seeder.migration_hints.unread.describe(step.file)
    stopped = check_half_way(runner, step)
    findings.warnings += [warning for one in stopped for warning in describe_stuck(one)]
    runner.settle(step)
    steps = runner.recorder.take()
    findings.add_excess(steps, config.budget)
    rolling = runner.deploy.take()
    findings.add_breaks(rolling, fatal=runner.deploy.is_fatal)
    verdict = findings.verdict(step.revision, step.down_revision, time.perf_counter() - clock, runner.unseeded)
    return replace(verdict, steps=steps, half_way=stopped, rolling=rolling)


def warn_of_drops(step: HistoryStep, findings: RevisionFindings) -> list[str]:
    """Return a warning about what the upgrade drops where the rollback fails; none where it is meant to, or does nothing."""
    stopped, looks = findings.stopped_by, (findings.before, findings.first)
    is_failed = stopped is not None and stopped.kind == Outcome.DOWNGRADE_FAILED.value
    if not is_failed or has_noop_downgrade(step.file) or looks[0] is None or looks[1] is None:
        return []
    return describe_drops(step, looks[0].schema, looks[1].schema, "the rollback fails")


def warn_of_keys(runner: RevisionRunner, step: HistoryStep, findings: RevisionFindings, config: MRTConfig) -> list[str]:
    """Return warnings about keys that no duplicates met, nor rows without a match; none where such rows made a step fail."""
    causes = [*findings.failures, *(doubt.failure for doubt in findings.doubts)]
    refused = {one.refusal.kind for one in causes if one.refusal}
    if findings.before is None or findings.first is None:
        return []
    looks = findings.before.schema, findings.first.schema
    changed = runner.migrator.changed_rows
    changes = [fill(one, changed.values.get((line, one))) for line, counts in changed.lines.items() for one in counts]
    steps = [step, *(runner.graph[parent] for parent in step.parents)]
    finds = {"duplicate": find_newly_unique, "reference": find_newly_referring}
    supplied = config.custom_seeds or ()
    return [one for kind, find in finds.items() if kind not in refused for one in find(steps, *looks, changes, supplied)]


def judge_again(
    runner: RevisionRunner, step: HistoryStep, findings: RevisionFindings, after_writes: str, edge_rows: str
) -> RevisionFindings:
    """Return the findings with rows that are adjusted for as long as a step fails: that failure must hide no other.

    Only rows that no application may have written are adjusted where it is not the first upgrade that fails.
    """
    adjustments: list[Adjustment] = []
    left = list(Adjustment)
    findings = judge_readable(runner, step, findings, partial(go_with_written_rows, runner, step, after_writes))
    while left and findings.stopped_by is not None:
        adjustment = left.pop(0)
        is_edge = adjustment is Adjustment.EDGES
        if edge_rows != "warn" if is_edge else findings.first is not None and not adjustment.is_of_rows_made_up:
            continue
        if not runner.adjusted.may_help(adjustment, step, findings, runner.seeded):
            continue
        together = [*adjustments, adjustment]
        judged = go_adjusted(runner, step, after_writes, together)
        is_helpless = judged is not None and not is_free(adjustment, judged, findings.stopped_by)
        if (is_edge or adjustment in LEFT_OUT) and is_helpless and runner.adjusted.widen(step, adjustment, runner.seeded):
            judged = go_adjusted(runner, step, after_writes, together)
        judged = judged or findings
        is_meant = adjustment in TABLES_APART and any(one.line == findings.stopped_by.line for one in judged.unmet)
        if is_free(adjustment, judged, findings.stopped_by) and not is_meant:
            adjustments = together
            findings = findings.replace_by(judged, adjustment, runner.adjusted[adjustment])
            findings = judge_readable(
                runner, step, findings, partial(go_with_written_rows, runner, step, after_writes, adjustments)
            )
            # what stops it now is another fault, which what did not help before may help against
            left = [other for other in Adjustment if other not in adjustments]
    return excuse_lost(runner, step, findings, after_writes, adjustments) if findings.stopped_by is None else findings


def is_free(adjustment: Adjustment, judged: RevisionFindings, failure: Failure) -> bool:
    """Whether what stopped a step is gone with rows that were adjusted so.

    What is said in the same words without rows at the edge of their types is not about those, on whichever line it is met.
    """
    is_said_again = judged.stopped_by is not None and judged.stopped_by.message == failure.message
    return judged.is_free_of(failure) and not (adjustment is Adjustment.EDGES and is_said_again)


def excuse_lost(
    runner: RevisionRunner, step: HistoryStep, findings: RevisionFindings, after_writes: str, adjustments: Sequence[Adjustment]
) -> RevisionFindings:
    """Return the findings with warnings about the losses that are there only with rows which no application may have written."""
    for adjustment in TABLES_APART:
        is_tried = adjustment in adjustments or not runner.adjusted.find_tables(step, adjustment, runner.seeded)
        lost = [one for one in findings.failures if runner.adjusted.concerns(adjustment, one, runner.seeded)]
        if lost and not is_tried:
            together = [*adjustments, adjustment]
            judged = go_adjusted(runner, step, after_writes, together)
            if judged is not None and judged.stopped_by is None:
                adjustments = together
                findings = findings.excuse(lost, judged, adjustment, runner.adjusted[adjustment])
    return findings


def go_adjusted(
    runner: RevisionRunner, step: HistoryStep, after_writes: str, adjustments: Sequence[Adjustment]
) -> RevisionFindings | None:
    """Go up and down with adjusted rows; None where the last adjustment finds no rows to adjust."""
    before = runner.approach(step, adjustments)
    return go_with_written_rows(runner, step, after_writes, adjustments, before) if runner.adjusted[adjustments[-1]] else None


def go_with_written_rows(
    runner: RevisionRunner,
    step: HistoryStep,
    after_writes: str,
    adjustments: Sequence[Adjustment] = (),
    before: Snapshot | None = None,
) -> RevisionFindings:
    """Go up and down with rows written in between, and without them where that fails or they may hide a loss."""
    write = after_writes != "off" and not has_noop_downgrade(step.file)
    findings = go_and_return(runner, step, write=write, adjustments=adjustments, before=before)
    # the same without those rows shows which of the two is to blame
    if findings.written and (findings.failures or findings.may_hide_loss):
        risky, findings = findings, go_and_return(runner, step, write=False, adjustments=adjustments, earlier=findings)
        findings.add_risk(risky, fatal=after_writes == "fail")
    return findings


def go_and_return(
    runner: RevisionRunner,
    step: HistoryStep,
    *,
    write: bool,
    adjustments: Sequence[Adjustment] = (),
    before: Snapshot | None = None,
    earlier: RevisionFindings | None = None,
) -> RevisionFindings:
    """Go up, down and up again over seeded rows, and compare what is there each time.

    before: the look at the revision's parents, where the walk has just got there. earlier: what was found before; where the
    database is still as the first upgrade left it, nothing is upgraded again.
    """
    findings = RevisionFindings()
    if earlier is not None and earlier.before and earlier.first and runner.is_still_upgraded(step):
        before, first = earlier.before, earlier.first
        findings.unmet, findings.executed = earlier.unmet, earlier.executed
    else:
        before, first = before or runner.approach(step, adjustments), None
    findings.before = before
    try:
        if first is None:
            first = go_up(runner, step, findings, before)
        findings.first = first
        if write:
            findings.written = runner.contents.write(before, first, step.file)
            findings.disturbed = runner.contents.find_disturbed(first) if findings.written else frozenset()
        runner.deploy.record_new()
        after = runner.downgrade(step)
        runner.deploy.try_new(step, after.schema)
        findings.add(judge_rollback(runner, step, findings, after))
        if not findings.failures:
            runner.contents.bring_numbers_back(before, after)
        again = runner.upgrade(step, Outcome.REUPGRADE_FAILED)
        if not findings.failures:
            findings.add(judge.repeated(step, first, again, findings.written, runner.ignore))
        if not findings.failures:
            runner.trust()
    except StepError as error:
        findings.failures.append(error.failure)
        findings.stopped_by, findings.is_about_existence = error.failure, error.is_about_existence
        # what the upgrade took, an application may write: that the way back cannot read it is a fault, as is a check there
        if findings.first is None:
            findings.obstacle = confirm(error.obstacle, before.schema, before.rows, runner.contents.imposed)
    return findings


def go_up(runner: RevisionRunner, step: HistoryStep, findings: RevisionFindings, before: Snapshot) -> Snapshot:
    """Return the look after the upgrade; what it executed is among the findings."""
    runner.deploy.record_old(step, before.schema)
    first = runner.upgrade(step)
    runner.deploy.try_old(step, first.schema)
    findings.unmet = find_unmet(step, runner.migrator, before, first)
    findings.executed = ExecutedUpgrade.of(runner.migrator.changed_rows.executed, before.schema)
    return first


def judge_rollback(runner: RevisionRunner, step: HistoryStep, findings: RevisionFindings, after: Snapshot) -> RevisionFindings:
    """Return what the look after the rollback shows."""
    before, first = findings.before, findings.first
    assert before is not None  # noqa: S101  both were taken on the way up
    assert first is not None  # noqa: S101  as above
    return judge.restored(
        step,
        before,
        first,
        after,
        findings.written,
        disturbed=findings.disturbed,
        ignore=runner.ignore,
        executed=findings.executed,
    )
