"""Verdicts as JSON, a stable shape that other tools read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mrt_runtime.verdict import DoubtfulFailure, Failure, Outcome, RollingDeploy, RowExample, RowRefusal, UnmetStatement, Verdict

if TYPE_CHECKING:
    from mrt_runtime.half_way import HalfWayStep
    from mrt_runtime.migrate.observer import ObservedStep

# terminals read control characters, and consoles of Windows may have no others than these
UNPRINTABLE = re.compile(r"[^ -~\n]")


def render(
    verdicts: Sequence[Verdict], database: Mapping[str, str], stopped: str | None = None, shard: Mapping[str, Any] | None = None
) -> str:
    """Write the whole run. `database` holds "dialect", "version" and "url", the password masked.

    stopped: why the run ended before its last revision, where it did. shard: which part of a history it is, where it is one.
    """
    found = {"summary": summarise(verdicts), "revisions": [as_json(verdict) for verdict in verdicts], "stopped": stopped}
    return render_document(database, {**found, **({"shard": dict(shard)} if shard else {})})


def render_document(database: Mapping[str, str], found: Mapping[str, Any]) -> str:
    """Write a document about a run: the version of this program, the database, and what was found."""
    document = {"version": metadata.version("pytest-mrt"), "database": dict(database), **found}
    text = json.dumps(document, indent=2, ensure_ascii=False).replace("##", "#\\u0023")  # a command of Azure Pipelines
    return UNPRINTABLE.sub(escape, text) + "\n"


def escape(match: re.Match[str]) -> str:
    """Write a character as JSON's escape where a terminal could obey it, or where it is none: half of a pair."""
    return json.dumps(match[0])[1:-1] if not match[0].isprintable() else match[0]


def summarise(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Count each revision once; one that was not reached is unproven too."""
    outcomes = [verdict.outcome for verdict in verdicts]
    unproven = sum(outcome in {Outcome.UNPROVEN, Outcome.NOT_REACHED} for outcome in outcomes)
    reversible, skipped = outcomes.count(Outcome.REVERSIBLE), outcomes.count(Outcome.SKIPPED)
    failed = len(outcomes) - reversible - skipped - unproven
    return {"reversible": reversible, "failed": failed, "unproven": unproven, "skipped": skipped}


def as_json(verdict: Verdict) -> dict[str, Any]:
    """One revision. `reason` says why it was skipped or not reached."""
    observed: dict[str, Any] = {}
    if verdict.steps:
        from mrt_runtime.report.observed_json import step_as_json  # noqa: PLC0415  only where steps were observed

        observed["steps"] = list(map(step_as_json, verdict.steps))
    if verdict.half_way:
        from mrt_runtime.report.half_way_json import half_way_as_json  # noqa: PLC0415  only where it was tried

        observed["half_way"] = list(map(half_way_as_json, verdict.half_way))
    if verdict.rolling is not None:
        observed["rolling_deploy"] = _rolling(verdict.rolling)
    return {
        "revision": verdict.revision,
        "down_revision": list(verdict.down_revision),
        "outcome": verdict.outcome.value,
        "passed": verdict.passed,
        "seconds": round(verdict.seconds, 3),
        "failures": [_failure(failure) for failure in verdict.failures],
        "warnings": list(verdict.warnings),
        "doubts": [{"warning": one.warning, "failure": _failure(one.failure)} for one in verdict.doubts],
        "unmet": [{"line": one.line, "message": one.message} for one in verdict.unmet],
        "unseeded": dict(verdict.unseeded),
        "reason": verdict.reason,
        "behind": verdict.behind,
        "shares_reason": verdict.shares_reason,
        **observed,
    }


def from_json(found: Mapping[str, Any]) -> Verdict:
    """Return the verdict that `as_json` wrote; KeyError, TypeError or ValueError where it did not."""
    steps: tuple[ObservedStep, ...] = ()
    if found.get("steps"):
        from mrt_runtime.report.observed_json import step_from_json  # noqa: PLC0415  only where steps were observed

        steps = tuple(map(step_from_json, found["steps"]))
    half_way: tuple[HalfWayStep, ...] = ()
    if found.get("half_way"):
        from mrt_runtime.report.half_way_json import half_way_from_json  # noqa: PLC0415  only where it was tried

        half_way = tuple(map(half_way_from_json, found["half_way"]))
    return Verdict(
        revision=found["revision"],
        down_revision=tuple(found["down_revision"]),
        outcome=Outcome(found["outcome"]),
        seconds=found["seconds"],
        failures=tuple(map(_failure_from, found["failures"])),
        warnings=tuple(found["warnings"]),
        doubts=tuple(DoubtfulFailure(warning=one["warning"], failure=_failure_from(one["failure"])) for one in found["doubts"]),
        unmet=tuple(UnmetStatement(**one) for one in found["unmet"]),
        unseeded=dict(found.get("unseeded", {})),  # a rehearsal makes nothing up
        reason=found["reason"],
        behind=found["behind"],
        shares_reason=found.get("shares_reason", False),
        steps=steps,
        half_way=half_way,
        rolling=_rolling_from(found["rolling_deploy"]) if "rolling_deploy" in found else None,
    )


def _rolling(rolling: RollingDeploy) -> dict[str, Any]:
    return {
        "tables": list(rolling.tables),
        "untried": dict(rolling.untried),
        "breaks": [_failure(failure) for failure in rolling.breaks],
    }


def _rolling_from(found: Mapping[str, Any]) -> RollingDeploy:
    breaks = tuple(map(_failure_from, found["breaks"]))
    return RollingDeploy(tables=tuple(found["tables"]), untried=dict(found["untried"]), breaks=breaks)


def _failure(failure: Failure) -> dict[str, Any]:
    refusal = failure.refusal
    return {
        "kind": failure.kind,
        "message": failure.message,
        "table": failure.table,
        "column": failure.column,
        "evidence": list(failure.evidence),
        "file": failure.file,
        "line": failure.line,
        "examples": [{"before": example.before, "after": example.after} for example in failure.examples],
        "refusal": None if refusal is None else {"kind": refusal.kind, "sqlstate": refusal.sqlstate, "column": refusal.column},
        "rows": failure.rows,
    }


def _failure_from(found: Mapping[str, Any]) -> Failure:
    examples = tuple(RowExample(**example) for example in found.get("examples", ()))
    refusal = RowRefusal(**found["refusal"]) if found.get("refusal") else None
    return Failure(**{**found, "evidence": tuple(found["evidence"]), "examples": examples, "refusal": refusal})
