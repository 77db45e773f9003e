"""A rehearsal on a terminal: the picture of a verification, and under each revision what its lines took."""

from __future__ import annotations

from collections.abc import Sequence

from mrt_lint.escape import printable
from mrt_runtime.rehearse.result import CopyFacts
from mrt_runtime.report.observed_text import spell_size, spell_time
from mrt_runtime.report.terminal import TerminalReport
from mrt_runtime.report.wording import NAMES
from mrt_runtime.verdict import Verdict


class RehearsalReport(TerminalReport):
    """Draws on one stream, see `TerminalReport`."""

    def introduce(self, facts: CopyFacts) -> None:
        """Write what was copied, and at which revision it is."""
        at = f"at {', '.join(map(printable, facts.heads))}" if facts.heads else "before the first revision"
        held = f"{count(facts.tables, 'table')} with {count(facts.rows, 'row')}"
        part = "" if facts.subset is None else f", a sample of {count(facts.subset, 'row')} a table with all that they refer to,"
        self._write(f"  A copy of {held}{part} ({spell_size(facts.size)}) was made in {spell_time(facts.seconds)}. It is {at}.", "")

    def end_with(self, verdicts: Sequence[Verdict], facts: CopyFacts) -> None:
        """Draw the conclusion, and say on what it was reached."""
        if verdicts:
            self.end(verdicts)
        else:
            self._write("  Nothing is pending: the database has run every revision of the history.", "")
        database = facts.database
        where = NAMES.get(database["dialect"], "SQLite")
        locks = "" if facts.shows_locks else f" {where} does not show afterwards which locks a statement took, so none are listed."
        if facts.traffic is False:
            locks += f" {where} locks the whole database for as long as a migration writes, so there was no traffic to measure."
        warning = database.get("isolation_warning", "")
        words = f"Rehearsed on {where} {database['version']}, on a copy of {database['url']}, which was only read.{locks}"
        self._write("  " + printable(words + (warning and f" {warning}")), "")


def count(number: int, noun: str) -> str:
    """Return a number with its noun, thousands apart."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
