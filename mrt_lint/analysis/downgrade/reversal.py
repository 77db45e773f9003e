"""What becomes of an object that upgrade() changed, once downgrade() has run."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import cached_property

from mrt_lint.analysis.downgrade.definition import chosen_default, describe, effective, is_same, is_same_value, setting_of
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectEffect, TrackedObject, TrackedTable
from mrt_lint.history.doubt import Doubts
from mrt_lint.history.effects import effects_of, type_of
from mrt_lint.history.schema import fold, object_place
from mrt_lint.model.ops import AddColumn, AddEnumValue, AlterColumn, CreateTable, Op, RenameEnumValue
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, SqlType


class UndoStatus(enum.Enum):
    """What becomes of an upgrade operation in downgrade().

    REPLACED: what upgrade put in the place of something is still there. UNCERTAIN: a part of downgrade() could not be read, or
    it refuses to run.
    """

    YES = "undone"
    DIFFERENT = "undone with another definition"
    REPLACED = "left as upgrade replaced it"
    NO = "not undone"
    UNCERTAIN = "uncertain"


class ReversalChecker:
    """Compares the simulated schema after downgrade() with the one before upgrade().

    `reverse` are the operations of downgrade(), `effects` what each operation changed, both by id(); `upgrade_doubts` are
    about what could not be read of upgrade().
    """

    def __init__(
        self,
        simulated: SimulatedSchema,
        reverse: Mapping[int, Op],
        effects: Mapping[int, tuple[ObjectEffect, ...]],
        upgrade_doubts: Doubts,
    ) -> None:
        self.simulated = simulated
        self.upgrade_doubts = upgrade_doubts
        self.reverse = reverse
        self.effects = effects

    def of(self, effect: ObjectEffect, op: Op) -> UndoStatus:
        """Return what became of what an upgrade operation changed."""
        tracked = effect.tracked
        if tracked is None or (isinstance(op, CreateTable) and op.temporary):
            return UndoStatus.YES
        if effect.action in {"made", "implied"}:
            return self._status_of_created(effect, tracked, op)
        if effect.action == "dropped":
            return self._status_of_dropped(effect, tracked, op)
        if effect.action == "moved":
            return self._status_of_renamed(effect, tracked)
        return self._status_of_setting(effect, tracked, op)

    def _status_of_created(self, effect: ObjectEffect, tracked: TrackedObject, op: Op) -> UndoStatus:
        if _exists(tracked):
            return (
                UndoStatus.UNCERTAIN
                if self._may_have_existed(tracked, effect.key, op)
                else self._status_in_place(effect, tracked, op)
            )
        before, now = effect.namespace.before.get(effect.key), effect.namespace.now.get(effect.key)
        if before is None and now is not None and now.exists and now.creator is not None and now.creator.along_with:
            return UndoStatus.NO  # it has only lost a column
        if before is None or (now is None and (before.uncertain or not op.certain)):
            return UndoStatus.YES
        if (id(effect.namespace), effect.key) in self._dropped:  # what had the name before is the concern of what dropped it
            return UndoStatus.YES
        return self._compare(before, now)

    def _may_have_existed(self, tracked: TrackedObject, key: Key, op: Op) -> bool:
        """Return whether a column that is created under a condition may have existed, as the history has created it."""
        known = (
            self.simulated.known_schema.table(tracked.table.origin)
            if isinstance(op, AddColumn) and isinstance(tracked.table, TrackedTable)
            else None
        )
        return not op.certain and known is not None and str(key) in known.columns

    def _status_in_place(self, effect: ObjectEffect, tracked: TrackedObject, op: Op) -> UndoStatus:
        """Return how an object that stays compares with the one that upgrade() replaced, which may have been the same."""
        key = effect.namespace.key_of(tracked, effect.key)
        before = effect.namespace.before.get(key)
        is_other = before is not None and before is not tracked and not before.uncertain
        if is_other and (id(effect.namespace), key) in self._dropped:
            return UndoStatus.REPLACED
        if (
            before is None
            or isinstance(tracked, TrackedTable)
            or before.constraint_kind != tracked.constraint_kind
            or (before.uncertain and op.certain)
        ):
            return UndoStatus.NO
        same = is_same(before.definition, tracked.definition)
        return UndoStatus.REPLACED if same is None else UndoStatus.YES if same else UndoStatus.NO

    def _status_of_dropped(self, effect: ObjectEffect, tracked: TrackedObject, op: Op) -> UndoStatus:
        before = effect.namespace.before.get(effect.key)
        if effect.key is None or before is None:
            return UndoStatus.YES
        now = effect.namespace.now.get(effect.key)
        if now is not None and _exists(now):
            return self._compare(before, now)
        if tracked is not before or (tracked.uncertain and self._is_made_after(op, effect)):
            return UndoStatus.YES
        if self._goes_with_a_column(tracked):
            return UndoStatus.YES
        table = tracked.table
        is_open = any(map(self.upgrade_doubts.concern_thing, effects_of(op).drops))
        if tracked.uncertain and (is_open or (not op.certain and self._brings_back_another(tracked))):
            return UndoStatus.UNCERTAIN
        if isinstance(table, TrackedTable) and not table.exists:
            return self._status_in_new_table(effect, tracked, table)
        if op.along_with and isinstance(table, TrackedTable) and _has_twin(table, tracked):
            return UndoStatus.YES
        return self._status_elsewhere(effect, tracked, table)

    @staticmethod
    def _goes_with_a_column(tracked: TrackedObject) -> bool:
        """Return whether a column under an index or constraint is gone for good, by another operation, where that is reported."""
        table = tracked.table
        if not isinstance(table, TrackedTable) or not table.exists:
            return False
        columns = table.columns_by_name
        gone = (str(name) for name, column in columns.before.items() if column is not None and not column.exists)
        return any(columns.is_gone(name) and tracked.mentions(name) for name in gone)

    def _status_in_new_table(self, effect: ObjectEffect, tracked: TrackedObject, table: TrackedTable) -> UndoStatus:
        new_table = self.simulated.tables.now.get(table.origin)
        if not isinstance(new_table, TrackedTable):
            return UndoStatus.YES
        namespace = {id(table.columns_by_name): new_table.columns_by_name, id(table.constraints): new_table.constraints}
        now = namespace.get(id(effect.namespace), effect.namespace).now.get(effect.key)
        if now is not None:
            return self._compare(tracked, now)
        if _has_twin(new_table, tracked):
            return UndoStatus.YES
        return self._status_elsewhere(effect, tracked, new_table) if new_table.complete else UndoStatus.UNCERTAIN

    def _status_elsewhere(self, effect: ObjectEffect, tracked: TrackedObject, table: TrackedObject | None) -> UndoStatus:
        """Look for a twin: an unnamed constraint of the kind, a unique index in place of a unique constraint or the reverse."""
        if not isinstance(table, TrackedTable):
            lost = any(self.simulated.tables.now[key] is None for key in self.simulated.tables.dropped_in_upgrade)
            return UndoStatus.UNCERTAIN if effect.namespace is self.simulated.indexes and lost else UndoStatus.NO
        if effect.namespace is self.simulated.indexes:
            found = [table.constraints.now.get(effect.key[-1] if isinstance(effect.key, tuple) else None)]
            kind: str | None = "unique"
        elif effect.namespace is not table.columns_by_name:
            where = (table.current_key[0], str(effect.key))
            found = [self.simulated.indexes.now.get(self.simulated.index_key(table, where))]
            kind = tracked.constraint_kind
        else:
            return UndoStatus.NO
        found += [twin for twin in table.unnamed if twin.creator is not None and kind in {None, twin.constraint_kind}]
        return UndoStatus.UNCERTAIN if any(found) else UndoStatus.NO

    def _status_of_renamed(self, effect: ObjectEffect, tracked: TrackedObject) -> UndoStatus:
        if effect.namespace.before.get(effect.key) is not tracked or not _exists(tracked):
            return UndoStatus.YES
        now = effect.namespace.now.get(effect.key)
        if now is tracked:
            return UndoStatus.YES
        return UndoStatus.UNCERTAIN if now is not None and self._is_reverse(now.creator) else UndoStatus.NO

    def _status_of_setting(self, effect: ObjectEffect, tracked: TrackedObject, op: Op) -> UndoStatus:
        setting = effect.action
        if tracked.creator is not None:
            return UndoStatus.YES
        before = tracked.former[setting]
        if not _exists(tracked):
            now = effect.namespace.now.get(effect.key)
            after = setting_of(now, setting) if now is not None and self._is_reverse(now.creator) else UNKNOWN
            return UndoStatus.DIFFERENT if _is_same(setting, before, after) is False else UndoStatus.YES
        value, setter = tracked.settings[setting]
        same = _is_same(setting, before, value)
        if self._is_reverse(setter):  # where it is not known what was before, the author knows it
            return UndoStatus.DIFFERENT if same is False else UndoStatus.YES
        if setting == "type" and self._gets_its_values_back(value):
            return UndoStatus.YES
        if setting == "nullable" and before is UNKNOWN and _is_written_out(op):
            return UndoStatus.UNCERTAIN
        return UndoStatus.YES if same else UndoStatus.NO

    def _gets_its_values_back(self, kind: object) -> bool:
        """Return whether upgrade() put another enum in the place of one, under its name, whose values downgrade() changes."""
        thing = type_of(Column(name="", type=kind)) if isinstance(kind, SqlType) else None
        if thing is None:
            return False
        objects = self.simulated.objects
        key: Key = thing.key
        moved = (effect for effects in self.effects.values() for effect in effects if effect.action == "moved")
        made = next((one.tracked for one in moved if one.namespace is objects and one.key == key and one.tracked), None)
        if made is not None and made.creator is not None:
            key = objects.key_of(made, key)
        changes = (op for op in self.reverse.values() if isinstance(op, AddEnumValue | RenameEnumValue))
        changed = {object_place("enum", op.schema, op.enum) for op in changes if isinstance(op.enum, str)}
        return key in changed and (id(objects), key) in self._dropped

    def _brings_back_another(self, tracked: TrackedObject) -> bool:
        """Return whether downgrade() makes a constraint of the kind on the table: the drop tried one of several names."""
        if not isinstance(tracked.table, TrackedTable):
            return False
        kinds = (
            other.constraint_kind
            for other in tracked.table.constraints.now.values()
            if other is not None and self._is_reverse(other.creator)
        )
        return any(tracked.constraint_kind in {kind, None} for kind in kinds)

    def difference(self, before: TrackedTable, now: TrackedTable) -> str | None:
        """Return one clause on how a recreated table's columns differ from the original ones, None if no difference is known."""
        known = self.simulated.known_schema.table(before.origin) if before.creator is None else None
        if known is None or not known.complete or not now.complete:
            return None
        new = {name: tracked for name, tracked in now.columns_by_name.now.items() if tracked is not None}
        if gone := [name for name in known.columns if name not in new]:
            return f"it comes back without column '{gone[0]}'"
        if more := [str(name) for name in new if name not in known.columns]:
            return f"it comes back with column '{more[0]}', which it had not"
        for name, column in known.columns.items():
            made = effective(new[name])
            if isinstance(column, Column) and is_same(column, made) is False:
                return f"of its column '{name}' {describe(column, made).removeprefix('its ')}"
        key = next((part for part in now.parts() if part is not None and part.constraint_kind == "primary"), None)
        former, new_key = known.primary_key, tuple(key.columns) if key is not None else ()
        if former is UNKNOWN or not former or not new_key or {fold(str(name)) for name in former} == set(new_key):
            return None
        return f"its primary key was ({', '.join(map(str, former))}) and becomes ({', '.join(new_key)})"

    def _is_made_after(self, op: Op, effect: ObjectEffect) -> bool:
        """Return whether upgrade() created another object of a dropped one's name: DROP … IF EXISTS may have dropped nothing."""
        return any(creator != id(op) for creator in self._creators.get((id(effect.namespace), effect.key), ()))

    @cached_property
    def _dropped(self) -> set[tuple[int, object]]:
        """The names of which an operation of upgrade() takes away what existed before."""
        return {
            (id(effect.namespace), effect.key)
            for op, effects in self.effects.items()
            for effect in effects
            if effect.action in {"dropped", "moved"} and op not in self.reverse and effect.tracked is not None
            if effect.tracked.creator is None
        }

    @cached_property
    def _creators(self) -> dict[tuple[int, object], list[int]]:
        """The operations of upgrade(), by their id(), that create an object under each name."""
        found: dict[tuple[int, object], list[int]] = {}
        for creator, effects in self.effects.items():
            for effect in effects:
                if effect.action == "made" and creator not in self.reverse:
                    found.setdefault((id(effect.namespace), effect.key), []).append(creator)
        return found

    def _is_reverse(self, op: Op | None) -> bool:
        return id(op) in self.reverse

    def _compare(self, before: TrackedObject | None, now: TrackedObject | None) -> UndoStatus:
        if before is now:
            return UndoStatus.YES
        if before is None or now is None:
            return UndoStatus.NO
        if isinstance(before, TrackedTable) and isinstance(now, TrackedTable) and self.difference(before, now):
            return UndoStatus.DIFFERENT
        same = is_same(before.definition, effective(now))
        if same is None:
            return UndoStatus.YES if self._is_reverse(now.creator) else UndoStatus.REPLACED
        return UndoStatus.YES if same else UndoStatus.DIFFERENT


