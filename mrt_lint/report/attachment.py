"""Which findings follow from another one, or are about the very same statement: people read them together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from mrt_lint.model.finding import Finding

_NAME: Final = re.compile(r"table '([^']+)'")
_POINTING: Final = re.compile(r"foreign key (?:'[^']+' )?of table '([^']+)' still points to it")


def attach(findings: Iterable[Finding]) -> dict[Finding, Finding]:
    """Return, for each finding that is read with another one, that other, which is read with none. Only what is certain counts."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.path, []).append(finding)
    pairs: dict[Finding, Finding] = {}
    for here in by_file.values():
        for finding in here:
            relations = _RELATIONS.get(finding.code, {})
            leaders = (other for other in here if other.code in relations and relations[other.code](finding, other))
            leader = next(leaders, None)
            if leader is not None:
                pairs[finding] = leader
    return pairs


def _in_one_revision(finding: Finding, leader: Finding) -> bool:
    """Return whether both are about one revision: where downgrade() does nothing, it cannot undo this either."""
    return finding.revision == leader.revision


def _in_one_statement(finding: Finding, leader: Finding) -> bool:
    """Return whether both are about the same table in one statement; a loop brings several tables to one place."""
    return finding.place == leader.place and _table(finding) == _table(leader) is not None


def _behind_the_foreign_key(finding: Finding, leader: Finding) -> bool:
    """Return whether a drop is refused because of a foreign key whose own drop fails earlier in the same downgrade()."""
    pointing = _POINTING.search(finding.message)
    fails_first = leader.message.startswith("downgrade") and "foreign key" in leader.message and leader.place < finding.place
    return pointing is not None and fails_first and pointing[1] == _table(leader)


def _table(finding: Finding) -> str | None:
    name = _NAME.search(finding.message)
    return name and name[1]


_WITHOUT_DOWNGRADE: Final = {"MRT101": _in_one_revision, "MRT102": _in_one_revision}
_RELATIONS: Final[Mapping[str, Mapping[str, Callable[[Finding, Finding], bool]]]] = {
    "MRT103": _WITHOUT_DOWNGRADE,
    "MRT104": _WITHOUT_DOWNGRADE,
    "MRT106": _WITHOUT_DOWNGRADE,
    "MRT112": {"MRT116": _behind_the_foreign_key},
    "MRT204": {"MRT422": _in_one_statement},
    "MRT407": {"MRT406": _in_one_statement},
}
"""A code, and the codes that it may follow, with what has to hold. No code is on both sides."""
