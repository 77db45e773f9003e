"""A rehearsal as JSON: the shape of a verification, and what each statement took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt_runtime.migrate.observer import ObservedStatement
from mrt_runtime.rehearse.result import CopyFacts, RehearsedRevision, RehearsedStep
from mrt_runtime.report.json import as_json, render_document, summarise
from mrt_runtime.secret import conceal


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
            },
            "summary": summarise([revision.verdict for revision in revisions]),
            "revisions": [_revision(revision) for revision in revisions],
            "stopped": stopped,
        },
    )


def _revision(revision: RehearsedRevision) -> dict[str, Any]:
    verdict = as_json(revision.verdict)
    del verdict["unseeded"]  # nothing is made up
    return {**verdict, "file": revision.file, "steps": [_step(step) for step in revision.steps]}


def _step(step: RehearsedStep) -> dict[str, Any]:
    return {
        "step": step.name,
        "seconds": round(step.seconds, 4),
        "growth": step.growth,
        "statements": [as_statement(statement) for statement in step.statements],
    }


def as_statement(statement: ObservedStatement) -> dict[str, Any]:
    """One statement; `locks` is null where the database does not show them."""
    locks = None
    if statement.locks is not None:
        locks = [
            {
                "relation": held.lock.relation,
                "kind": held.lock.kind,
                "table": held.lock.table,
                "mode": held.lock.mode,
                "seconds": round(held.seconds, 4),
            }
            for held in sorted(statement.locks.values(), key=lambda held: (-held.lock.strength, held.lock.relation))
        ]
    return {
        "line": statement.line,
        "statement": conceal(statement.text),
        "count": statement.count,
        "seconds": round(statement.seconds, 4),
        "locks": locks,
        "rewritten": list(statement.rewritten),
        "rows_read": dict(statement.scanned),
    }
