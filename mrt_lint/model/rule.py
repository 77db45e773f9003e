"""What a rule is, with the examples that are its tests. Standard library only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar

from mrt_lint.model.advice import with_literals
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.lean import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrt_lint.analysis.case import MigrationCase
    from mrt_lint.history import History
    from mrt_lint.model.context import RuleContext
    from mrt_lint.model.migration import Migration
    from mrt_lint.model.ops import Op
    from mrt_lint.model.values import SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A migration that a rule reports (`bad`) or not (`good`): a test and a part of the rule's page.

    `source` is the body of the file after its header; a line with a finding ends in `# MRTxxx`. `title` is what
    it shows. `target` is the declared database, `before` and `after` the other
    migrations of its history, oldest first. Where the history itself is the point, `files` holds whole files instead, by name.
    """

    title: str
    source: str = ""
    target: DatabaseTarget = field(default_factory=DatabaseTarget)
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectWording:
    """A message and advice that replace a rule's own on a database or in a case that is different; None: the rule's consequence."""

    message: str
    instead: str
    consequence: Consequence | None = None


class Rule(ABC):
    """One dangerous pattern. The docstring's first line names it; the rest explains why it hurts in production.

    `consequence` is what the pattern comes to. `message` and `instead` are format strings, filled from what `self.found()` is
    given; text in «…» of `instead` becomes a Python string literal. `manual` cites what the rule rests on. An opt-in rule
    (`default = False`) applies only when selected.
    `for_small_tables` is set where what hurts does not depend on how many rows a table has.
    `fix` is the kind of fix that `mrt check --fix` knows, `fixes` describes what it writes and when it does not.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    consequence: ClassVar[Consequence]
    message: ClassVar[str]
    instead: ClassVar[str]
    bad: ClassVar[tuple[Example, ...]]
    good: ClassVar[tuple[Example, ...]]
    default: ClassVar[bool] = True
    for_small_tables: ClassVar[bool] = False
    dialects: ClassVar[tuple[str, ...]] = ()
    exemptions: ClassVar[tuple[str, ...]] = ()
    manual: ClassVar[tuple[str, ...]] = ()
    fix: ClassVar[FixSafety | None] = None
    fixes: ClassVar[str] = ""

    @abstractmethod
    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield the findings in one migration; pure: the same migration and context yield the same findings."""

    def found(
        self, migration: Migration, at: Op | SourceSpan, wording: DialectWording | None = None, /, **names: object
    ) -> Finding:
        """Make a finding at an operation or place, message and advice filled in with the user's own names."""
        place = at if not hasattr(at, "origin") else at.origin or migration.place
        return Finding(
            path=migration.path,
            place=place,
            code=self.code,
            name=self.name,
            severity=self.severity,
            consequence=_in_place((wording and wording.consequence) or self.consequence, names.get("function")),
            revision=migration.revision if isinstance(migration.revision, str) else None,
            message=(wording or self).message.format(**names),
            instead=with_literals((wording or self).instead.format(**names)),
            # another wording is about another database, and what goes along has no call of its own to undo
            fix=self.fix if wording is None and not getattr(at, "along_with", "") else None,
        )


def _in_place(consequence: Consequence, function: object) -> Consequence:
    """Return what a failure comes to in the function that it is in, where a rule is about both."""
    failures = {"upgrade": Consequence.DEPLOY_FAILS, "downgrade": Consequence.ROLLBACK_FAILS}
    return failures.get(str(function), consequence) if consequence in failures.values() else consequence


class HistoryRule(Rule):
    """A pattern that only the revision graph shows; it checks no single migration."""

    def check(self, case: MigrationCase) -> Iterator[Finding]:  # noqa: ARG002 - the graph is looked at as a whole
        """Yield nothing."""
        return iter(())

    @abstractmethod
    def check_history(self, history: History, context: RuleContext) -> Iterator[Finding]:
        """Yield the findings in the graph, each at the file that has to change."""
