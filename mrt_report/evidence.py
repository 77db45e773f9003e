"""Whether a failure of the run is what a finding of the check foresees, and not something else that went wrong at its place."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.model.finding import Consequence, Finding
from mrt_report.explanation import WHOLE, can_explain, explains, find_quoted, names_same
from mrt_runtime.verdict import OLD_RELEASE, Failure, Outcome

FORESEEN: Final = {
    Consequence.ROLLBACK_FAILS: frozenset({Outcome.DOWNGRADE_FAILED.value, Outcome.REUPGRADE_FAILED.value}),
    Consequence.ROLLBACK_LOSES_DATA: frozenset({Outcome.DATA_LOSS.value}),
    Consequence.ROLLBACK_LEAVES_THINGS: frozenset({Outcome.SCHEMA_NOT_RESTORED.value, Outcome.REUPGRADE_FAILED.value}),
}
"""What a finding foresees, in the words of failures: one of these at its very line is what it meant, whatever its code."""
EXACT: Final = frozenset({"MRT201", "MRT202", "MRT208"})
"""Findings about the values of one column or table: what is lost elsewhere, even by the same line, is not what they foresee."""
LEFT: Final = frozenset({"MRT104", "MRT106", "MRT110", "MRT114", "MRT503"})
"""Findings about what a rollback leaves: one that fails leaves all of it, whatever they say."""
DESTROYS: Final = "MRT113"
"""Foresees a loss that may be of an object, or end in a failure, as its message says."""
REFUSED: Final = {
    "null": r"NOT NULL|nullable was yes and becomes no|default was",
    "too large": r"value is (longer|larger)|type was",
    "duplicate": r"\bunique\b",
}
"""What a finding says that foresees rows being refused, by what they were refused for."""
OF_ROWS: Final = frozenset({"MRT111", "MRT120"})
"""Findings about what refuses rows, if it says so."""


def is_evidence(finding: Finding, failure: Failure, file: str | None) -> bool:
    """Return whether a failure is what a finding foresees: of its kind, and at its line or about what both name."""
    code = finding.code
    loses = finding.consequence is Consequence.ROLLBACK_LOSES_DATA
    if loses and code != DESTROYS and failure.kind not in FORESEEN[finding.consequence]:
        return False
    if code in LEFT and failure.kind == Outcome.DOWNGRADE_FAILED.value:
        return False
    if code in EXACT:
        return can_explain(finding, failure) and names_same(finding, failure, file)
    is_at = finding.place.holds(failure.line)
    said = _refused(failure)
    if said is not None and code in OF_ROWS:
        return re.search(said, finding.message) is not None and _is_same_column(finding, failure, file, is_at=is_at)
    if said is not None and finding.consequence is not Consequence.ROLLBACK_FAILS and code not in WHOLE:
        return False
    return (is_at and failure.kind in FORESEEN[finding.consequence]) or explains(finding, failure, file)


def is_break(finding: Finding, failure: Failure) -> bool:
    """Return whether what the older release cannot do any more is what a finding about it foresees: of the same column or table."""
    if failure.kind != OLD_RELEASE:
        return False
    named = {tuple(name.split(".")) for name in find_quoted(finding.message)}
    table = tuple((failure.table or "").lower().split("."))
    of_table = (table[-1:], table)
    if any(name in named for name in of_table):
        return True
    return failure.column is not None and any((*name, failure.column.lower()) in named for name in of_table)


def _is_same_column(finding: Finding, failure: Failure, file: str | None, *, is_at: bool) -> bool:
    """Return whether a database refused what a finding is about: the column that it names, else what is at the line."""
    column = failure.refusal.column if failure.refusal is not None else None
    if column is None:
        return is_at or names_same(finding, failure, file)
    return column.lower() in {name.rpartition(".")[2] for name in find_quoted(finding.message)}


def _refused(failure: Failure) -> str | None:
    """Return what a finding says that foresees the rows being refused as they were; None where something else failed."""
    if failure.kind != Outcome.DOWNGRADE_FAILED.value or failure.refusal is None:
        return None
    return REFUSED.get(failure.refusal.kind)
