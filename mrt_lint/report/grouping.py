"""Findings as people read them: equal ones of a file together, and with each what follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mrt_lint.model.finding import Finding
from mrt_lint.model.lean import dataclass
from mrt_lint.report.attachment import attach

_FEW: Final = 2
"""As many equal findings are shown in full each: to fold one of two saves little, and costs its names."""
# messages that differ in nothing else are shown as one
_NAMES: Final = re.compile(r"'[^']*'|\([^()]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """A finding to show in full, what is attached to it, and the equal ones of the same file that are only counted."""

    first: Finding
    attached: tuple[Finding, ...] = ()
    others: tuple[Finding, ...] = ()


def group(findings: Iterable[Finding]) -> list[FindingGroup]:
    """Return the findings in groups, in the order of the first of each.

    Findings are equal that have the same code, words and attached codes, and differ only in names.
    """
    findings = tuple(findings)
    leaders = attach(findings)
    attached: dict[Finding, list[Finding]] = {}
    for finding, leader in leaders.items():
        attached.setdefault(leader, []).append(finding)
    equal: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        if finding not in leaders:
            codes = tuple(other.code for other in attached.get(finding, ()))
            equal.setdefault((finding.path, finding.code, _NAMES.sub("", finding.message), codes), []).append(finding)
    groups: dict[Finding, FindingGroup] = {}
    for alike in equal.values():
        shown, others = (alike, []) if len(alike) <= _FEW else (alike[:1], alike[1:])
        for first in shown:
            groups[first] = FindingGroup(first=first, attached=tuple(attached.get(first, ())), others=tuple(others))
    return [groups[finding] for finding in findings if finding in groups]
