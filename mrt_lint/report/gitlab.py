"""A code quality report, which GitLab shows in a merge request (docs.gitlab.com, "Code Quality", "Import code quality results")."""

from __future__ import annotations

import json
from typing import Final

from mrt_lint.model.finding import Finding, Severity
from mrt_lint.report import CheckReport, UnreadCall
from mrt_lint.report.fingerprint import with_fingerprints, with_names
from mrt_lint.report.location import in_repository

_SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor"}


def render(report: CheckReport) -> str:
    """Write a JSON list; a finding keeps its fingerprint when its line moves. What could not be read is there as "info"."""
    issues = [_issue(finding, name) for finding, name in with_fingerprints(report.findings)]
    issues += (_note(unread, name) for unread, name in with_names(report.unreadable))
    return json.dumps(issues, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str) -> dict[str, object]:
    return {
        "description": f"{finding.code} {finding.name}: {finding.message}",
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": in_repository(finding.path),
            "lines": {"begin": finding.place.line, "end": finding.place.end_line},
        },
    }


def _note(unread: UnreadCall, fingerprint: str) -> dict[str, object]:
    return {
        "description": f"could not be read, so nothing is said about it: {unread.source} ({unread.why})",
        "check_name": "unreadable",
        "fingerprint": fingerprint,
        "severity": "info",
        "location": {"path": in_repository(unread.path), "lines": {"begin": unread.line, "end": unread.line}},
    }
