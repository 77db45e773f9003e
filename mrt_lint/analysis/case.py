"""A migration as the rules see it, with the exemptions that hold for all of them.

A table that this upgrade created is empty and not in use yet; a dialect guard and a declared dialect are trusted; what could
not be read is never reported as a mistake. Each of these is decided here once, so that no rule repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import dropwhile, islice, takewhile
from typing import Protocol, TypeVar, overload

from mrt_lint.analysis.chosen_operations import chosen, has_any
from mrt_lint.analysis.downgrade import DowngradeAnalysis, StateBefore, UndoStatus
from mrt_lint.analysis.downgrade.definition import describe, effective
from mrt_lint.analysis.downgrade.known_schema import KnownSchema, known_before
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.analysis.question_budget import QuestionBudget
from mrt_lint.history.schema import fold, place
from mrt_lint.model import ops
from mrt_lint.model.context import RuleContext
from mrt_lint.model.dialects import FAMILY, admits, named
from mrt_lint.model.finding import Consequence
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, Constraint
from mrt_lint.online import ServerVersion

_A = TypeVar("_A", bound=Op)
_B = TypeVar("_B", bound=Op)
_C = TypeVar("_C", bound=Op)
_D = TypeVar("_D", bound=Op)
_Reason = TypeVar("_Reason")


class RuleScope(Protocol):
    """The part of a rule that decides which operations it applies to."""

    @property
    def dialects(self) -> tuple[str, ...]:
        """The databases that the rule is about; empty for all."""

    @property
    def consequence(self) -> Consequence:
        """What the rule's pattern comes to."""

    @property
    def for_small_tables(self) -> bool:
        """Whether what hurts does not depend on how many rows a table has."""


