"""What a revision that declares itself irreversible loses for good: said in one finding, and agreed to with one reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Raise

_IRREVERSIBLE: Final = "MRT115"
_MOVED: Final = "MRT208"
_CHANGED: Final = "MRT303"
_LOST: Final = {
    **dict.fromkeys(("MRT201", "MRT202"), ""),
    **dict.fromkeys(("MRT203", "MRT214"), "the rows of "),
    **dict.fromkeys(("MRT103", "MRT215", "MRT303"), "former values of "),
    "MRT104": "some rows of ",
}
"""The rules about what upgrade() takes, and what of the thing that their messages name first is lost."""
_SUBJECT: Final = re.compile(r"(?:column|table) '[^']+'|(?:columns|tables) '[^']+'(?: and '[^']+')+")
_MOST: Final = 5
_ADVICE: Final = "keep what is lost in another table ('mrt explain {code}'), from which downgrade() brings it back"


def fold_losses(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings without those about what is lost in an irreversible revision: the one that calls it so names that instead.

    It is as severe as the worst of them.
    """
    leaders = {(finding.path, finding.revision): finding for finding in findings if finding.code == _IRREVERSIBLE}
    losses: dict[Finding, list[Finding]] = {}
    kept: list[Finding] = []
    for finding in findings:
        leader = leaders.get((finding.path, finding.revision)) if _is_loss(finding) else None
        if leader is not None:
            losses.setdefault(leader, []).append(finding)
        else:
            kept.append(finding)
    return [_with_losses(finding, losses[finding]) if finding in losses else finding for finding in kept]


def is_agreed(finding: Finding, revisions: Iterable[str | None]) -> bool:
    """Return whether a finding is about what is lost in one of these revisions, which are irreversible by agreement."""
    return _is_loss(finding) and finding.revision in revisions


def irreversible(migrations: Iterable[Migration]) -> set[str | None]:
    """Return the revisions whose downgrade() raises whatever happens."""
    return {
        migration.revision if isinstance(migration.revision, str) else None
        for migration in migrations
        if any(isinstance(op, Raise) and op.certain for op in migration.downgrade_ops)
    }


def _is_loss(finding: Finding) -> bool:
    return finding.code in {*_LOST, _MOVED} and finding.consequence is Consequence.ROLLBACK_LOSES_DATA


def _with_losses(finding: Finding, losses: list[Finding]) -> Finding:
    """Return the finding that a revision is irreversible with what is lost in it, and what is only moved elsewhere."""
    moved = [loss for loss in losses if loss.code == _MOVED]
    gone = [loss for loss in losses if loss.code != _MOVED and not _may_keep_all(loss)]
    if not (gone or moved):
        return finding
    message = finding.message + (f", and this is lost for good: {_listed(gone)}" if gone else "")
    if moved:
        message += f"; nothing brings back what it moves elsewhere: {_listed(moved)}"
    worst = next((loss for loss in gone if loss.severity is Severity.ERROR), losses[0])
    return replace(
        finding,
        severity=worst.severity if gone else finding.severity,
        message=message,
        instead=f"{finding.instead}; or {_ADVICE.format(code=worst.code)}",
    )


def _may_keep_all(loss: Finding) -> bool:
    """Return whether a type changes of which nothing is known: it may take each value as it is."""
    return loss.code == _CHANGED and _SUBJECT.search(loss.message) is None


def _listed(losses: list[Finding]) -> str:
    """Return what findings are about, the first few of it by name."""
    subjects = ((_LOST.get(loss.code, ""), _SUBJECT.search(loss.message)) for loss in losses)
    parts = list(dict.fromkeys(of + (found[0] if found else "a table whose name could not be read") for of, found in subjects))
    return ", ".join([*parts[:_MOST], *([f"{len(parts) - _MOST} more"] if len(parts) > _MOST else [])])
