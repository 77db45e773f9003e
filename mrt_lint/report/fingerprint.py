"""What identifies a finding when lines have moved: its revision, its message, and its number among equal ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mrt_lint.cache.store import digest
from mrt_lint.model.finding import Finding
from mrt_lint.report import UnreadCall
from mrt_lint.report.location import in_repository


def key_of(finding: Finding) -> tuple[str, str, str]:
    """Return what stays when a line moves, or the file is renamed: the revision (the path if none is known), code and message."""
    # a table that grows makes no new finding
    return finding.revision or in_repository(finding.path), finding.code, finding.message.removesuffix(finding.size)


def with_fingerprints(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Yield each finding with a name of its own, which is the same in the next run."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        key = key_of(finding)
        seen[key] += 1
        yield finding, digest(*key, str(seen[key]))


def with_names(calls: Iterable[UnreadCall]) -> Iterator[tuple[UnreadCall, str]]:
    """Yield each call that could not be read with a name of its own, which is the same in the next run."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for unread in calls:
        key = in_repository(unread.path), unread.source, unread.why
        seen[key] += 1
        yield unread, digest(*key, str(seen[key]))
