"""Workflow commands, which GitHub shows at the lines of a pull request.

The grammar is that of docs.github.com, "Workflow commands for GitHub Actions"; how values are escaped, and that a stretch of
several lines may have no columns, is what the runner's own code does (actions/toolkit, `command.ts`; actions/runner,
`ActionCommandManager.cs`).
"""

from __future__ import annotations

from mrt_lint.escape import printable
from mrt_lint.model.finding import Finding
from mrt_lint.report import CheckReport
from mrt_lint.report.location import in_repository


def render(report: CheckReport) -> str:
    """Write a command for each finding, and a notice where calls could not be read."""
    commands = [_command(finding) for finding in report.findings]
    if report.unreadable:
        count = len(report.unreadable)
        what = "1 call could not be read, so nothing is said about it" if count == 1 else f"{count} calls could not be read"
        commands.append(f"::notice title=mrt check::{_escape(f'{what}: mrt check lists what it was')}")
    return "".join(f"{command}\n" for command in commands)


def _command(finding: Finding) -> str:
    place = finding.place
    columns = {"col": place.column, "endColumn": place.end_column} if place.line == place.end_line else {}
    properties = {
        "file": printable(in_repository(finding.path)),
        "line": place.line,
        **columns,
        "endLine": place.end_line,
        "title": f"{finding.code} {finding.name}",
    }
    listed = ",".join(f"{name}={_escape_property(str(value))}" for name, value in properties.items())
    lines = [finding.message, *(f"Instead: {finding.instead}".splitlines() if finding.instead else ())]
    return f"::{finding.severity.value} {listed}::{_escape(chr(10).join(map(printable, lines)))}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
