"""What was observed of a step as JSON, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mrt_runtime.databases.observation import RelationLock, TrafficWait
from mrt_runtime.migrate.observer import HeldLock, ObservedStatement, ObservedStep
from mrt_runtime.secret import conceal


def step_as_json(step: ObservedStep) -> dict[str, Any]:
    """One run of upgrade() or downgrade()."""
    return {
        "step": step.name,
        "seconds": round(step.seconds, 4),
        "file": step.file,
        "growth": step.growth,
        "statements": [_statement(statement) for statement in step.statements],
    }


def step_from_json(found: Mapping[str, Any]) -> ObservedStep:
    """Return the step that `step_as_json` wrote; KeyError, TypeError or ValueError where it did not."""
    statements = tuple(map(_statement_from, found["statements"]))
    return ObservedStep(
        name=found["step"], seconds=found["seconds"], file=found["file"], growth=found["growth"], statements=statements
    )


def _statement(statement: ObservedStatement) -> dict[str, Any]:
    """One statement; `locks` is null where the database does not show them."""
    locks = None
    if statement.locks is not None:
        held = sorted(statement.locks.values(), key=lambda held: (-held.lock.strength, held.lock.relation))
        locks = [_lock(one) for one in held]
    waits = {}
    if statement.waits is not None:
        waits = {"waits": [{**dataclasses.asdict(one), "seconds": round(one.seconds, 4)} for one in statement.waits]}
    return {
        "line": statement.line,
        "statement": conceal(statement.text),
        "count": statement.count,
        "started": round(statement.started, 4),
        "seconds": round(statement.seconds, 4),
        "locks": locks,
        "rewritten": list(statement.rewritten),
        "rows_read": dict(statement.scanned),
        "algorithm": statement.algorithm,
        **waits,
    }


def _lock(held: HeldLock) -> dict[str, Any]:
    lock = held.lock
    return {
        "relation": lock.relation,
        "kind": lock.kind,
        "table": lock.table,
        "mode": lock.mode,
        "seconds": round(held.seconds, 4),
    }


def _statement_from(found: Mapping[str, Any]) -> ObservedStatement:
    locks = None
    if found["locks"] is not None:
        locks = {
            one["relation"]: HeldLock(RelationLock(one["relation"], one["kind"], one["table"], one["mode"]), one["seconds"])
            for one in found["locks"]
        }
    return ObservedStatement(
        line=found["line"],
        text=found["statement"],
        count=found["count"],
        seconds=found["seconds"],
        locks=locks,
        rewritten=list(found["rewritten"]),
        scanned=dict(found["rows_read"]),
        started=found["started"],
        algorithm=found["algorithm"],
        waits=[TrafficWait(**one) for one in found["waits"]] if "waits" in found else None,
    )
