"""Both halves in one JSON document: each revision with its verdict, and its findings with what the run says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mrt_lint.model.finding import Finding
from mrt_report.headline import summarize
from mrt_report.reported_revision import HistoryResults, ReportedRevision
from mrt_report.run_mark import CONFIRMED, NOT_MET, REFUTED, RunMark
from mrt_runtime.report.json import as_json, render_document

NO_DATABASE: Mapping[str, str] = {}


def render(results: HistoryResults) -> str:
    """Write the document, the newest revisions first; `database` is empty where nothing was verified."""
    headline = summarize(results)
    return render_document(
        results.verify.database if results.verify else NO_DATABASE,
        {
            "headline": {"title": headline.title, "tone": headline.tone, "sentences": list(headline.sentences)},
            "marks": {word.replace(" ", "_"): results.count_marks(word) for word in (CONFIRMED, REFUTED, NOT_MET)},
            "revisions": [_revision(revision) for revision in results.revisions],
            "loose": _findings(results.loose, {}),
            "stopped": results.verify.stopped if results.verify else None,
        },
    )


def _revision(revision: ReportedRevision) -> dict[str, Any]:
    return {
        "revision": revision.revision,
        "path": revision.path,
        "message": revision.message,
        "problems": list(revision.problems),
        "verdict": as_json(revision.verdict) if revision.verdict else None,
        "findings": _findings(revision.findings, revision.marks),
    }


def _findings(findings: Iterable[Finding], marks: Mapping[Finding, RunMark]) -> list[dict[str, Any]]:
    """Return findings; `run` is null where a run says nothing about one."""
    return [
        {
            "path": finding.path,
            "line": finding.place.line,
            "end_line": finding.place.end_line,
            "code": finding.code,
            "name": finding.name,
            "severity": finding.severity.value,
            "consequence": finding.consequence.value,
            "message": finding.message,
            "run": {"word": mark.word, "why": mark.why} if (mark := marks.get(finding)) else None,
        }
        for finding in findings
    ]
