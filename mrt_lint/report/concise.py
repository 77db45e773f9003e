"""A line for each finding, `path:line:column: CODE name: message`: what terminals and editors make clickable.

What could not be read has lines, too, with "note" in place of a code.
"""

from __future__ import annotations

from mrt_lint.escape import printable
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.report import CheckReport, UnreadCall
from mrt_lint.report.style import TextStyle
from mrt_lint.report.table import summarize


def render(report: CheckReport, style: TextStyle) -> str:
    """Write a line for each finding, one for each call that could not be read, and one that sums them up."""
    lines = [_line(finding, style) for finding in report.findings]
    lines += (_note(unread, style) for unread in report.unreadable)
    return "".join(f"{line}\n" for line in (*lines, summarize(report, style)))


def _line(finding: Finding, style: TextStyle) -> str:
    place = printable(f"{finding.path}:{finding.place.line}:{finding.place.column}:")
    colour = "red" if finding.severity is Severity.ERROR else "yellow"
    code, name = style.paint(finding.code, "bold", colour), style.paint(finding.name, colour)
    return f"{style.paint(place, 'bold')} {code} {name}: {printable(finding.message)}"


def _note(unread: UnreadCall, style: TextStyle) -> str:
    place = printable(f"{unread.path}:{unread.line}:{unread.column}:")
    source = next(iter(unread.source.strip().splitlines()), "")
    return f"{style.paint(place, 'bold')} note: could not be read: {printable(source)} ({printable(unread.why)})"