def _is_same(setting: str, before: object, after: object) -> bool | None:
    """Return whether a column's setting has the same value; None if one of them is not known."""
    if setting == "server_default":
        before, after = chosen_default(before), chosen_default(after)
    return is_same_value(before, after, setting)


def _is_written_out(op: Op) -> bool:
    """Return whether an operation changes something else than the nullability, which it may only repeat then."""
    return (
        isinstance(op, AlterColumn)
        and not op.sql
        and any(value is not UNSET for value in (op.type, op.new_column, op.server_default, op.comment))
    )


def _has_twin(table: TrackedTable, former: TrackedObject) -> bool:
    """Return whether a table has a constraint of the kind on the same columns, to the same table, under any name."""
    others = table.parts()
    wanted = _promise(former)
    return wanted is not None and any(other is not None and other is not former and _promise(other) == wanted for other in others)


def _promise(tracked: TrackedObject) -> tuple[object, ...] | None:
    """Return what a constraint promises, None for what is none and for one whose columns are not known."""
    key = tracked.definition
    if not isinstance(key, Constraint) or not tracked.columns:
        return None
    target = key.referred_table
    return (key.kind, frozenset(tracked.columns), fold(target) if isinstance(target, str) else target)


def _exists(tracked: TrackedObject) -> bool:
    return tracked.exists and (tracked.table is None or tracked.table.exists)
