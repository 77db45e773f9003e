"""What a verification says about each finding of the check: that it happened, that it did not, or that the run does not show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from mrt_lint.model.finding import Consequence, Finding
from mrt_lint.rules import all_rules
from mrt_report.explanation import explains
from mrt_runtime.verdict import Failure, Outcome, Verdict

CONFIRMED: Final = "confirmed"
REFUTED: Final = "refuted"
NOT_MET: Final = "not met"
CAME_BACK: Final = {
    Consequence.ROLLBACK_FAILS: "the rollback ran through",
    Consequence.ROLLBACK_LOSES_DATA: "the rows came back",
    Consequence.ROLLBACK_LEAVES_THINGS: "everything was as before",
}
"""What was seen instead where a rollback was proven, by what had been foreseen."""
FORESEEN: Final = {
    Consequence.ROLLBACK_FAILS: frozenset({Outcome.DOWNGRADE_FAILED.value, Outcome.REUPGRADE_FAILED.value}),
    Consequence.ROLLBACK_LOSES_DATA: frozenset({Outcome.DATA_LOSS.value}),
    Consequence.ROLLBACK_LEAVES_THINGS: frozenset({Outcome.SCHEMA_NOT_RESTORED.value, Outcome.REUPGRADE_FAILED.value}),
}
"""What a finding foresees, in the words of failures: one of these at its very line is what it meant, whatever its code."""
BEFORE_ROLLBACK: Final = {
    Outcome.UPGRADE_FAILED: "the upgrade failed, so no rollback was tried",
    Outcome.NOT_REACHED: "the revision was not reached",
    Outcome.TIMED_OUT: "the run of the revision timed out",
}
"""Outcomes after which nothing is known of the rollback."""
ONLY_WITH: Final = re.compile(
    r"(With rows written after the upgrade|Only with rows at the edge of their types)[^:]*: (.*)", re.DOTALL
)
"""Warnings about what failed with some rows only: which rows, and the failure."""
OF_THE_HISTORY: Final = "MRT9"
"""The section of the findings about the history: no run of a revision shows them."""


class RunMark(NamedTuple):
    """What the run says about a finding: one of the three words, and why in a clause."""

    word: str
    why: str


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
    if finding.consequence not in CAME_BACK:
        return None
    failures = (*_by_relevance(finding, verdict.failures), *_failures_of_some_rows(verdict))
    seen = next((failure for failure in failures if _is_meant(finding, failure, file)), None)
    if seen is not None:
        return RunMark(CONFIRMED, seen.message)
    if verdict.outcome in BEFORE_ROLLBACK:
        return RunMark(NOT_MET, BEFORE_ROLLBACK[verdict.outcome])
    why = _what_is_missing(finding, verdict, dialect)
    if why:
        return RunMark(NOT_MET, why)
    if verdict.outcome is Outcome.REVERSIBLE:
        return RunMark(REFUTED, CAME_BACK[finding.consequence])
    if verdict.outcome is Outcome.DOWNGRADE_FAILED:
        return RunMark(NOT_MET, "the rollback failed for another reason, so nothing could be compared")
    return RunMark(NOT_MET, "it is not among what the run saw go wrong")


def _is_meant(finding: Finding, failure: Failure, file: str | None) -> bool:
    """Return whether a failure is what a finding foresees: of its kind at its line, or explained by what both name."""
    at_its_line = failure.kind in FORESEEN[finding.consequence] and _is_at(finding, failure.line)
    return at_its_line or explains(finding, failure, file)


def _mark_upgrade(finding: Finding, verdict: Verdict) -> RunMark | None:
    """Judge a finding that foresees a failing upgrade. One that ran proves little: other rows may make it fail."""
    if finding.code.startswith(OF_THE_HISTORY) or verdict.outcome in {Outcome.NOT_REACHED, Outcome.TIMED_OUT}:
        return None
    failed = [failure for failure in verdict.failures if failure.kind == Outcome.UPGRADE_FAILED.value]
    if not failed:
        return RunMark(NOT_MET, "the upgrade ran through")
    seen = next((failure for failure in failed if _is_at(finding, failure.line)), None)
    return RunMark(CONFIRMED, seen.message) if seen else None


def _by_relevance(finding: Finding, failures: Iterable[Failure]) -> list[Failure]:
    """Order failures so that what was lost comes first for a finding about losses."""
    wanted = Outcome.DATA_LOSS.value if finding.consequence is Consequence.ROLLBACK_LOSES_DATA else None
    return sorted(failures, key=lambda failure: failure.kind != wanted)


def _failures_of_some_rows(verdict: Verdict) -> Iterator[Failure]:
    """Yield what failed with some rows only, which a verdict reports in its warnings."""
    for warning in verdict.warnings:
        matched = ONLY_WITH.fullmatch(warning)
        if matched:
            kind = Outcome.DOWNGRADE_FAILED if matched[2].startswith("Downgrade failed") else Outcome.DATA_LOSS
            yield Failure(kind=kind.value, message=warning)


def _what_is_missing(finding: Finding, verdict: Verdict, dialect: str) -> str | None:
    """Return why the run proves nothing about a finding: no row met the statement, the table has none, or another database."""
    matched = (*verdict.warnings, *(failure.message for failure in verdict.failures if failure.kind == Outcome.UNPROVEN.value))
    place = finding.place
    unmet = next(
        (text for text in matched for line in range(place.line, place.end_line + 1) if text.startswith(f"Line {line}: ")), None
    )
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


def _is_at(finding: Finding, line: int | None) -> bool:
    return line is not None and finding.place.line <= line <= finding.place.end_line


@cache
def _dialects() -> dict[str, tuple[str, ...]]:
    return {rule.code: rule.dialects for rule in all_rules()}
