"""The words for an outcome, the same in every report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mrt_lint.escape import printable
from mrt_runtime.verdict import Outcome, Verdict

PHRASES = {
    Outcome.REVERSIBLE: "reversible",
    Outcome.DATA_LOSS: "data loss detected",
    Outcome.SCHEMA_NOT_RESTORED: "schema not restored",
    Outcome.UPGRADE_FAILED: "upgrade failed",
    Outcome.DOWNGRADE_FAILED: "downgrade failed",
    Outcome.REUPGRADE_FAILED: "second upgrade failed",
    Outcome.UNPROVEN: "unproven",
    Outcome.TIMED_OUT: "timed out",
    Outcome.SKIPPED: "skipped",
    Outcome.NOT_REACHED: "not reached",
    Outcome.OVER_BUDGET: "over the budget",
    Outcome.ORDER_MATTERS: "order of branches matters",
    Outcome.OLD_RELEASE_BREAKS: "older release breaks",
    Outcome.NEW_RELEASE_BREAKS: "newer release breaks",
}
CONCLUSIONS = {
    "will cause data loss on rollback": (Outcome.DATA_LOSS,),
    "cannot be rolled back safely": (Outcome.SCHEMA_NOT_RESTORED, Outcome.DOWNGRADE_FAILED, Outcome.REUPGRADE_FAILED),
    "failed to upgrade": (Outcome.UPGRADE_FAILED,),
    "timed out": (Outcome.TIMED_OUT,),
    "went over the budget": (Outcome.OVER_BUDGET,),
    "depend on the order of branches": (Outcome.ORDER_MATTERS,),
    "break another release": (Outcome.OLD_RELEASE_BREAKS, Outcome.NEW_RELEASE_BREAKS),
    "could not be proven": (Outcome.UNPROVEN,),
    "could not be reached": (Outcome.NOT_REACHED,),
}
"""What the last line says of how many revisions, the worst first."""


NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}


def name_database(facts: Mapping[str, str], setting: str) -> str:
    """Describe what was verified on: a rollback that works on one database may not on another.

    facts: as `Verification.facts` returns them; setting: how the reader would name a database.
    """
    dialect = facts["dialect"]
    if dialect == "sqlite":
        return f"Verified on SQLite. With {setting}, on the database that you deploy to."
    warning = facts.get("isolation_warning", "")
    words = f"Verified on {NAMES.get(dialect, dialect)} {facts['version']}, beside {facts['url']}."
    return printable(words + (warning and f" {warning}"))


def describe(verdict: Verdict) -> str:
    """Describe the outcome in two or three words, with the reason of one that was not checked."""
    phrase = PHRASES[verdict.outcome]
    return f"{phrase}: {printable(verdict.reason)}" if verdict.reason else phrase


def conclude(verdicts: Sequence[Verdict]) -> str:
    """Describe in one line what the whole run found: the last line of the guide's picture."""
    count = Counter(verdict.outcome for verdict in verdicts)
    failed = sum(not verdict.passed for verdict in verdicts)
    counts = {words: sum(count[outcome] for outcome in outcomes) for words, outcomes in CONCLUSIONS.items()}
    parts = [f"{number} migration(s) {words}" for words, number in counts.items() if number]
    if not failed:
        reversible = count[Outcome.REVERSIBLE]
        parts = [f"All {reversible} migration(s) are safely reversible" if reversible else "No migration was checked"]
    if count[Outcome.SKIPPED]:
        parts.append(f"{count[Outcome.SKIPPED]} skipped")
    return ", ".join(parts)


def explain(verdicts: Sequence[Verdict]) -> str:
    """Write the message of a failed test: each revision that failed with all there is to say, and what it comes to."""
    failed = [f"revision {printable(verdict.revision)}: {expound(verdict)}" for verdict in verdicts if not verdict.passed]
    return "\n".join([*failed, conclude(verdicts)])


def summarize(verdicts: Sequence[Verdict]) -> str:
    """Write the message of a failed test beside the picture: a line for each revision that failed."""
    failed = (verdict for verdict in verdicts if not verdict.passed)
    return "\n".join(f"revision {printable(verdict.revision)}: {expound(verdict).partition(chr(10))[0]}" for verdict in failed)


def expound(verdict: Verdict) -> str:
    """Write all there is to say about one revision, the evidence included; the first line is the first thing that went wrong."""
    if not verdict.failures:
        return describe(verdict)
    lines = []
    for failure in verdict.failures:
        lines.append(printable(failure.message))
        lines += [f"  {printable(failure.place)}"] if failure.place else []
        lines += [f"    {printable(line)}" for line in failure.evidence]
    return "\n".join(lines)
