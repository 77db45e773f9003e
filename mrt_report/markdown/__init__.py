"""What was found as Markdown: for the comment on a pull request, and for `$GITHUB_STEP_SUMMARY`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.report import CheckReport, UnreadCall
from mrt_lint.report.grouping import FindingGroup, group
from mrt_lint.report.location import in_repository
from mrt_lint.report.style import counted
from mrt_report.finding_text import name_others, split_code
from mrt_report.headline import count_outcomes, summarize
from mrt_report.markdown.escape import block, code, tag_text, text
from mrt_report.reported_revision import HistoryResults, ReportedRevision, assemble, unfolded
from mrt_report.results import CheckResults
from mrt_report.run_mark import CONFIRMED, REFUTED
from mrt_runtime.report.wording import PHRASES
from mrt_runtime.verdict import Failure, Outcome

LONGEST: Final = 65_000
"""GitHub takes comments of up to 65,536 characters; a summary may have 1 MiB, which is never less."""
MOST_LINES: Final = 12
_MOST_UNREAD: Final = 30
NONE: Final = "\N{EN DASH}"
SIGNS: Final = {"good": "✅", "warning": "⚠️", "bad": "❌"}


def render(results: HistoryResults) -> str:
    """Write one document, the newest revisions first; what would make it too long is left out, and a sentence says so."""
    headline = summarize(results)
    blocks = [f"## {SIGNS[headline.tone]} {text(headline.title)}", *(text(sentence) for sentence in headline.sentences)]
    blocks += [table for table in (_outcomes(results), _consequences(results)) if table]
    reported = [revision for revision in results.revisions if not revision.is_clean]
    opened = unfolded(reported)
    sections = [_section(revision, is_open=revision.key in opened) for revision in reported]
    sections += [_loose(results.loose)] if results.loose else []
    sections += [_unread(results.check.unreadable)] if results.check and results.check.unreadable else []
    return _fit(blocks, sections, _hint(results))


def render_check(report: CheckReport) -> str:
    """Write the report of a check alone."""
    return render(assemble(CheckResults.of(report), None))


def _fit(blocks: list[str], sections: Sequence[str], hint: str) -> str:
    """Join all, as many sections as there is room for, and count the others."""
    left = LONGEST - sum(map(_length, blocks)) - _length(hint) - 200
    kept: list[str] = []
    for section in sections:
        left -= _length(section)
        if left < 0:
            break
        kept.append(section)
    missing = len(sections) - len(kept)
    note = f"{counted(missing, 'more revision')} with findings: left out, since GitHub shows no longer comment." if missing else ""
    return "\n\n".join(part for part in [*blocks, *kept, note, hint] if part) + "\n"


def _length(part: str) -> int:
    """Count as GitHub does, in units of UTF-16, with the blank line that follows."""
    return len(part.encode("utf-16-le", "replace")) // 2 + 2


def _outcomes(results: HistoryResults) -> str:
    """Write the table of outcomes; there is none where all are the same."""
    counts = count_outcomes(results.verify) if results.verify else Counter[Outcome]()
    if len(counts) < 2:  # noqa: PLR2004  the headline says it
        return ""
    rows = [f"| {PHRASES[outcome]} | {counts[outcome]} |" for outcome in Outcome if counts[outcome]]
    return "\n".join(["| verdict | revisions |", "| --- | ---: |", *rows])


def _consequences(results: HistoryResults) -> str:
    """Write the table of what the findings come to, with what the run says of them where there was one."""
    findings = results.check.findings if results.check else ()
    if not findings:
        return ""
    marks = {finding: mark.word for revision in results.revisions for finding, mark in revision.marks.items()}
    words = [word for word in (CONFIRMED, REFUTED) if word in marks.values()]
    lines = [f"| consequence | errors | warnings |{''.join(f' {word} |' for word in words)}"]
    lines.append(f"| --- | ---: | ---: |{' ---: |' * len(words)}")
    for consequence in Consequence:
        those = [finding for finding in findings if finding.consequence is consequence]
        if those:
            errors = sum(finding.severity is Severity.ERROR for finding in those)
            counts = [errors, len(those) - errors, *(sum(marks.get(one) == word for one in those) for word in words)]
            lines.append(f"| {consequence.value} |{''.join(f' {count or NONE} |' for count in counts)}")
    return "\n".join(lines)


def _section(revision: ReportedRevision, *, is_open: bool) -> str:
    """Write what is folded behind a line that names the revision."""
    verdict = revision.verdict
    said = [PHRASES[verdict.outcome]] if verdict else []
    codes = Counter(finding.code for finding in revision.findings)
    said += [tag_text(name if count == 1 else f"{count} {name}") for name, count in codes.items()]
    title = f"<b><code>{tag_text(revision.revision)}</code></b> {tag_text(revision.message)}".rstrip()
    summary = f"<summary>{title} — {', '.join(said) or 'broken history'}</summary>"
    parts = [code(in_repository(revision.path))] if revision.path else []
    parts += [f"❌ {text(problem)}" for problem in revision.problems]
    if verdict is not None:
        parts += [text(verdict.reason)] if verdict.reason else []
        parts += [_failure(failure) for failure in verdict.failures]
        parts += [f"⚠️ {text(warning)}" for warning in verdict.warnings]
    parts += [_group(findings, revision) for findings in group(revision.findings)]
    return _fold(summary, parts, is_open=is_open)


def _fold(summary: str, parts: Sequence[str], *, is_open: bool) -> str:
    return "\n\n".join([f"<details{' open' if is_open else ''}>{summary}", *filter(None, parts), "</details>"])


def _failure(failure: Failure) -> str:
    where = f" (line {failure.line})" if failure.line else ""
    evidence = [line[:300] for line in failure.evidence[:MOST_LINES]]
    return "\n\n".join([f"❌ **{text(failure.message)}**{where}", *([block(evidence)] if evidence else [])])


def _group(findings: FindingGroup, revision: ReportedRevision | None) -> str:
    first = findings.first
    parts = [_finding(first)]
    mark = revision.marks.get(first) if revision else None
    if mark is not None:
        parts.append(f"The run: **{mark.word}**, {text(mark.why)}")
    parts += [f"With it: {_finding(other)}" for other in findings.attached]
    if findings.others:
        parts.append(f"… {name_others(findings, MOST_LINES)}")
    return "\n\n".join([*parts, *_advice(first.instead)])


def _finding(finding: Finding) -> str:
    sign = "❌" if finding.severity is Severity.ERROR else "⚠️"
    return f"{sign} **{text(finding.code)}** {text(finding.name)}, line {finding.place.line}: {text(finding.message)}"


def _advice(instead: str) -> Iterator[str]:
    """Write what to do instead: sentences, and lines of code where it is indented."""
    first, *others = instead.strip().splitlines() or [""]
    if first:
        yield f"Instead: {text(first)}"
    for is_code, lines in split_code(others):
        yield block(lines, "python") if is_code else "  \n".join(map(text, lines))


def _loose(findings: Sequence[Finding]) -> str:
    parts = [
        f"{code(in_repository(findings_alike.first.path))}\n\n{_group(findings_alike, None)}" for findings_alike in group(findings)
    ]
    return _fold(f"<summary>{counted(len(findings), 'finding')} in files that are no revision's</summary>", parts, is_open=False)


def _unread(unreadable: Sequence[UnreadCall]) -> str:
    lines = [
        f"- {code(f'{in_repository(unread.path)}:{unread.line}')} {code(' '.join(unread.source.split()))} {text(unread.why)}"
        for unread in unreadable[:_MOST_UNREAD]
    ]
    more = len(unreadable) - len(lines)
    lines += [f"- … and {more} more: `mrt show FILE` lists those of one file"] if more else []
    return _fold("<summary>What could not be read</summary>", ["\n".join(lines)], is_open=False)


def _hint(results: HistoryResults) -> str:
    if results.check is not None and results.check.findings:
        return "`mrt explain CODE` says why a finding hurts, and what to do."
    return ""
