"""A line for each finding, `path:line:column: CODE name: message`: what terminals and editors make clickable."""

from __future__ import annotations

from mrt_lint.escape import printable
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.report import CheckReport
from mrt_lint.report.style import TextStyle
from mrt_lint.report.table import summarize


def render(report: CheckReport, style: TextStyle) -> str:
    """Write a line for each finding, and one that sums them up."""
    return "".join(f"{line}\n" for line in (*(_line(finding, style) for finding in report.findings), summarize(report, style)))


def _line(finding: Finding, style: TextStyle) -> str:
    place = printable(f"{finding.path}:{finding.place.line}:{finding.place.column}:")
    colour = "red" if finding.severity is Severity.ERROR else "yellow"
    code, name = style.paint(finding.code, "bold", colour), style.paint(finding.name, colour)
    return f"{style.paint(place, 'bold')} {code} {name}: {printable(finding.message)}"
