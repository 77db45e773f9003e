"""What the check of one revision has brought to light so far."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mrt_runtime.compare.blame import place_of, shorten
from mrt_runtime.compare.executed_upgrade import ExecutedUpgrade
from mrt_runtime.compare.rows import TableRows
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.databases.sentences import name_some
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migrate.observer import ObservedStep
from mrt_runtime.seed.adjustment import LEFT_OUT, TABLES_APART, Adjustment
from mrt_runtime.seed.obstacle import Obstacle
from mrt_runtime.verdict import WRITTEN, DoubtfulFailure, Failure, Outcome, RollingDeploy, UnmetStatement, Verdict
from mrt_runtime.verify.budget import find_excess
from mrt_runtime.verify.stamp import Disturbed

MOST_ROWS_NAMED = 3
LONGEST_ROWS = 160  # characters of rows, unless a single one is longer
ADVICE = "; custom_seeds can supply a row that it changes"
WITHOUT_ROWS = ": as the upgrade fails with rows, this was judged without them"
LEFT = ("left behind after rollback", "after the second")


@dataclass(slots=True)
class RevisionFindings:
    """Failures and warnings in the order in which they were found.

    `before` and `first` are the looks before the upgrade and after it; `written` counts the rows that were written to each table
    between up and down, `disturbed` are the tables and columns that this changed in other rows, `unmet` are the statements of the
    upgrade that changed no row, `executed` is all that it executed, `stopped_by` is the failure of a step, after
    which nothing more was tried, `is_about_existence` is whether that was for what is there already, or is not, and `obstacle` what
    is known of the values of rows where they may be the reason. `is_bare` is whether tables were left without rows for it.
    """

    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    before: Snapshot | None = None
    first: Snapshot | None = None
    written: Mapping[str, int] = field(default_factory=dict)
    disturbed: Disturbed = frozenset()
    stopped_by: Failure | None = None
    is_about_existence: bool = False
    obstacle: Obstacle | None = None
    unmet: Sequence[UnmetStatement] = ()
    executed: ExecutedUpgrade | None = None
    is_bare: bool = False
    doubts: list[DoubtfulFailure] = field(default_factory=list)

    def add(self, other: RevisionFindings) -> None:
        """Take over what a comparison found."""
        self.failures += other.failures
        self.warnings += other.warnings

    def add_hidden(self, rowless: RevisionFindings, *, can_be_excused: bool = False) -> None:
        """Take over what the check without rows found, which names the upgrade's failure first.

        can_be_excused: whether all rows were made up. That failure only warns then, where their values were the reason.
        """
        failure = self.failures[-1]
        self.failures[-1:] = rowless.failures
        self.warnings += rowless.warnings
        obstacle = self.obstacle if can_be_excused and rowless.first is not None else None
        if obstacle is not None and not obstacle.is_doubtful:
            self.failures = [one for one in self.failures if one is not failure]
            self.before, self.first, self.unmet, self.is_bare = rowless.before, rowless.first, rowless.unmet, True
            adjustment = Adjustment.REFUSED if obstacle.is_guard else Adjustment.UNREADABLE
            self._doubt_with(failure, adjustment, ["of all tables"], obstacle)
        else:  # the statement that failed met rows
            self.unmet = [
                replace(one, message=one.message.removesuffix(ADVICE) + WITHOUT_ROWS)
                for one in rowless.unmet
                if one.line != failure.line
            ]

    def add_risk(self, risky: RevisionFindings, *, fatal: bool) -> None:
        """Take over what went wrong only with rows written after the upgrade: as failures, or else as warnings.

        Left out: what concerns a table that fails without such rows too, what a trigger did when they were written, and that
        such rows, or others which they need, are still there, after the rollback or after the second upgrade.
        """
        known = {failure.table or failure.kind for failure in self.failures}
        for failure in risky.failures:
            is_known = (failure.table or failure.kind) in known or (failure.table, failure.column) in risky.disturbed
            if is_known or failure.message.endswith(LEFT):
                continue
            message = f"{WRITTEN}{failure.message}"
            if fatal:
                self.failures.append(replace(failure, message=message, rows="written"))
            else:
                self._doubt(failure, "written", f"{message}{_place(failure)}")

    def is_free_of(self, failure: Failure) -> bool:
        """Whether what stopped a step elsewhere did not stop it here: another line, or another error, is another fault."""
        return self.stopped_by is None or identify(self.stopped_by) != identify(failure)

    def add_excess(self, steps: Sequence[ObservedStep], budget: Mapping[str, Any]) -> None:
        """Add what is over the budget: as warnings, or as failures where the budget says so."""
        for failure in find_excess(steps, budget):
            if budget.get("fail"):
                self.failures.append(failure)
            else:
                self.warnings.append(f"{failure.message}{place_of(failure.file, failure.line)}")

    def add_breaks(self, rolling: RollingDeploy | None, *, fatal: bool) -> None:
        """Add what other releases can no longer do, each with its line: as failures, or as warnings."""
        breaks = rolling.breaks if rolling is not None else ()
        if fatal:
            self.failures += breaks
        else:
            self.warnings += [f"{failure.message}{_place(failure)}" for failure in breaks]

    def report_unmet(self, step: HistoryStep, *, fatal: bool) -> None:
        """Add which statements changed no row: as warnings, or as what stays unproven."""
        for one in self.unmet:
            if fatal or self.is_bare:
                self.failures.append(Failure(kind=Outcome.UNPROVEN.value, message=one.message, file=shorten(step.file)))
            else:
                self.warnings.append(one.message)

    def replace_by(self, judged: RevisionFindings, adjustment: Adjustment, rows: Sequence[str]) -> RevisionFindings:
        """Return what was found with adjusted rows, with what stopped a step before.

        A row with NULL is one that an application writes, so its failure stays, unless the migration itself asks for others; other
        rows that it may never write only warn. Where a table is left without rows, what no row meets is not proven.
        """
        failure = self.stopped_by
        if failure is None:
            return judged
        judged.warnings[:0] = self.warnings
        judged.doubts[:0] = self.doubts
        is_kept = adjustment is Adjustment.NULLS and not (self.obstacle is not None and self.obstacle.is_guard)
        judged.failures[:0] = self.failures[: self.failures.index(failure) + is_kept]
        if adjustment in LEFT_OUT:
            judged.is_bare = True
        else:  # the statement that failed met rows, which are not there any more
            judged.unmet = [unmet for unmet in judged.unmet if unmet.line != failure.line]
        if is_kept:
            return judged
        if adjustment in TABLES_APART:
            judged._leave_out_repeated(failure)
        judged._doubt_with(failure, adjustment, rows, self.obstacle)
        return judged

    def replace_by_readable(self, judged: RevisionFindings, named: Sequence[tuple[Sequence[str], Failure]]) -> RevisionFindings:
        """Return what was found with values that a step can read; named: the others in words, with what it failed with."""
        judged.warnings[:0] = self.warnings
        judged.doubts[:0] = self.doubts
        judged.failures[:0] = [one for one in self.failures if one is not self.stopped_by]
        for values, failure in named:
            some = name_some(values, MOST_ROWS_NAMED, "; ")
            warning = f"Only with {some}, so judged with ones that it reads: {failure.message}{_place(failure)}"
            judged._doubt(failure, "converted", warning)
        return judged

    def _leave_out_repeated(self, failure: Failure) -> None:
        """Leave out that rows written after the upgrade bring about the same failure: they are in the same table."""
        cause = failure.message.partition(": ")[2]
        again = [one for one in self.doubts if one.failure.line == failure.line and one.failure.message.endswith(cause)]
        self.doubts = [one for one in self.doubts if one not in again]
        self.warnings = [warning for warning in self.warnings if all(warning != one.warning for one in again)]

    def excuse(
        self, lost: Sequence[Failure], judged: RevisionFindings, adjustment: Adjustment, rows: Sequence[str]
    ) -> RevisionFindings:
        """Return what was found with adjusted rows, which lacks some of the losses: these only warn.

        Nothing is excused where a statement is unmet for it: what only such rows meet is meant for them.
        """
        if {one.line for one in judged.unmet} - {one.line for one in self.unmet}:
            return self
        known = {(failure.kind, failure.table, failure.column) for failure in judged.failures}
        gone = [failure for failure in self.failures if (failure.kind, failure.table, failure.column) not in known]
        judged.failures += [failure for failure in gone if failure not in lost]
        judged.warnings[:0] = self.warnings
        judged.doubts[:0] = self.doubts
        for failure in gone:
            if failure in lost:
                judged._doubt_with(failure, adjustment, rows)
        return judged

    def _doubt_with(self, failure: Failure, adjustment: Adjustment, rows: Sequence[str], obstacle: Obstacle | None = None) -> None:
        """Report a failure that was seen only with rows that were adjusted since; obstacle: what is known of their values."""
        met = obstacle.met if obstacle is not None and adjustment is Adjustment.UNREADABLE else ""
        named = met or _name_within(rows)
        warning = f"Only with {adjustment.value} ({named}): {failure.message}{_place(failure)}"
        self._doubt(failure, adjustment.name.lower(), warning + advise(adjustment, rows, self._weigh_words(failure)))

    def _doubt(self, failure: Failure, rows: str, warning: str) -> None:
        """Report a failure that was seen with some rows only as a warning."""
        self.warnings.append(warning)
        self.doubts.append(DoubtfulFailure(failure=replace(failure, rows=rows), warning=warning))

    def _weigh_words(self, failure: Failure) -> Callable[[str], tuple[bool, bool]]:
        """Return what says of a table whether the line that failed names it, and one of its columns."""
        line = linecache.getline(failure.file, failure.line) if failure.file and failure.line else ""
        words, tables = set(re.findall(r"\w+", line)), self.before.schema.tables if self.before is not None else ()
        named = {table.label for table in tables if words & {column.name for column in table.columns}}
        return lambda label: (label.rpartition(".")[2] in words, label in named)

    @property
    def may_hide_loss(self) -> bool:
        """Whether rows were written to a table from which the upgrade removed some: under the same keys they look like those."""
        if self.before is None or self.first is None:
            return False
        befores, firsts = self.before.rows.tables, self.first.rows.tables
        return any(have_gone(befores[label], firsts[label]) for label in self.written if label in befores and label in firsts)

    @property
    def outcome(self) -> Outcome:
        """What went wrong first; that something stays unproven counts only where nothing else went wrong."""
        kinds = [Outcome(failure.kind) for failure in self.failures]
        proven = [kind for kind in kinds if kind is not Outcome.UNPROVEN]
        return next(iter(proven or kinds), Outcome.REVERSIBLE)

    def verdict(self, revision: str, down_revision: tuple[str, ...], seconds: float, unseeded: Mapping[str, str]) -> Verdict:
        """Close the check."""
        return Verdict(
            revision=revision,
            down_revision=down_revision,
            outcome=self.outcome,
            seconds=seconds,
            failures=tuple(self.failures),
            warnings=tuple(dict.fromkeys(self.warnings)),
            unseeded=dict(unseeded),
            doubts=tuple(self.doubts),
            unmet=tuple(self.unmet),
        )


def advise(adjustment: Adjustment, rows: Sequence[str], weigh: Callable[[str], tuple[bool, bool]]) -> str:
    """Return which rows a project can give in place of those that were left out: of the table that weighs most."""
    labels = [row.split("'")[1] for row in rows if "'" in row] if adjustment in (*LEFT_OUT, Adjustment.GUARDED) else []
    return f"; custom_seeds={{'{max(labels, key=weigh)}': …}} can supply other rows" if labels else ""


def _name_within(rows: Sequence[str]) -> str:
    """Return as many of the rows as leave the error behind them in sight, at least one."""
    named = [name_some(rows, most, "; ") for most in range(MOST_ROWS_NAMED, 0, -1)]
    return next((text for text in named if len(text) <= LONGEST_ROWS), named[-1])


def _place(failure: Failure) -> str:
    """Return the place of a step's failure as the end of a warning, which has none of its own."""
    return place_of(failure.file, failure.line) if failure.kind != Outcome.DATA_LOSS.value else ""


def identify(failure: Failure) -> tuple[str, int | None, str]:
    """Return what identifies the failure of a step whatever the rows: its kind, its line and the error's class."""
    _, _, cause = failure.message.partition(": ")
    return failure.kind, failure.line, cause.partition(":")[0]


def have_gone(before: TableRows, first: TableRows) -> bool:
    """Whether a row that was there is no longer there, by its key or else by the number of rows."""
    key = before.key
    if len(first.rows) < len(before.rows) or not key or not set(key) <= set(first.columns):
        return len(first.rows) < len(before.rows)
    return not set(map(repr, before.project(key))) <= set(map(repr, first.project(key)))
