"""How often each code was found: a first look at a history that was never checked."""

from __future__ import annotations

from collections import Counter

from mrt_lint.model.finding import Severity
from mrt_lint.report import CheckReport
from mrt_lint.report.style import TextStyle, counted
from mrt_lint.report.table import summarize


def render(report: CheckReport, style: TextStyle) -> str:
    """Write a line for each code, the most frequent first, one on what could not be read, and one that sums them up."""
    counts = Counter((finding.code, finding.name, finding.severity) for finding in report.findings)
    width = len(str(max(counts.values(), default=0)))
    lines = [
        f"{count:>{width}}  {style.paint(code, 'bold', 'red' if severity is Severity.ERROR else 'yellow')} {name}  {severity.value}"
        for (code, name, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0][0]))
    ]
    if report.unreadable:
        about = "it" if len(report.unreadable) == 1 else "them"
        lines.append(f"{counted(len(report.unreadable), 'call')} could not be read; without --statistics, mrt check lists {about}.")
    return "".join(f"{line}\n" for line in (*lines, summarize(report, style)))
