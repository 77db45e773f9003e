"""The check of a revision without rows, after its upgrade failed with them: that failure must hide no other."""

from __future__ import annotations

from dataclasses import replace

from mrt_runtime.migrate import HistoryStep
from mrt_runtime.verdict import Failure, Outcome
from mrt_runtime.verify import judge
from mrt_runtime.verify.findings import RevisionFindings
from mrt_runtime.verify.runner import RevisionRunner
from mrt_runtime.verify.step_error import NotReachedError, StepError


def check_without_rows(runner: RevisionRunner, step: HistoryStep, failed: Failure) -> RevisionFindings:
    """Go up and down with empty tables, and compare the schemas, and return what `failed`, the upgrade's failure, would hide.

    Where the upgrade fails alone even so, the database goes on from where one `alembic upgrade` leads, if that gets past it.
    """
    findings = RevisionFindings(failures=[failed])
    try:
        before = runner.approach_without_rows(step)
        try:
            first, is_alone = runner.upgrade(step), True
        except StepError as error:
            first, is_alone = runner.upgrade_in_one_run(step), False
            alone = replace(error.failure, message=f"{error.failure.message} (run alone; within one `alembic upgrade` it passes)")
            findings.failures = [alone] if error.failure.message == failed.message else [failed, alone]
        known = len(findings.failures)
        after = runner.downgrade(step)
        findings.add(judge.compare_rollback(step, before, after, runner.ignore))
        again = runner.upgrade(step, Outcome.REUPGRADE_FAILED) if is_alone else runner.upgrade_in_one_run(step)
        if len(findings.failures) == known:
            findings.add(judge.repeated(step, first, again, {}, runner.ignore))
        if len(findings.failures) == known:
            runner.trust()
    except StepError as error:
        findings.failures += [error.failure] if error.failure.message != failed.message else []
    except NotReachedError:
        pass  # what is behind it says so
    return findings
