"""What a fixer sees: one file in its present state, its history, and the other files of that history."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.fix.imported_names import ImportedNames
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.source_text import SourceText
from mrt_lint.history import History
from mrt_lint.model.context import DatabaseTarget, RuleContext
from mrt_lint.model.finding import Finding
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.values import DIALECTS


class FixContext:
    """One migration, its text, and its history. Raises NoFix if the file cannot be edited."""

    def __init__(
        self,
        content: bytes,
        migration: Migration,
        rule_context: RuleContext,
        sources: Mapping[str, bytes],
        texts: dict[str, SourceText],
    ) -> None:
        self.content = content
        self.migration = migration
        self.rule_context = rule_context
        self._sources = sources
        self._texts = texts  # of every file, kept from one finding to the next
        self.text = self._text_of(migration.path)

    @property
    def target(self) -> DatabaseTarget:
        """The database that the migrations are written for."""
        return self.rule_context.target

    @property
    def history(self) -> History:
        """The history. Raises NoFix if there is none."""
        if self.rule_context.history is None or not isinstance(self.migration.revision, str):
            raise NoFix("the revision's place in the history is not known")
        return self.rule_context.history

    @cached_property
    def case(self) -> MigrationCase:
        """The migration as rules see it."""
        return MigrationCase(self.migration, self.rule_context)

    @cached_property
    def names(self) -> ImportedNames:
        """How this file calls Alembic and SQLAlchemy."""
        return ImportedNames(self.text)

    @property
    def dialects(self) -> tuple[str, ...]:
        """The databases that have to be thought of: the declared one, or all that migrations are commonly run on."""
        declared = self.target.dialect
        return (declared,) if declared is not None else ("postgresql", "mysql", "sqlite")

    def text_of(self, migration: Migration) -> SourceText:
        """Return the text of another file of the history. Raises NoFix if it cannot be read."""
        if migration.path not in self._sources:
            raise NoFix(f"the file of revision {migration.revision} is not available")
        return self._text_of(migration.path)

    def _text_of(self, path: str) -> SourceText:
        if path not in self._texts:
            self._texts[path] = SourceText(self._sources[path])
        return self._texts[path]

    def op_at(self, finding: Finding, *kinds: type[Op]) -> Op:
        """Return the operation of upgrade() or downgrade() that a finding is about. Raises NoFix if that is not known."""
        every = (*self.migration.upgrade_ops, *self.migration.downgrade_ops)
        found = [op for op in every if op.origin == finding.place and isinstance(op, kinds)]
        if len(found) != 1:
            raise NoFix("several operations are written as one" if found else "it is no plain call")
        return found[0]

    @staticmethod
    def runs_on(op: Op, dialect: str) -> bool:
        """Return whether an operation runs on a dialect according to its guard."""
        return op.dialects is None or dialect in op.dialects or dialect not in DIALECTS
