"""What a run that observed locks and rewrites says about a finding that foresees them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mrt_lint.model.finding import Finding
from mrt_report.run_mark import CONFIRMED, NOT_MET, REFUTED, RunMark
from mrt_runtime.config_discovery import LOCK_MODES
from mrt_runtime.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from mrt_runtime.migrate.observer import HeldLock, ObservedStatement, ObservedStep


class LockClaim(NamedTuple):
    """What a finding foresees of its statement, at least.

    mode: the lock on the table. rewrites, reads: whether the table is, from end to end. earlier: whether a statement before it took
    the lock, which is still held.
    """

    mode: str = "SHARE"
    rewrites: bool = False
    reads: bool = False
    earlier: bool = False


CLAIMS: Final[Mapping[str, LockClaim]] = {
    "MRT213": LockClaim("ACCESS EXCLUSIVE", reads=True),
    "MRT404": LockClaim("ACCESS EXCLUSIVE", rewrites=True),
    "MRT405": LockClaim("ACCESS EXCLUSIVE", rewrites=True),
    "MRT407": LockClaim("SHARE"),
    "MRT420": LockClaim("ACCESS EXCLUSIVE"),
    "MRT422": LockClaim("SHARE ROW EXCLUSIVE"),
    "MRT423": LockClaim("ACCESS EXCLUSIVE", reads=True),
    "MRT424": LockClaim("SHARE ROW EXCLUSIVE", earlier=True),
    "MRT425": LockClaim("ACCESS EXCLUSIVE"),
    "MRT426": LockClaim("ACCESS EXCLUSIVE"),
    "MRT427": LockClaim("ACCESS EXCLUSIVE", rewrites=True),
    "MRT428": LockClaim("SHARE"),
    "MRT429": LockClaim("SHARE"),
    "MRT430": LockClaim("ACCESS EXCLUSIVE", rewrites=True),
    "MRT438": LockClaim("ACCESS EXCLUSIVE", earlier=True),
    "MRT802": LockClaim("SHARE", earlier=True),
}
"""By code. Source: PostgreSQL's manual, Explicit Locking; a weaker lock than it foresees refutes a finding."""

BY_ALGORITHM: Final = frozenset({"MRT404", "MRT422", "MRT423", "MRT427", "MRT433"})
"""Findings that foresee on MySQL and MariaDB that writes wait: the clause under which the server makes the change says so."""
OPEN: Final = ("INSTANT", "LOCK=NONE")
"""How an algorithm ends under which others write meanwhile."""


def mark_locks(finding: Finding, verdict: Verdict) -> RunMark | None:
    """Return whether statements of the finding's lines did to others what it foresees; None where nothing was observed."""
    upgrade = next((step for step in verdict.steps if step.name == "upgrade"), None)
    if upgrade is None:
        return None
    own = [one for one in upgrade.statements if finding.place.holds(one.line)]
    return _mark_algorithm(finding, own) or _mark_lock(finding, own, upgrade, verdict)


def _mark_algorithm(finding: Finding, own: Sequence[ObservedStatement]) -> RunMark | None:
    """Return whether writes wait for the statements; None where no algorithm was observed."""
    found = [one.algorithm for one in own if one.algorithm]
    if finding.code not in BY_ALGORITHM or not found:
        return None
    closed = next((algorithm for algorithm in found if not algorithm.endswith(OPEN)), None)
    if closed is not None:
        return RunMark(CONFIRMED, f"the server makes the change by {closed}")
    return RunMark(REFUTED, f"the server makes the change by {found[0]}, and others write meanwhile")


def _mark_lock(finding: Finding, own: Sequence[ObservedStatement], upgrade: ObservedStep, verdict: Verdict) -> RunMark | None:
    """Return whether the statements locked and rewrote what the finding foresees; None where it foresees nothing of the kind."""
    claim = CLAIMS.get(finding.code)
    if claim is None:
        return None
    if not own:
        return RunMark(NOT_MET, "no statement of this line came to its end")
    if all(one.locks is None for one in own):
        return RunMark(NOT_MET, "the locks of this statement are not known")
    met = next((why for one in own for why in confirm(finding, claim, one, upgrade.statements)), None)
    if met is not None:
        return RunMark(CONFIRMED, met)
    if claim.reads and _may_be_empty(finding, own, upgrade, verdict):
        return RunMark(NOT_MET, "the table held no rows when it ran")
    return RunMark(REFUTED, contradict(finding, claim, own, upgrade.statements))


def _may_be_empty(finding: Finding, own: Sequence[ObservedStatement], upgrade: ObservedStep, verdict: Verdict) -> bool:
    """Return whether nothing was there to be read: rows stopped the upgrade, so that it ran without them, or none could be made."""
    if any(failure.kind == Outcome.UPGRADE_FAILED.value for failure in verdict.failures):
        return True
    held = [one for statement in own for one in choose(finding, hold(statement, upgrade.statements, earlier=False))]
    return any(one.lock.table in verdict.unseeded for one in held)


def confirm(
    finding: Finding, claim: LockClaim, statement: ObservedStatement, statements: Sequence[ObservedStatement]
) -> Iterator[str]:
    """Yield what was observed of a statement, where it is all that a finding foresees."""
    held = choose(finding, hold(statement, statements, earlier=claim.earlier))
    strong = [one for one in held if one.lock.strength >= LOCK_MODES.index(claim.mode)]
    for one in sorted(strong, key=lambda one: -one.lock.strength)[:1]:
        table = one.lock.table
        if claim.rewrites and table not in statement.rewritten:
            continue
        if claim.reads and not statement.scanned.get(table):
            continue
        more = ", and rewrote it" if claim.rewrites else ", and read all of its rows" if claim.reads else ""
        until = "still held" if claim.earlier else "took"
        yield f"it {until} {one.lock.mode} on {one.lock.relation}{more}"


def contradict(
    finding: Finding, claim: LockClaim, own: Sequence[ObservedStatement], statements: Sequence[ObservedStatement]
) -> str:
    """Return what was observed in place of what a finding foresees."""
    held = [one for statement in own for one in choose(finding, hold(statement, statements, earlier=claim.earlier))]
    strongest = max(held, key=lambda one: one.lock.strength, default=None)
    if strongest is None:
        return "no lock was held on a table that was there before"
    if strongest.lock.strength < LOCK_MODES.index(claim.mode):
        return f"the strongest lock was {strongest.lock.mode} on {strongest.lock.relation}"
    return f"{strongest.lock.table} was not rewritten" if claim.rewrites else f"the rows of {strongest.lock.table} were not read"


def hold(statement: ObservedStatement, statements: Sequence[ObservedStatement], *, earlier: bool) -> Iterator[HeldLock]:
    """Yield the locks on tables that are held while a statement runs: those of statements before it, and else its own as well."""
    for other in statements:
        if other is statement:
            if not earlier:
                yield from (one for one in (statement.locks or {}).values() if one.lock.kind != "index")
            return
        for one in (other.locks or {}).values():
            if one.lock.kind != "index" and other.started + one.seconds > statement.started:
                yield one


def choose(finding: Finding, held: Iterator[HeldLock]) -> list[HeldLock]:
    """Return the locks on what a finding names; all where it names none of it."""
    found = list(held)
    named = set(re.findall(r"\w+", finding.message.lower()))
    about = [one for one in found if one.lock.table.rpartition(".")[2].lower() in named]
    return about or found