class MigrationCase:
    """A migration and everything that a rule may ask about it; what is expensive is computed when a rule first asks."""

    def __init__(self, migration: Migration, context: RuleContext) -> None:
        self.target = context.target
        self.history = context.history
        self.migration = migration = migration if self.history is None else self.history.names.of(migration)
        self.irreversible = context.irreversible
        self.small_tables = context.small_tables
        self.sizes = context.sizes
        self._analyses: dict[str, DowngradeAnalysis] = {}
        self._known: dict[str, KnownSchema] = {}
        self._kinds = frozenset(map(type, migration.upgrade_ops))
        self.questions = QuestionBudget()

    def known_schema(self, dialect: str) -> KnownSchema:
        """Return what the history knows of the schema at the revision's parents."""
        if dialect not in self._known:
            self._known[dialect] = known_before(self.migration.revision, self.history, dialect)
        return self._known[dialect]

    @cached_property
    def lacks_downgrade(self) -> bool:
        """Whether downgrade() is missing or does nothing, so that nothing more need be said of what it does not undo."""
        downgrade = self.migration.downgrade
        return downgrade is None or not (downgrade.ops or not self.is_readable("downgrade"))

    def is_readable(self, function: str) -> bool:
        """Return whether every call of a function could be read, as far as it runs on the declared database."""
        return self.migration.readable(function, self.target.dialect)

    @overload
    def ops_for(self, rule: RuleScope, one: type[_A], /, *, new_tables: bool = False, along: bool = False) -> Iterator[_A]: ...
    @overload
    def ops_for(
        self, rule: RuleScope, one: type[_A], two: type[_B], /, *, new_tables: bool = False, along: bool = False
    ) -> Iterator[_A | _B]: ...
    @overload
    def ops_for(
        self,
        rule: RuleScope,
        one: type[_A],
        two: type[_B],
        three: type[_C],
        /,
        *,
        new_tables: bool = False,
        along: bool = False,
    ) -> Iterator[_A | _B | _C]: ...
    @overload
    def ops_for(
        self,
        rule: RuleScope,
        one: type[_A],
        two: type[_B],
        three: type[_C],
        four: type[_D],
        /,
        *,
        new_tables: bool = False,
        along: bool = False,
    ) -> Iterator[_A | _B | _C | _D]: ...
    def ops_for(self, rule: RuleScope, *kinds: type[Op], new_tables: bool = False, along: bool = False) -> Iterator[Op]:
        """Return the upgrade operations of these kinds that the rule applies to.

        Left out is what runs only on databases that the rule is not about and, unless `new_tables` is set, what concerns a table
        that this upgrade created; of what only blocks also what concerns a small table; and what fails there for certain and is
        caught. `along` adds the drop of what goes along with something else.
        """
        # most rules are about nothing that a migration does
        return chosen(self, rule, kinds, new_tables=new_tables, along=along) if along or has_any(self._kinds, kinds) else iter(())

    def operations(self, function: str) -> tuple[Op, ...]:
        """Return the operations of upgrade() or downgrade(), with those of what goes along, on the declared database."""
        return tuple(self._analysis(self.target.dialect or "postgresql").operations[function])

    def function_of(self, op: Op) -> tuple[Op, ...]:
        """Return the operations of the function that contains one."""
        downgrade = self.migration.downgrade_ops
        return downgrade if any(other is op for other in downgrade) else self.migration.upgrade_ops

    def earlier(self, op: Op) -> Iterator[Op]:
        """Yield the operations of the same function before one."""
        return takewhile(lambda other: other is not op, self.function_of(op))

    def later(self, op: Op) -> Iterator[Op]:
        """Yield the operations of the same function behind one."""
        return islice(dropwhile(lambda other: other is not op, self.function_of(op)), 1, None)

    def runs(self, op: Op, dialects: tuple[str, ...] = ()) -> bool:
        """Return whether an operation runs on one of these databases (none given: any), as far as its guard and the target say."""
        declared = self.target.dialect
        if declared is not None:
            return admits(op.dialects, declared) and (not dialects or admits(dialects, declared))
        # without a declared database, what a guard merely does not exclude is no reason to report
        spoken_of = set(op.dialects or ("postgresql",)) - (FAMILY if self.server(op) is None else set())
        return not dialects or any(admits(dialects, dialect) for dialect in spoken_of)

    def dialect(self, op: Op) -> str:
        """Return the database on which an operation is judged: the declared one, else PostgreSQL where it runs there."""
        if self.target.dialect is not None:
            return self.target.dialect
        if op.dialects is None or "postgresql" in op.dialects:
            return "postgresql"
        meant = sorted(op.dialects, key=lambda dialect: dialect == "mariadb")  # either of the two is MySQL to most
        return next((dialect for dialect in meant if admits(op.dialects, dialect)), "postgresql")

    def server(self, op: Op) -> ServerVersion | None:
        """Return the MySQL or MariaDB on which an operation is judged, None if it is not known to be one of them."""
        dialect = self.dialect(op)
        if dialect not in FAMILY or (self.target.dialect is None and dialect not in named(op.dialects)):
            return None
        return ServerVersion(dialect, self.target.mysql_version if dialect == "mysql" else self.target.mariadb_version)

    def analysis(self, op: Op) -> DowngradeAnalysis:
        """Return the account of both functions on the database on which an operation is judged."""
        self.questions.spend()
        return self._analysis(self.dialect(op))

    def _analysis(self, dialect: str) -> DowngradeAnalysis:
        if dialect not in self._analyses:
            self._analyses[dialect] = DowngradeAnalysis(self.migration, dialect, self.known_schema(dialect))
        return self._analyses[dialect]

    def failing(
        self, operations: Iterable[Op], reasons: Callable[[DowngradeAnalysis], Mapping[int, _Reason]]
    ) -> Iterator[tuple[Op, _Reason]]:
        """Yield the operations that cannot run, each with the reason that `reasons` takes from the analysis."""
        for op in operations:
            reason = reasons(self.analysis(op)).get(id(op)) if self.runs(op) and not op.caught else None
            if reason:
                yield op, reason

    def state_before(self, op: Op) -> StateBefore:
        """Return what was so when an upgrade operation came."""
        return self.analysis(op).state_before(op)

    def undone(self, op: Op, action: str | None = None) -> UndoStatus:
        """Return what becomes of an upgrade operation in downgrade(); `action` narrows it to one setting or to the renaming."""
        return self.analysis(op).undone(op, action)

    def has_counterpart(self, op: Op, *kinds: type[Op], but: Callable[[Op], bool] = lambda _: False) -> UndoStatus:
        """Return whether downgrade() has an operation of these kinds on the same table."""
        return self.analysis(op).has_counterpart(op, *kinds, but=but)

    def tracked(self, op: Op) -> TrackedObject | None:
        """Return the object that an operation affects, None if its names could not be read."""
        effects = self.analysis(op).effects.get(id(op), ())
        return effects[0].tracked if effects else None

    def current_names(self, op: Op) -> dict[str, str]:
        """Return the names that what an operation made has in the end, where upgrade() gave another: its "table", its "own"."""
        effect = next((effect for effect in self.analysis(op).effects.get(id(op), ()) if effect.action == "made"), None)
        if effect is None or effect.tracked is None:
            return {}
        found: dict[str, str] = {}
        table = effect.tracked if isinstance(effect.tracked, TrackedTable) else effect.tracked.table
        if isinstance(table, TrackedTable) and table.current_key != place(
            getattr(op, "schema", None), str(getattr(op, "table", ""))
        ):
            found["table"] = table.current_key[1]
        key = effect.namespace.key_of(effect.tracked, effect.key)
        if key != effect.key and not isinstance(effect.tracked, TrackedTable):
            found["own"] = str(key[-1] if isinstance(key, tuple) else key)
        return found

    def kind(self, op: ops.DropConstraint) -> str | None:
        """Return the kind of the constraint that is dropped, from the operation or the history."""
        constraint = self.tracked(op)
        known = constraint.definition if constraint is not None else None
        if readable(op.kind):
            return op.kind
        return known.kind if isinstance(known, Constraint) else None

    def returns_as_another_kind(self, op: ops.DropConstraint) -> bool:
        """Return whether the constraint that finally replaces a dropped one is of another kind."""
        now = self.analysis(op).successor(op)
        kind = self.kind(op)
        return kind is not None and now is not None and isinstance(now.definition, Constraint) and now.definition.kind != kind

    def existed_before(self, op: ops.DropIndex) -> bool:
        """Return whether an index that is dropped was there before this upgrade, on a table that stays.

        Unknown of one without a name or under a condition; one that the history would know, had it been made, was not there.
        """
        index = self.tracked(op)
        if index is None and (self.analysis(op).effects.get(id(op)) or not op.certain):
            return False
        gone = index is not None and index.table is not None and not index.table.exists
        return not gone and (index is None or index.creator is None)

    def makes_constraint(self, op: ops.ValidateConstraint) -> bool:
        """Return whether this upgrade makes the constraint that an operation validates, in the same transaction."""
        table = self.state_before(op).table
        return any(
            isinstance(other, ops.CreateConstraint)
            and not other.autocommit
            and other.constraint == op.constraint
            and self.state_before(other).table is table
            for other in self.migration.upgrade_ops
        )

    def former_checks(self, op: Op) -> tuple[Constraint, ...]:
        """Return the CHECK constraints of an operation's table that the history knows."""
        table = self.state_before(op).table
        known = self.known_schema(self.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
        return tuple(known.known_constraints("check")) if known is not None else ()

    def cascading_child(self, op: Op) -> str | None:
        """Return a table, known from the history, that points to an operation's table with ON DELETE CASCADE."""
        table = self.state_before(op).table
        if not isinstance(table, TrackedTable):
            return None
        for other in self.known_schema(self.dialect(op)).schema.tables():
            for key in other.known_constraints("foreignkey"):
                cascades = readable(key.ondelete) and fold(key.ondelete) == "cascade"
                if cascades and readable(key.referred_table) and place(key.referred_schema, key.referred_table) == table.origin:
                    return other.name
        return None

    def moves_rows(self, op: ops.DropColumn | ops.DropTable) -> bool:
        """Return whether what is dropped is created again in the same upgrade, or its rows were moved elsewhere before."""
        analysis = self.analysis(op)
        successor = analysis.successor(op)
        # made again by upgrade(); what downgrade() makes again comes back without its rows
        again = successor is not None and id(successor.creator) not in analysis.reverse
        return again or (isinstance(op, ops.DropTable) and analysis.keeps_rows(op))

    def difference(self, op: Op) -> str:
        """Return one clause that describes how the final replacement of a dropped object differs from it."""
        analysis = self.analysis(op)
        before, now = self.tracked(op), analysis.successor(op)
        if isinstance(before, TrackedTable) and isinstance(now, TrackedTable):
            return analysis.reversals.difference(before, now) or "it differs"
        return describe(before.definition, effective(now)) if before is not None and now is not None else "it differs"

    def former_index(self, op: ops.DropIndex) -> ops.CreateIndex:
        """Return an index that is dropped as it was, its columns UNKNOWN if the history does not show them."""
        index = self.tracked(op)
        known = index.definition if index is not None else None
        table, schema = UNKNOWN if op.table is None else op.table, op.schema
        if isinstance(known, ops.CreateIndex):
            return replace(
                known, table=known.table if op.table is None else table, schema=known.schema if schema is None else schema
            )
        return ops.CreateIndex(index=op.index, table=table, schema=schema, columns=UNKNOWN)

    def before(self, op: ops.AlterColumn, setting: str) -> object:
        """Return a column's setting ("type", …) just before an operation, UNKNOWN if neither operation nor history shows it."""
        return self.state_before(op).settings.get(setting, UNKNOWN)

    def originally(self, op: ops.AlterColumn, setting: str) -> object:
        """Return a column's setting before this upgrade, UNKNOWN if neither operation nor history shows it."""
        column = self.tracked(op)
        existing = getattr(op, f"existing_{setting}", UNSET)
        return column.former.get(setting, UNKNOWN) if column is not None else UNKNOWN if existing is UNSET else existing
