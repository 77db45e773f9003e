"""Histories for programs. The shape is a promise: keys are added, never renamed or removed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mrt_lint import __version__
from mrt_lint.history.revision_log import LoggedRevision
from mrt_lint.report.history.chronicle import HistoryReport


def render(chronicles: Sequence[HistoryReport]) -> str:
    """Write one document, the revisions of each history newest first."""
    document = {"version": __version__, "histories": [_history(chronicle) for chronicle in chronicles]}
    return json.dumps(document, indent=2) + "\n"


def _history(chronicle: HistoryReport) -> dict[str, Any]:
    return {
        "folders": list(chronicle.folders),
        "revisions": [_revision(entry, chronicle) for entry in chronicle.entries],
        "omitted": chronicle.omitted,
        "unplaced": list(chronicle.unplaced),
    }


def _revision(entry: LoggedRevision, chronicle: HistoryReport) -> dict[str, Any]:
    verdict = chronicle.verdict(entry)
    migration = entry.migration
    return {
        "revision": entry.revision,
        "path": entry.key,
        "message": migration.message,
        "down_revision": list(migration.parents),
        "depends_on": list(migration.depends_on),
        "branch_labels": list(migration.branch_labels),
        "head": entry.is_head,
        "base": entry.is_base,
        "mark": verdict.mark,
        "errors": verdict.errors,
        "warnings": verdict.warnings,
        "codes": dict(verdict.codes),
        "problems": list(entry.problems),
    }
