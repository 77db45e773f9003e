"""What was found about a revision. Standard library only."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mrt_lint.escape import printable

if TYPE_CHECKING:
    from mrt_runtime.half_way import HalfWayStep
    from mrt_runtime.migrate.observer import ObservedStep

OLD_RELEASE = "old-release-breaks"
NEW_RELEASE = "new-release-breaks"
"""Kinds of what other releases can no longer do; outcomes only on request, for the rollback is none the worse."""


WRITTEN = "With rows written after the upgrade: "
"""How what is reported of a failure with rows "written" begins."""


class Outcome(enum.Enum):
    """The first thing that went wrong, or that nothing did."""

    REVERSIBLE = "reversible"
    DATA_LOSS = "data-loss"
    SCHEMA_NOT_RESTORED = "schema-not-restored"
    UPGRADE_FAILED = "upgrade-failed"
    DOWNGRADE_FAILED = "downgrade-failed"
    REUPGRADE_FAILED = "reupgrade-failed"
    UNPROVEN = "unproven"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    NOT_REACHED = "not-reached"
    OVER_BUDGET = "over-budget"
    ORDER_MATTERS = "order-matters"
    OLD_RELEASE_BREAKS = OLD_RELEASE
    NEW_RELEASE_BREAKS = NEW_RELEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExample:
    """A row before and after, as it is shown: column and value, only the key and what changed where it was not lost as a whole.

    `before` is None for a row that was not there before, `after` for one that is not there any more.
    """

    before: dict[str, str] | None
    after: dict[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRefusal:
    """What a database refused rows for: "null", "too large", "duplicate", "reference" or "check"; the column where it names one.

    sqlstate: the code of the error, where the driver passes one on.
    """

    kind: str
    sqlstate: str = ""
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that a rollback did not bring back, or one step that failed.

    `kind` is the outcome's word that this failure alone would lead to ("data-loss", …). `message` is one line with fixed first
    words: "Table 'users': 3/3 rows lost after rollback". `evidence` are further lines (sample rows, the database's error, a
    traceback's last line), `examples` the sample rows among it. `file` and `line` name the operation in the migration where it
    is known. `refusal` says what was wrong with the rows where the database refused them, `rows` with which rows alone it was seen:
    "written" after the upgrade, or those of an adjustment such as "edges" (of their types).
    """

    kind: str
    message: str
    table: str | None = None
    column: str | None = None
    evidence: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    examples: tuple[RowExample, ...] = ()
    refusal: RowRefusal | None = None
    rows: str = ""

    def __str__(self) -> str:
        return self.message

    @property
    def place(self) -> str:
        """The file and the line of the operation; empty where they are not known."""
        return f"{self.file}:{self.line}" if self.file and self.line else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingDeploy:
    """What the release before the revision does after the upgrade, and the one after it once the upgrade is rolled back.

    tables: those whose statements were tried; `untried` says of a table why not all of them were. breaks: what fails, of the kinds
    "old-release-breaks" and "new-release-breaks".
    """

    tables: tuple[str, ...] = ()
    untried: dict[str, str] = field(default_factory=dict)
    breaks: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulFailure:
    """A failure that was seen with some rows only, and the warning that reports it."""

    failure: Failure
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetStatement:
    """The line of a statement that changed no row, and the sentence that reports it."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of checking one revision; `seconds` is wall time, `unseeded` maps a table to the database's reason.

    behind: the revision that is in the way of one that was not reached. shares_reason: whether `reason` is that of several
    revisions, which no one gave for this one. steps: what the upgrade and the downgrade took, where that was observed. half_way:
    what became of them when they were stopped and run again, where that was tried. doubts, unmet: what some of the warnings are
    about. rolling: what other releases can do, where that was tried.
    """

    revision: str
    down_revision: tuple[str, ...] = ()
    outcome: Outcome
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    unseeded: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    behind: str | None = None
    shares_reason: bool = False
    steps: tuple[ObservedStep, ...] = ()
    half_way: tuple[HalfWayStep, ...] = ()
    rolling: RollingDeploy | None = None
    doubts: tuple[DoubtfulFailure, ...] = ()
    unmet: tuple[UnmetStatement, ...] = ()

    def __repr__(self) -> str:
        """Fit in the line that pytest shows of `assert result.passed`."""
        what = "".join(f": {printable(failure.message)}" for failure in self.failures[:1])
        more = f" (and {len(self.failures) - 1} more)" if len(self.failures) > 1 else ""
        return f"<{printable(self.revision)} {self.outcome.value}{what}{more}>"

    @property
    def passed(self) -> bool:
        """Whether the revision may be deployed: reversible, or skipped with a reason."""
        return self.outcome in {Outcome.REVERSIBLE, Outcome.SKIPPED}

    @property
    def skipped(self) -> bool:
        """Whether it was not checked, by agreement."""
        return self.outcome is Outcome.SKIPPED

    @property
    def skip_reason(self) -> str:
        """Why it was not checked; empty if it was."""
        return self.reason if self.skipped else ""

    @property
    def risk_score(self) -> int:
        """25 for each failure, 100 at most, as pytest-mrt 1 counted."""
        return min(100, 25 * len(self.failures))

    def failure_summary(self) -> str:
        """One line "  - …" for each failure, its place in the migration on a line below; empty when it passed."""
        lines = [f"  - not reached: {printable(self.reason)}"] if self.outcome is Outcome.NOT_REACHED else []
        for failure in self.failures:
            lines.append(f"  - {printable(failure.message)}")
            lines += [f"    {printable(failure.place)}"] if failure.place else []
        return "\n".join(lines)


class ToldObstacles:
    """Says why revisions were not reached: whole the first time, and in two words for all others behind the same one."""

    def __init__(self) -> None:
        self._reported: set[str] = set()

    def shorten(self, verdict: Verdict) -> Verdict:
        """Return the verdict, its reason shortened where it was reported before."""
        if verdict.behind is None or verdict.behind not in self._reported:
            self._reported |= {verdict.behind} if verdict.behind is not None else set()
            return verdict
        return replace(verdict, reason=f"behind {verdict.behind}", shares_reason=True)
