"""Which findings --fix would fix, found by trying it in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from mrt_lint.cache import saved_report
from mrt_lint.check.engine import read_file, shown
from mrt_lint.cli.inspection import CheckRun
from mrt_lint.files.lock import LOCK_FILE, breaks_lock
from mrt_lint.files.statistics_file import with_statistics
from mrt_lint.model.finding import Finding, FixSafety
from mrt_lint.report.fingerprint import key_of

if TYPE_CHECKING:
    from mrt_lint.fix.session import FixOutcome

FindingKey: TypeAlias = tuple[str, str, str]


def with_tried_fixes(inspection: CheckRun) -> CheckRun:
    """Return a check whose findings have the fix that --fix makes, with --unsafe-fixes or without: a rule's is not always certain.

    Trying takes as long as a check that remembers nothing, so it is done where a program asks, and remembered.
    """
    findings = inspection.report.findings
    if all(finding.fix is None for finding in findings):
        return inspection
    asked = saved_report.dumps(inspection.report)
    known = json.loads(inspection.engine.remember("fixes", inspection.names, asked, lambda: json.dumps(_try(inspection))))
    fixes = [None if safety is None else FixSafety(safety) for safety in known]
    tried = tuple(replace(finding, fix=safety) for finding, safety in zip(findings, fixes, strict=True))
    return inspection._replace(report=replace(inspection.report, findings=tried))


def _try(inspection: CheckRun) -> list[str | None]:
    """Return how safe the fix of each finding is, None where none is made."""
    outcomes = list(outcomes_of(inspection, unsafe=False))
    safe = _fixed(outcomes)
    # a fix that alone was held back has been tried already; several may prevent each other, or help what was refused
    several = {outcome.path for outcome in outcomes if outcome.unsafe and (outcome.refused or len(outcome.unsafe) > 1)}
    unsafe = _fixed(outcomes_of(inspection, unsafe=True, paths=several)) if several else Counter()
    for outcome in outcomes:
        if len(outcome.unsafe) == 1 and outcome.path not in several:
            unsafe.update(map(key_of, (finding for finding, _ in (*outcome.fixed, *outcome.unsafe))))
    found: list[str | None] = []
    seen: Counter[FindingKey] = Counter()
    for finding in inspection.report.findings:
        key = key_of(finding)
        seen[key] += 1  # of several that are alike, the first are fixed first
        is_fixed = finding.fix is not None and seen[key] <= max(safe[key], unsafe[key])
        found.append(None if not is_fixed else "safe" if seen[key] <= safe[key] else "unsafe")
    return found


def _fixed(outcomes: Iterable[FixOutcome]) -> Counter[FindingKey]:
    return Counter(key_of(finding) for outcome in outcomes for finding, _ in outcome.fixed)


def outcomes_of(inspection: CheckRun, *, unsafe: bool, paths: Collection[str] | None = None) -> Iterator[FixOutcome]:
    """Fix every file in memory, or those of these paths, one history after the other."""
    wanted: dict[str, list[Finding]] = {}
    reported: dict[str, list[Finding]] = {}
    for finding in inspection.report.findings:
        reported.setdefault(finding.path, []).append(finding)
        if finding.fix is not None and (paths is None or finding.path in paths):
            wanted.setdefault(finding.path, []).append(finding)
    if not wanted:
        return
    from mrt_lint.fix.session import FixSession  # noqa: PLC0415  brings the rules, which what is remembered does without

    settings = with_statistics(inspection.settings)
    lock = settings.root / LOCK_FILE
    content = read_file(lock) if lock.exists() else None

    def breaks(path: str, before: bytes, after: bytes) -> bool:
        return breaks_lock(content, shown(lock), path, before, after)

    for sources, readings, known in inspection.engine.readings(inspection.names):
        here = replace(settings, target=replace(settings.target, search_path=known.target.search_path))
        session = FixSession(sources, readings, here, unsafe=unsafe, breaks=breaks)
        yield from (session.fix(path, wanted[path], reported[path]) for path in sources if path in wanted)
