"""A rehearsal on a terminal: the picture of a verification, and under each revision what its lines took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mrt_lint.escape import printable
from mrt_runtime.databases.observation import LOCK_MODES
from mrt_runtime.migrate.observer import HeldLock, ObservedStatement
from mrt_runtime.rehearse.result import CopyFacts, RehearsedRevision, RehearsedStep
from mrt_runtime.report.terminal import DIM, YELLOW, TerminalReport
from mrt_runtime.report.wording import NAMES
from mrt_runtime.secret import conceal
from mrt_runtime.verdict import Verdict

MOST_STATEMENTS = 8  # shown of one step, the slowest
WIDTH = 72  # characters shown of a statement
NOTABLE = LOCK_MODES.index("SHARE UPDATE EXCLUSIVE")
"""Weaker locks are those of every query and every write."""
NOTABLE_GROWTH = 1e6
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


class RehearsalReport(TerminalReport):
    """Draws on one stream, see `TerminalReport`."""

    def introduce(self, facts: CopyFacts) -> None:
        """Write what was copied, and where it stands."""
        at = f"at {', '.join(map(printable, facts.heads))}" if facts.heads else "before the first revision"
        held = f"{count(facts.tables, 'table')} with {count(facts.rows, 'row')}"
        self._write(f"  A copy of {held} ({spell_size(facts.size)}) was made in {spell_time(facts.seconds)}. It is {at}.", "")

    def show_revision(self, revision: RehearsedRevision) -> None:
        """Draw one revision: its verdict, then its steps."""
        self.show(revision.verdict)
        for step in revision.steps:
            self._write(*self._step(step, Path(revision.file).name))

    def end_with(self, verdicts: Sequence[Verdict], facts: CopyFacts) -> None:
        """Draw the conclusion, and say on what it was reached."""
        if verdicts:
            self.end(verdicts)
        else:
            self._write("  Nothing is pending: the database has run every revision of the history.", "")
        database = facts.database
        where = NAMES.get(database["dialect"], "SQLite")
        locks = "" if facts.shows_locks else f" {where} does not show afterwards which locks a statement took, so none are listed."
        warning = database.get("isolation_warning", "")
        words = f"Rehearsed on {where} {database['version']}, on a copy of {database['url']}, which was only read.{locks}"
        self._write("  " + printable(words + (warning and f" {warning}")), "")

    def _step(self, step: RehearsedStep, file: str) -> Iterator[str]:
        growth = (
            f"   {'+' if step.growth > 0 else '-'}{spell_size(abs(step.growth))} on the disk"
            if abs(step.growth) >= NOTABLE_GROWTH
            else ""
        )
        yield f"     {step.name:<14} {spell_time(step.seconds)}{growth}"
        slowest = sorted(step.statements, key=lambda one: -one.seconds)[:MOST_STATEMENTS]
        # what is done a second time is known from the first
        shown = [one for one in step.statements if one in slowest] if step.name != "second upgrade" else []
        for statement in shown:
            place = self._style.paint(f"{printable(file)}:{statement.line}", DIM)
            times = f" ({statement.count:,} times)" if statement.count > 1 else ""
            yield f"       {place}  {spell_time(statement.seconds)}{times}  {cut(printable(conceal(statement.text)))}"
            for note in describe(statement):
                yield f"         {self._style.paint(printable(note), YELLOW)}"
        if len(shown) < len(step.statements) and shown:
            yield self._style.paint(f"       and {len(step.statements) - len(shown)} faster statements", DIM)


def describe(statement: ObservedStatement) -> Iterator[str]:
    """Describe what others notice of a statement: its locks on tables, and what was read or written as a whole."""
    notable = [held for held in (statement.locks or {}).values() if held.lock.strength >= NOTABLE and held.lock.kind != "index"]
    for mode in reversed(LOCK_MODES):
        held = [one for one in notable if one.lock.mode == mode]
        if held:
            yield f"{mode} on {join_names([one.lock.relation for one in held])} for {spell_time(longest(held))}"
    if statement.rewritten:
        yield f"writes {join_names(statement.rewritten)} anew"
    if statement.scanned:
        # a look for one row in a table of twelve is not worth a line
        read = [f"{rows:,} rows of {table}" for table, rows in statement.scanned.items() if rows >= 1000]  # noqa: PLR2004  see above
        if read:
            yield f"reads {', '.join(read)}"


def longest(held: Sequence[HeldLock]) -> float:
    """Return the longest time that one of the locks was held."""
    return max(one.seconds for one in held)


def join_names(names: Sequence[str]) -> str:
    """Return names in a row, the first few of many."""
    rest = len(names) - 4
    return ", ".join(names[:4]) + (f" and {rest} more" if rest > 0 else "")


def cut(text: str) -> str:
    """Return a statement as it fits in a line."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, thousands apart."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spell_time(seconds: float) -> str:
    """Return a time as people read it."""
    if seconds >= 90:  # noqa: PLR2004  below that seconds are read at a glance
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def spell_size(size: float) -> str:
    """Return a number of bytes as people read it."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size:.0f} bytes"
