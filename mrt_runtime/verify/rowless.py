"""The check of a revision without rows, after its upgrade failed with them: that failure must hide no other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from mrt_runtime.compare.executed_upgrade import ExecutedUpgrade
from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.verdict import Failure, Outcome
from mrt_runtime.verify import judge
from mrt_runtime.verify.findings import RevisionFindings
from mrt_runtime.verify.runner import RevisionRunner
from mrt_runtime.verify.step_error import NotReachedError, StepError
from mrt_runtime.verify.unmet import find_unmet
from mrt_runtime.verify.unseen_drops import describe_drops


def check_without_rows(runner: RevisionRunner, step: HistoryStep, failed: Failure) -> RevisionFindings:
    """Go up and down with empty tables, and compare the schemas, and return what `failed`, the upgrade's failure, would hide.

    Where the upgrade fails alone even so, the database goes on from where one `alembic upgrade` leads, if that gets past it.
    """
    findings = RevisionFindings(failures=[failed])
    try:
        before, upgraded = go_up(runner, step)
        if isinstance(upgraded, Failure):
            first, upgrade = runner.upgrade_in_one_run(step), runner.upgrade_in_one_run
            alone = replace(upgraded, message=f"{upgraded.message} (run alone; within one `alembic upgrade` it passes)")
            findings.failures = [alone] if upgraded.message == failed.message else [failed, alone]
        else:
            findings.before, findings.first = before, upgraded
            findings.unmet = find_unmet(step, runner.migrator, before, upgraded)
            findings.warnings += describe_drops(step, before.schema, upgraded.schema)
            first, upgrade = upgraded, partial(runner.upgrade, otherwise=Outcome.REUPGRADE_FAILED)
        findings.executed = ExecutedUpgrade.of(runner.migrator.changed_rows.executed, before.schema)
        filled = runner.seeded.keys if runner.seeded else ()
        known = len(findings.failures)
        after = runner.downgrade(step)
        findings.add(judge.compare_rollback(step, before, after, runner.ignore, findings.executed))
        again = upgrade(step)
        if len(findings.failures) == known:
            # what an upgrade makes of rows is no part of this check
            findings.add(judge.repeated(step, leave_out(filled, first), leave_out(filled, again), {}, runner.ignore))
        if len(findings.failures) == known:
            runner.trust()
    except StepError as error:
        findings.failures += [error.failure] if error.failure.message != failed.message else []
    except NotReachedError:
        pass  # what is behind it says so
    return findings


def go_up(runner: RevisionRunner, step: HistoryStep) -> tuple[Snapshot, Snapshot | Failure]:
    """Apply the revision with fewer rows or, where that fails, with none.

    Return the look before it and the one after it, or how it fails without rows, too.
    """
    before = runner.approach_with_fewer_rows(step)
    if before is not None:
        try:
            return before, runner.upgrade(step)
        except StepError:
            pass
    before = runner.approach_without_rows(step)
    try:
        return before, runner.upgrade(step)
    except StepError as error:
        return before, error.failure


def leave_out(labels: Collection[str], look: Snapshot) -> Snapshot:
    """Return a look without the rows of these tables."""
    return replace(look, rows=Rows({label: table for label, table in look.rows.tables.items() if label not in labels}))
