"""The report that other tools read. Its shape is a promise: keys are added, never renamed or removed."""

from __future__ import annotations

import json

from mrt_lint import __version__
from mrt_lint.model.finding import Finding
from mrt_lint.report import CheckReport
from mrt_lint.report.attachment import attach


def render(report: CheckReport) -> str:
    """Write a report as one JSON document; lines and columns count from 1."""
    leaders = attach(report.findings)
    document = {
        "version": __version__,
        "summary": {
            "files": len(report.files),
            "errors": report.errors,
            "warnings": report.warnings,
            "suppressed": len(report.suppressed) + len(report.accepted),
            "unreadable": len(report.unreadable),
        },
        "findings": [_finding(finding, leaders.get(finding)) for finding in report.findings],
        "unreadable": [
            {"path": unread.path, "line": unread.line, "column": unread.column, "source": unread.source, "why": unread.why}
            for unread in report.unreadable
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding, leader: Finding | None) -> dict[str, object]:
    return {
        "path": finding.path,
        "line": finding.place.line,
        "column": finding.place.column,
        "end_line": finding.place.end_line,
        "end_column": finding.place.end_column,
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "consequence": finding.consequence.value,
        "revision": finding.revision,
        "message": finding.message,
        "instead": finding.instead,
        **({} if leader is None else {"with": {"code": leader.code, "line": leader.place.line, "column": leader.place.column}}),
        **({} if finding.fix is None else {"fix": finding.fix.value}),
        **({} if finding.table_rows is None else {"table_rows": finding.table_rows}),
    }
