"""What a verification says about each finding of the check: that it happened, that it did not, or that the run does not show it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Final

from mrt_lint.model.finding import Consequence, Finding
from mrt_lint.rules import all_rules
from mrt_report.evidence import is_break, is_evidence
from mrt_report.explanation import find_quoted
from mrt_report.half_way_mark import mark_half_way
from mrt_report.lock_mark import mark_locks
from mrt_report.run_mark import CONFIRMED, NOT_MET, REFUTED, RunMark
from mrt_runtime.verdict import WRITTEN, Failure, Outcome, RollingDeploy, Verdict

CAME_BACK: Final = {
    Consequence.ROLLBACK_FAILS: "the rollback ran through",
    Consequence.ROLLBACK_LOSES_DATA: "the rows came back",
    Consequence.ROLLBACK_LEAVES_THINGS: "everything was as before",
}
"""What was seen instead where a rollback was proven, by what had been foreseen."""
BEFORE_ROLLBACK: Final = {
    Outcome.UPGRADE_FAILED: "the upgrade failed, so no rollback was tried",
    Outcome.NOT_REACHED: "the revision was not reached",
    Outcome.TIMED_OUT: "the run of the revision timed out",
}
"""Outcomes after which nothing is known of the rollback."""
STATEMENTS: Final = {
    **dict.fromkeys(("MRT701", "MRT702", "MRT703", "MRT704", "MRT705"), ""),
    "MRT706": "what the older release executes still works, and what it makes of the values is not seen",
}
"""Findings that the older release's statements confirm, each with why they refute it no more than that."""
OF_THE_HISTORY: Final = "MRT9"
"""The section of the findings about the history: no run of a revision shows them."""


def compare(findings: Iterable[Finding], verdict: Verdict | None, file: str | None, dialect: str = "") -> dict[Finding, RunMark]:
    """Return a mark for each finding of a revision about which its verdict says something.

    file: the migration, which is read for the names that failures do not mention. dialect: what the run was on.
    """
    if verdict is None or verdict.outcome is Outcome.SKIPPED:
        return {}
    marks = ((finding, _mark(finding, verdict, file, dialect)) for finding in findings)
    return {finding: mark for finding, mark in marks if mark is not None}


def _mark(finding: Finding, verdict: Verdict, file: str | None, dialect: str) -> RunMark | None:
    if finding.consequence is Consequence.DEPLOY_FAILS:
        return _mark_upgrade(finding, verdict)
    if finding.code in STATEMENTS and verdict.rolling is not None:
        return _mark_old_release(finding, verdict, verdict.rolling, dialect)
    if finding.consequence is Consequence.DEPLOY_BLOCKS:
        return mark_locks(finding, verdict)
    if finding.consequence not in CAME_BACK:
        return None
    reported = [(failure, failure.message) for failure in _by_relevance(finding, verdict.failures)]
    reported += [(doubt.failure, doubt.warning) for doubt in verdict.doubts]
    seen = next((words for failure, words in reported if is_evidence(finding, _without_rows(failure), file)), None)
    if seen is not None:
        return RunMark(CONFIRMED, seen)
    why = BEFORE_ROLLBACK.get(verdict.outcome) or _what_is_missing(finding, verdict, dialect) or _what_else_failed(finding, verdict)
    return RunMark(NOT_MET, why) if why else RunMark(REFUTED, CAME_BACK[finding.consequence])


def _what_else_failed(finding: Finding, verdict: Verdict) -> str | None:
    """Return what a finding cannot be refuted for: the rollback failed, if only with some rows, or something else went wrong."""
    if any(failure.kind == Outcome.DOWNGRADE_FAILED.value for failure in verdict.failures):
        if finding.consequence is Consequence.ROLLBACK_FAILS:
            return "the rollback failed for another reason, so nothing could be compared"
        return "the rollback failed, so nothing could be compared"
    if verdict.outcome is not Outcome.REVERSIBLE:
        return "it is not among what the run saw go wrong"
    of_rollback = (doubt.warning for doubt in verdict.doubts if doubt.failure.kind != Outcome.UPGRADE_FAILED.value)
    of_some_rows = next(of_rollback, None)
    return f"something else went wrong with some rows. {of_some_rows}" if of_some_rows else None


def _mark_upgrade(finding: Finding, verdict: Verdict) -> RunMark | None:
    """Judge a finding that foresees a failing upgrade. One that ran proves little: other rows may make it fail."""
    if finding.code.startswith(OF_THE_HISTORY) or verdict.outcome in {Outcome.NOT_REACHED, Outcome.TIMED_OUT}:
        return None
    failed = [failure for failure in verdict.failures if failure.kind == Outcome.UPGRADE_FAILED.value]
    if not failed:
        return mark_half_way(finding, verdict.half_way) or RunMark(NOT_MET, "the upgrade ran through")
    seen = next((failure for failure in failed if finding.place.holds(failure.line)), None)
    return RunMark(CONFIRMED, seen.message) if seen else None


def _mark_old_release(finding: Finding, verdict: Verdict, rolling: RollingDeploy, dialect: str) -> RunMark:
    """Judge a finding that the older release breaks, by its statements on the upgraded schema."""
    seen = next((failure for failure in rolling.breaks if is_break(finding, failure)), None)
    if seen is not None:
        return RunMark(CONFIRMED, seen.message)
    names = {part for name in find_quoted(finding.message) for part in name.split(".")}
    tried = [table for table in rolling.tables if table.rpartition(".")[2].lower() in names]
    untried = next(
        (f"on '{table}': {why}" for table, why in rolling.untried.items() if table.rpartition(".")[2].lower() in names), None
    )
    why = STATEMENTS[finding.code] or _what_is_missing(finding, verdict, dialect)
    if why or untried or not tried:
        return RunMark(NOT_MET, why or f"what the older release executes was not tried {untried or 'on this table'}")
    return RunMark(REFUTED, "what the older release executes still works")


def _by_relevance(finding: Finding, failures: Iterable[Failure]) -> list[Failure]:
    """Order failures so that what was lost comes first for a finding about losses."""
    wanted = Outcome.DATA_LOSS.value if finding.consequence is Consequence.ROLLBACK_LOSES_DATA else None
    return sorted(failures, key=lambda failure: failure.kind != wanted)


def _without_rows(failure: Failure) -> Failure:
    """Return a failure without what it says of the rows with which it was seen."""
    return replace(failure, message=failure.message.removeprefix(WRITTEN))


def _what_is_missing(finding: Finding, verdict: Verdict, dialect: str) -> str | None:
    """Return why the run proves nothing about a finding: no row met the statement, the table has none, or another database."""
    unmet = next((one.message for one in verdict.unmet if finding.place.holds(one.line)), None)
    if unmet is not None:
        return unmet
    named = set(re.findall(r"\w+", finding.message.lower()))
    empty = next((table for table in verdict.unseeded if table.rpartition(".")[2].lower() in named), None)
    if empty is not None:
        return f"table '{empty}' had no rows"
    only_on = _dialects().get(finding.code, ())
    family = {dialect, "mysql" if dialect == "mariadb" else dialect}
    if dialect and only_on and family.isdisjoint(only_on):
        return f"it is about {' and '.join(only_on)}, and the run was on {dialect}"
    return None


@cache
def _dialects() -> dict[str, tuple[str, ...]]:
    return {rule.code: rule.dialects for rule in all_rules()}
