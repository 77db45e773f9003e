"""Which findings follow from another one, or are about the very same statement: people read them together."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final

from mrt_lint.model.finding import Finding

_TABLE: Final = re.compile(r"table '([^']+)'")
_POINTING: Final = re.compile(r"foreign key (?:'[^']+' )?of table '([^']+)' still points to it")

_QUOTED: Final = re.compile(r"'([^']+)'")
_NOT_AS: Final = re.compile(r"by that name and not as '([^']+)'")


def attach(findings: Iterable[Finding]) -> dict[Finding, Finding]:
    """Return, for each finding that is read with another one, that other, which is read with none. Only what is certain counts."""
    findings = tuple(findings)
    leaders: dict[Hashable, Finding] = {}
    for finding in findings:
        for subject in (read_subject(finding) for read_subject in _LEADERS.get(finding.code, ())):
            if subject is not None:
                # the first of several: findings come in the order of the file
                leaders.setdefault((finding.path, finding.code, subject), finding)
    pairs: dict[Finding, Finding] = {}
    for finding in findings:
        subjects = [(code, read(finding)) for codes, read in _FOLLOWERS.get(finding.code, ()) for code in codes]
        leader = next((leaders[key] for code, subject in subjects if (key := (finding.path, code, subject)) in leaders), None)
        if leader is not None and (finding.code not in _LATER or leader.place < finding.place):
            pairs[finding] = leader
    return pairs


def _revision(finding: Finding) -> Hashable:
    """Return the revision: where its downgrade() does nothing, it undoes nothing of it."""
    return finding.revision


def _statement(finding: Finding) -> Hashable:
    """Return a statement with the first table that the finding names: a loop brings several tables to one place."""
    table = _TABLE.search(finding.message)
    return table and (finding.place, table[1])


def _undropped_key(finding: Finding) -> Hashable:
    """Return the table whose foreign key downgrade() fails to drop, None where it fails to drop something else."""
    table = _TABLE.search(finding.message)
    return table and table[1] if finding.message.startswith("downgrade") and "foreign key" in finding.message else None


def _pointing_key(finding: Finding) -> Hashable:
    """Return the table whose foreign key keeps another table from being dropped."""
    table = _POINTING.search(finding.message)
    return table and table[1]


def _wrong_name(finding: Finding) -> Hashable:
    """Return the name by which downgrade() drops what does not have it."""
    names = _QUOTED.findall(finding.message)
    return ("name", names[-1]) if names and finding.message.startswith("downgrade") else None


def _not_dropped(finding: Finding) -> Hashable:
    """Return the wrong name by which downgrade() drops what is in the way now."""
    name = _NOT_AS.search(finding.instead)
    return name and ("name", name[1])


_LEADERS: Final[Mapping[str, tuple[Callable[[Finding], Hashable], ...]]] = {
    "MRT101": (_revision,),
    "MRT102": (_revision,),
    "MRT116": (_undropped_key, _wrong_name),
    "MRT117": (_wrong_name,),
    "MRT406": (_statement,),
    "MRT422": (_statement,),
}
_FOLLOWERS: Final[Mapping[str, tuple[tuple[tuple[str, ...], Callable[[Finding], Hashable]], ...]]] = {
    "MRT103": ((("MRT101", "MRT102"), _revision),),
    "MRT104": ((("MRT101", "MRT102"), _revision),),
    "MRT106": ((("MRT101", "MRT102"), _revision),),
    "MRT112": ((("MRT116",), _pointing_key), (("MRT116", "MRT117"), _not_dropped)),
    "MRT204": ((("MRT422",), _statement),),
    "MRT407": ((("MRT406",), _statement),),
}
"""A code, the codes that it may be read with, and what both have to be about. No code is in both tables."""
_LATER: Final = frozenset({"MRT112"})
"""Codes that follow only from what comes before them in the file."""
