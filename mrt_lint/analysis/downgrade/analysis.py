"""Whether downgrade() undoes what upgrade() does, object by object: one implementation for every rule that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from mrt_lint.analysis.downgrade.absent_objects import find_missing_object
from mrt_lint.analysis.downgrade.batch_rebuild import RebuildLoss, lasting_losses
from mrt_lint.analysis.downgrade.conflict import Conflict, ConflictKind
from mrt_lint.analysis.downgrade.effects import apply
from mrt_lint.analysis.downgrade.existing_objects import find_existing_object
from mrt_lint.analysis.downgrade.known_schema import KnownSchema
from mrt_lint.analysis.downgrade.refusal import find_duplicate, find_misfit, find_refusal, find_upgrade_conflict
from mrt_lint.analysis.downgrade.reversal import ReversalChecker, UndoStatus
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.state_before import StateBefore, find_state
from mrt_lint.analysis.downgrade.tracked_objects import ObjectEffect, TrackedObject, TrackedTable, readable
from mrt_lint.history.doubt import Doubts
from mrt_lint.history.effects import effects_of
from mrt_lint.history.schema import fold, object_place
from mrt_lint.model import ops
from mrt_lint.model.dialects import admits
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, Constraint, Name, SqlType


class DowngradeAnalysis:
    """Both functions of a migration, simulated on one dialect.

    `operations` are those of each function, each after those of what goes along; `upgrade` and `reverse` are those that run there.
    The mappings are keyed by the id() of an operation, because one upgrade may contain two equal ones: `effects`,
    `states_before`, `duplicates` (which operation of upgrade() makes what is there), `upgrade_conflicts` (which lacks something in
    the schema by then), `order_conflicts` (why an operation of downgrade() cannot run at its position) and
    `missing_objects` (what one of downgrade() needs although it never existed). `after_upgrade` is the schema that upgrade()
    leaves, as far as it is known; `may_do_anything` is True if downgrade() contains something that could not be read, `refuses`
    if it raises an exception.
    """

    def __init__(self, migration: Migration, dialect: str, known_schema: KnownSchema) -> None:
        self.simulated = SimulatedSchema(known_schema, dialect)
        self.states_before: dict[int, StateBefore] = {}
        self.effects: dict[int, tuple[ObjectEffect, ...]] = {}
        self.operations: dict[str, list[Op]] = {"upgrade": [], "downgrade": []}
        self.upgrade: list[Op] = []
        self.reverse: dict[int, Op] = {}
        both = migration.upgrade_ops, migration.downgrade_ops
        upgrade, downgrade = (tuple(op for op in function if admits(op.dialects, dialect)) for function in both)
        self.upgrade_doubts = Doubts(migration, "upgrade", dialect, upgrade)
        self.downgrade_doubts = Doubts(migration, "downgrade", dialect, downgrade)
        self.upgrade_conflicts: dict[int, Conflict] = {}
        self.duplicates: dict[int, Conflict] = {}
        self._misfits: set[Conflict] = set()
        for op in self._run("upgrade", migration.upgrade_ops):
            if not op.along_with and self.upgrade_doubts.is_clear_but_for_names:
                if duplicate := find_duplicate(self.simulated, op):
                    self.duplicates[id(op)] = duplicate
                elif conflict := find_upgrade_conflict(self.simulated, op):
                    self.upgrade_conflicts[id(op)] = conflict
            self.upgrade.append(op)
            if (misfit := find_misfit(self.simulated, op)) is not None and misfit.kind is ConflictKind.MISFIT:
                self._misfits.add(misfit)
            self._follow(op)
        self.after_upgrade = self.simulated.schema
        self.simulated.mark(self.upgrade_doubts)
        self.order_conflicts: dict[int, Conflict] = {}
        self.missing_objects: dict[int, str] = {}
        self.refuses = any(isinstance(op, ops.Raise | ops.InvalidCall) and op.certain for op in downgrade)
        for op in self._run("downgrade", migration.downgrade_ops):
            if not self.refuses and not op.along_with:
                self._judge(op)
            self.reverse[id(op)] = op
            self._follow(op)
        self.reversals = ReversalChecker(self.simulated, self.reverse, self.effects, self.upgrade_doubts)

    def _run(self, function: str, operations: Sequence[Op]) -> Iterator[Op]:
        """Yield the operations that run, each after what it takes along, before the simulated schema follows it."""
        self.simulated.begin(operations)
        for op in operations:
            runs = admits(op.dialects, self.simulated.dialect)
            for one in self.simulated.draft.run(op) if runs else (op,):
                self.operations[function].append(one)
                if runs:
                    yield one

    def _judge(self, op: Op) -> None:
        """Record why an operation of downgrade() cannot run at its place."""
        if missing := find_missing_object(self.simulated, op):
            self.missing_objects[id(op)] = missing
        elif conflict := (
            find_refusal(self.simulated, op)
            or (find_existing_object(self.simulated, op) if self._is_clear_about(op) else None)
            or self._find_misfit(op)
        ):
            self.order_conflicts[id(op)] = conflict

    def _find_misfit(self, op: Op) -> Conflict | None:
        """Return the misfit of a key, unless upgrade() makes one with the same: what ran there runs here, too."""
        misfit = find_misfit(self.simulated, op)
        return None if misfit in self._misfits else misfit

    def _is_clear_about(self, op: Op) -> bool:
        """Return whether nothing that could not be read may have made or dropped what an operation makes."""
        made = effects_of(op).makes
        return not any(doubts.concern_thing(thing) for doubts in (self.upgrade_doubts, self.downgrade_doubts) for thing in made)

    @property
    def may_do_anything(self) -> bool:
        """Whether downgrade() may do what was not read to something that is no part of a table."""
        return self.downgrade_doubts.concern("object")

    def _follow(self, op: Op) -> None:
        self.states_before[id(op)] = find_state(self.simulated, op, may_be_new=self._may_be_new(op))
        self.effects[id(op)] = apply(self.simulated, op)

    @cached_property
    def places(self) -> dict[int, int]:
        """The place of each operation in upgrade(), by its identity."""
        return {id(op): place for place, op in enumerate(self.upgrade)}

    @cached_property
    def dropped(self) -> dict[tuple[int, object], int]:
        """The place in upgrade() where a thing is dropped first, by the identity of its slots and its key."""
        found: dict[tuple[int, object], int] = {}
        for place, op in enumerate(self.upgrade):
            for effect in self.effects[id(op)]:
                if effect.action == "dropped":
                    found.setdefault((id(effect.namespace), effect.key), place)
        return found

    @cached_property
    def _made(self) -> dict[tuple[int, object], list[TrackedObject]]:
        """The objects that upgrade() creates, by the identity of their namespace and their key."""
        found: dict[tuple[int, object], list[TrackedObject]] = {}
        for op in self.upgrade:
            for effect in self.effects[id(op)]:
                if effect.action == "made" and effect.tracked is not None:
                    found.setdefault((id(effect.namespace), effect.key), []).append(effect.tracked)
        return found

    def state_before(self, op: Op) -> StateBefore:
        """Return what was so when an operation came."""
        return self.states_before.get(id(op), StateBefore())

    def _may_be_new(self, op: Op) -> bool:
        """Return whether an unreadable table, or one in an unreadable schema, may be one that this upgrade created there."""
        made = (other for other in self.upgrade if isinstance(other, ops.CreateTable))
        if not readable(name := getattr(op, "table", "")):
            return any(not readable(other.table) for other in made)
        in_unread_schema = getattr(op, "schema", None) is UNKNOWN
        return in_unread_schema and any(other.schema is UNKNOWN and other.table == name for other in made)

    def undone(self, op: Op, action: str | None = None) -> UndoStatus:
        """Return what becomes of an operation.

        `action` narrows it to one setting of `AlterColumn`, to its renaming ("moved") or to the types that a table implied
        ("implied"); without it these are left out.
        """
        everything = self.effects.get(id(op), ())
        effects = [effect for effect in everything if (effect.action == action if action else effect.action != "implied")]
        if not effects:
            replaced = any(other.op.startswith("create") and _family(other) == _family(op) for other in self.upgrade)
            return UndoStatus.UNCERTAIN if self.downgrade_doubts.rows or self.refuses or self.reverse or replaced else UndoStatus.NO
        statuses = {self.reversals.of(effect, op) for effect in effects}
        worst = next(
            status
            for status in (UndoStatus.NO, UndoStatus.REPLACED, UndoStatus.UNCERTAIN, UndoStatus.DIFFERENT, UndoStatus.YES)
            if status in statuses
        )
        is_open = self.refuses or any(map(self.downgrade_doubts.concern_thing, effects_of(op).touched()))
        return UndoStatus.UNCERTAIN if is_open and worst is not UndoStatus.YES else worst

    def has_counterpart(self, op: Op, *kinds: type[Op], but: Callable[[Op], bool] = lambda _: False) -> UndoStatus:
        """Return whether downgrade() has an operation of these kinds on the table of an upgrade operation, or drops that table.

        `but` returns True for those that do not count.
        """
        table = self.state_before(op).table
        if table is not None and not table.exists:
            return UndoStatus.YES
        for answer in self.reverse.values():
            if (
                isinstance(answer, kinds)
                and (table is None or self.state_before(answer).table in {None, table})
                and not but(answer)
            ):
                return UndoStatus.YES
        return UndoStatus.UNCERTAIN if self.downgrade_doubts.rows or self.refuses else UndoStatus.NO

    def keeps_rows(self, op: ops.DropTable | ops.Delete | ops.Truncate) -> bool:
        """Return whether rows that are dropped or deleted were moved before and end up in a table of the same name."""
        table = self.state_before(op).table
        if not isinstance(table, TrackedTable):
            return False
        holders = [other for other in self.simulated.tables.now.values() if isinstance(other, TrackedTable) and table in other.rows]
        return any(self.downgrade_doubts.anything or holder.current_key == table.origin for holder in holders)

    def makes_room_for_own_table(self, op: ops.DropTable) -> bool:
        """Return whether a drop IF EXISTS makes room for a table of this migration: a temporary one, or one that is dropped again.

        Under a condition, which may ask for anything, only one that upgrade() itself takes away again is a passing one.
        """
        cleared = next(iter(self.effects.get(id(op), ())), None)
        if cleared is None or cleared.tracked is None or not cleared.tracked.uncertain:
            return False
        made = self._made.get((id(cleared.namespace), cleared.key), [])
        gone = bool(made) and cleared.namespace.now.get(cleared.key) is None
        if gone and not op.certain and op.if_exists is False:
            touched = (
                effect for other in self.upgrade for effect in self.effects[id(other)] if effect.namespace is cleared.namespace
            )
            gone = any(effect.action in {"moved", "dropped"} and effect.tracked in made for effect in touched)
        return gone or any(isinstance(tracked.creator, ops.CreateTable) and tracked.creator.temporary for tracked in made)

    @property
    def losses(self) -> Iterator[RebuildLoss]:
        """What batch mode left behind on SQLite and nothing brought back, the last time where it came and went."""
        if self.refuses or not (self.upgrade_doubts.is_clear and self.downgrade_doubts.is_clear):
            return
        yield from lasting_losses(self.simulated, lambda op: self.state_before(op).table)

    def successor(self, op: Op) -> TrackedObject | None:
        """Return the object that finally has the name of the one that an operation made or removed."""
        effects = self.effects.get(id(op), ())
        return effects[0].namespace.now.get(effects[0].key) if effects else None

    def is_narrowed(self, op: Op) -> bool:
        """Return whether what an operation made or dropped is there in the end, without a column that MySQL took out of it."""
        left = self.successor(op)
        return left is not None and left.exists and left.creator is not None and left.creator.along_with != ""

    def leaked_types(self, op: ops.CreateTable) -> Iterator[str]:
        """Return the enum types that were created along with a table and still exist in the end."""
        for effect in self.effects.get(id(op), ()):
            if effect.action == "implied" and self.reversals.of(effect, op) is UndoStatus.NO and isinstance(effect.key, tuple):
                kinds = (column.type.type_name for column in op.columns if isinstance(column.type, SqlType))
                yield next((name for name in kinds if readable(name) and fold(name) == effect.key[-1]), str(effect.key[-1]))

    @property
    def made(self) -> Iterator[TrackedObject]:
        """The objects that this migration creates, in either function."""
        for effects in self.effects.values():
            yield from (effect.tracked for effect in effects if effect.action == "made" and effect.tracked is not None)

    def predecessors(self, op: Op) -> Iterator[Constraint]:
        """Yield the constraints that a new one's table had on the same columns before, from the history or downgrade()."""
        new = next((effect.tracked for effect in self.effects.get(id(op), ()) if effect.action == "made"), None)
        if new is None or not isinstance(new.table, TrackedTable) or not new.covering:
            return
        made_again = (tracked for tracked in self.made if tracked.table is new.table and id(tracked.creator) in self.reverse)
        for tracked in (*new.table.constraints.before.values(), *made_again):
            if tracked is not None and isinstance(tracked.definition, Constraint) and tracked.covering == new.covering:
                yield tracked.definition

    def makes_anew(self, op: Op, kind: str, name: Name) -> bool:
        """Return whether this migration makes an object of that name, in either function."""
        if not readable(name):
            return False
        key = object_place(kind, getattr(op, "schema", None), name)
        if key not in self.simulated.objects.before:
            return False
        made = self.simulated.objects.now[key]
        return self.simulated.objects.before[key] is None or (made is not None and made.creator is not None)


def _family(op: Op) -> str:
    return "constraint" if isinstance(op, ops.CreateConstraint) else op.op.rpartition("_")[2]
