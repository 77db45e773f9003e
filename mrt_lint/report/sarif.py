"""SARIF 2.1.0, which GitHub code scanning and many editors read.

The shape is that of the standard (docs.oasis-open.org/sarif/sarif/v2.1.0); `ruleId`, `level`, `help`, `partialFingerprints`,
`uriBaseId`, the rules' `tags`, `precision` and `problem.severity`, and the category in `automationDetails` are what GitHub makes
use of (docs.github.com, "SARIF support for code scanning").
"""

from __future__ import annotations

import json
import os
from typing import Any, Final
from urllib.parse import quote

from mrt_lint import __version__
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.model.rule import Rule
from mrt_lint.report import CheckReport, UnreadCall, rule_page
from mrt_lint.report.attachment import attach
from mrt_lint.report.fingerprint import with_fingerprints
from mrt_lint.report.location import HOME, in_repository, page_of
from mrt_lint.rules import all_rules

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: CheckReport) -> str:
    """Write one run: the rules with findings, the findings, and what could not be read."""
    reported = {finding.code for finding in report.findings}
    leaders = attach(report.findings)
    rules = [rule for rule in all_rules() if rule.code in reported]
    order = {rule.code: index for index, rule in enumerate(rules)}
    driver = {
        "name": "pytest-mrt",
        "version": __version__,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"mrt-check/{_folder()}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": [_notification(unread) for unread in report.unreadable]}
        ],
        "results": [_result(finding, order, name, leaders.get(finding)) for finding, name in with_fingerprints(report.findings)],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    what = " ".join((rule.__doc__ or "").partition("\n\n")[0].split())
    text = rule_page.render(rule)
    return {
        "id": rule.code,
        # an identifier that a user understands, in PascalCase as in the standard's examples (3.49.7)
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": what},
        "fullDescription": {"text": " ".join((rule.__doc__ or "").split())},
        "help": {"text": text, "markdown": text},
        "helpUri": page_of(rule.code),
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {
            "consequence": rule.consequence.value,
            "tags": ["alembic", "database", "migration", *rule.dialects, rule.consequence.value.replace(" ", "-")],
            "precision": _precision(rule),
            "problem.severity": rule.severity.value,
        },
    }


def _precision(rule: Rule) -> str:
    """Return how often a finding is right, in GitHub's words: an error says what happens, a warning what may."""
    if not rule.default:
        return "low"
    return "high" if rule.severity is Severity.ERROR else "medium"


def _folder() -> str:
    """Return the current folder from the root of the repository, with a slash at its end: it distinguishes projects."""
    return in_repository("any").removesuffix("any")


def _result(finding: Finding, order: dict[str, int], fingerprint: str, leader: Finding | None) -> dict[str, Any]:
    place = finding.place
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
    message = f"{finding.message}\n\nInstead: {finding.instead}" if finding.instead else finding.message
    return {
        "ruleId": finding.code,
        "ruleIndex": order[finding.code],
        "level": finding.severity.value,
        "message": {"text": message},
        "locations": [_location(finding.path, region)],
        "partialFingerprints": {"mrt/v1": fingerprint},
        "properties": {
            "consequence": finding.consequence.value,
            **({"revision": finding.revision} if finding.revision else {}),
            **({"with": f"{leader.code} at line {leader.place.line}"} if leader else {}),
        },
    }


def _notification(unread: UnreadCall) -> dict[str, Any]:
    return {
        "level": "note",
        "message": {"text": f"could not be read, so nothing is said about it: {unread.source} ({unread.why})"},
        "locations": [_location(unread.path, {"startLine": unread.line, "startColumn": unread.column})],
    }


def _location(path: str, region: dict[str, int]) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(in_repository(path)), "region": region}}


def _artifact(path: str) -> dict[str, str]:
    """Return a path as a URI, from the root of the sources; one outside of the repository stays as it is."""
    if path.startswith("/") or path[1:2] == ":":
        return {"uri": f"file:///{quote(os.fsencode(path.lstrip('/')), safe='/:')}"}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": "%SRCROOT%"}
