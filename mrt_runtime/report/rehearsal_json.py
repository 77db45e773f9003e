"""A rehearsal as JSON: the shape of a verification, what each statement took, and the copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt_runtime.rehearse.result import CopyFacts, RehearsedRevision
from mrt_runtime.report.json import as_json, render_document, summarise


def render(revisions: Sequence[RehearsedRevision], facts: CopyFacts, stopped: str | None = None) -> str:
    """Write the whole run; `stopped` is why it ended before its last revision, where it did."""
    return render_document(
        facts.database,
        {
            "copy": {
                "revisions": list(facts.heads),
                "tables": facts.tables,
                "rows": facts.rows,
                "bytes": facts.size,
                "seconds": round(facts.seconds, 3),
                "shows_locks": facts.shows_locks,
                **({"traffic": facts.traffic} if facts.traffic is not None else {}),
                "subset": facts.subset,
            },
            "summary": summarise([revision.verdict for revision in revisions]),
            "revisions": [_revision(revision) for revision in revisions],
            "stopped": stopped,
        },
    )


def _revision(revision: RehearsedRevision) -> dict[str, Any]:
    verdict = as_json(revision.verdict)
    del verdict["unseeded"]  # nothing is made up
    return {"steps": [], **verdict, "file": revision.file}
