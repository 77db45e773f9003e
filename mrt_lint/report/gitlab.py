"""A code quality report, which GitLab shows in a merge request (docs.gitlab.com, "Code Quality", "Import code quality results")."""

from __future__ import annotations

import json
from typing import Final

from mrt_lint.model.finding import Finding, Severity
from mrt_lint.report import CheckReport
from mrt_lint.report.fingerprint import with_fingerprints
from mrt_lint.report.location import in_repository

_SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor"}


def render(report: CheckReport) -> str:
    """Write a JSON list; a finding keeps its fingerprint when its line moves."""
    return json.dumps([_issue(finding, name) for finding, name in with_fingerprints(report.findings)], indent=2) + "\n"


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
