"""What the page shows, as plain values for its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mrt_lint.model.finding import Finding, Severity
from mrt_lint.report.grouping import group
from mrt_report.finding_text import name_others, split_code
from mrt_report.page.excerpt import CodeLine, excerpt
from mrt_report.page.lanes import LaneRow, draw
from mrt_report.page.observed_step import StepView, view_steps
from mrt_report.page.row_table import RowTable, tabulate
from mrt_report.reported_revision import HistoryResults, ReportedRevision, unfolded
from mrt_report.run_mark import RunMark
from mrt_runtime.report.half_way_text import summarize
from mrt_runtime.report.wording import PHRASES
from mrt_runtime.verdict import Failure, Outcome

MOST_CODES: Final = 3
MOST_LINES: Final = 20
OPEN_ENDS: Final = {Outcome.UNPROVEN, Outcome.NOT_REACHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding, what is read with it, and the equal ones of the same file."""

    finding: Finding
    mark: RunMark | None
    code: tuple[CodeLine, ...]
    advice: tuple[tuple[bool, str], ...]
    attached: tuple[Finding, ...]
    others: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureView:
    """A failure with its rows as a table; `evidence` are the lines that are no such rows."""

    failure: Failure
    kind: str
    rows: RowTable | None
    evidence: tuple[str, ...]
    code: tuple[CodeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """A row of the page. `tone` is "good", "bad", "warning", "open" or "none", `badge` the words for it."""

    number: int
    revision: ReportedRevision
    lanes: LaneRow
    tone: str
    badge: str
    outcome: str
    codes: str
    words: tuple[str, ...]
    is_open: bool
    parents: tuple[tuple[str, int | None], ...]
    failures: tuple[FailureView, ...]
    findings: tuple[FindingView, ...]
    half_way: tuple[str, ...] = ()
    steps: tuple[StepView, ...] = ()


def view_all(results: HistoryResults) -> tuple[RevisionView, ...]:
    """Return the rows of the page, newest first."""
    revisions = results.revisions
    rows = draw((revision.key, revision.parents, revision.needs) for revision in revisions)
    numbers = {revision.key: (number, revision.revision) for number, revision in enumerate(revisions)}
    opened = unfolded(revisions)
    return tuple(
        _view(revision, row, numbers, is_open=revision.key in opened) for revision, row in zip(revisions, rows, strict=True)
    )


def view_findings(findings: Sequence[Finding], revision: ReportedRevision | None) -> Iterator[FindingView]:
    """Return findings as the page shows them; those of a revision with what the run says of them."""
    for alike in group(findings):
        first = alike.first
        yield FindingView(
            finding=first,
            mark=revision.marks.get(first) if revision else None,
            code=excerpt(first.path, first.place.line, first.place.end_line),
            advice=tuple((is_code, "\n".join(lines)) for is_code, lines in split_code(first.instead.strip("\n").splitlines())),
            attached=alike.attached,
            others=name_others(alike, MOST_LINES),
        )


def _view(revision: ReportedRevision, row: LaneRow, numbers: Mapping[str, tuple[int, str]], *, is_open: bool) -> RevisionView:
    verdict = revision.verdict
    tone, badge = _tone(revision)
    codes = Counter(finding.code for finding in revision.findings)
    listed = [code if count == 1 else f"{count} {code}" for code, count in codes.items()]
    if len(listed) > MOST_CODES:
        listed[MOST_CODES:] = [f"{len(listed) - MOST_CODES} more"]
    words = {finding.consequence.value for finding in revision.findings} | {mark.word for mark in revision.marks.values()}
    return RevisionView(
        number=numbers[revision.key][0],
        revision=revision,
        lanes=row,
        tone=tone,
        badge=badge,
        outcome=verdict.outcome.value if verdict else "",
        codes=", ".join(listed),
        words=tuple(sorted(slug(word) for word in words)),
        is_open=is_open,
        parents=tuple(_parents(revision, numbers)),
        failures=tuple(_view_failure(failure, revision.findings) for failure in (verdict.failures if verdict else ())),
        findings=tuple(view_findings(revision.findings, revision)),
        half_way=tuple(summarize(verdict.half_way)) if verdict else (),
        steps=tuple(view_steps(verdict.steps)) if verdict else (),
    )


def _tone(revision: ReportedRevision) -> tuple[str, str]:
    verdict = revision.verdict
    if verdict is not None:
        badge = PHRASES[verdict.outcome]
        if verdict.outcome is Outcome.SKIPPED:
            return "none", badge
        return ("good" if verdict.passed else "open" if verdict.outcome in OPEN_ENDS else "bad"), badge
    errors = sum(finding.severity is Severity.ERROR for finding in revision.findings)
    warnings = len(revision.findings) - errors
    if revision.problems or errors:
        return "bad", f"{errors} error{'s' * (errors != 1)}" if errors else "broken history"
    return ("warning", f"{warnings} warning{'s' * (warnings != 1)}") if warnings else ("none", "nothing found")


def _parents(revision: ReportedRevision, rows: Mapping[str, tuple[int, str]]) -> Iterator[tuple[str, int | None]]:
    """Yield the revisions that it follows by name, with the rows that they are in; what is in none is known by its verdict."""
    found = [rows[parent] for parent in revision.parents if parent in rows]
    yield from ((name, number) for number, name in found)
    named = {name for _, name in found}
    yield from ((name, None) for name in (revision.verdict.down_revision if revision.verdict else ()) if name not in named)


def _view_failure(failure: Failure, findings: Sequence[Finding]) -> FailureView:
    """Return a failure; a line that a finding below it shows is not shown twice."""
    rows = tabulate(failure.examples) if failure.examples else None
    line = failure.line or 0
    is_shown = any(finding.place.holds(failure.line) for finding in findings)
    # the rows are shown in a table; what follows them is how many more there are
    evidence = failure.evidence[len(failure.examples) :] if rows else failure.evidence
    return FailureView(
        failure=failure,
        kind=PHRASES[Outcome(failure.kind)],
        rows=rows,
        evidence=evidence[:MOST_LINES],
        code=() if is_shown else excerpt(failure.file, line, line),
    )


def slug(word: str) -> str:
    """Return a word as a value of an attribute."""
    return word.replace(" ", "-")
