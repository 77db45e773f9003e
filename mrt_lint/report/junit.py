"""JUnit's XML, which most build servers show as tests: a case for each finding, and one for each migration without any.

A warning is a passed case with output, unless warnings fail; a call that could not be read is a skipped one. What `printable`
leaves is valid XML 1.0, which cannot contain some control characters in any form (W3C, section 2.2).
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from mrt_lint.escape import printable
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.report import CheckReport, UnreadCall
from mrt_lint.report.location import in_repository


def render(report: CheckReport) -> str:
    """Write one test suite."""
    spoken_of = {finding.path for finding in report.findings} | {unread.path for unread in report.unreadable}
    cases = [_case(finding, strict=report.strict) for finding in report.findings]
    cases += [_skipped(unread) for unread in report.unreadable]
    cases += [_open_case(path, "nothing found") + "/>" for path in report.files if path not in spoken_of]
    failures = len(report.findings) if report.strict else report.errors
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{len(report.unreadable)}"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="mrt check" {counts}>',
        f'  <testsuite name="mrt check" {counts}>',
        *(f"    {case}" for case in cases),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(finding: Finding, *, strict: bool) -> str:
    place = finding.place
    text = f"{in_repository(finding.path)}:{place.line}:{place.column}: {finding.message}\nInstead: {finding.instead}"
    body = f"<system-out>{_escape(text)}</system-out>"
    if strict or finding.severity is Severity.ERROR:
        body = f"<failure type={_quote(finding.code)} message={_quote(finding.message)}>{_escape(text)}</failure>"
    return f"{_open_case(finding.path, f'{finding.code} {finding.name}', place.line)}>{body}</testcase>"


def _skipped(unread: UnreadCall) -> str:
    name = f"could not be read: {next(iter(unread.source.strip().splitlines()), '')} (line {unread.line}, {unread.column})"
    return f"{_open_case(unread.path, name, unread.line)}><skipped message={_quote(unread.why)}/></testcase>"


def _open_case(path: str, name: str, line: int = 1) -> str:
    where = _quote(in_repository(path))
    return f'<testcase classname={where} name={_quote(name)} file={where} line="{line}" time="0"'


def _escape(text: str) -> str:
    return escape("\n".join(map(printable, text.splitlines())))


def _quote(text: str) -> str:
    return quoteattr(printable(text))
