"""What becomes of one thing that upgrade() touched, by the time downgrade() is through."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from mrt_lint.analysis.downgrade.definition import describe, effective, is_same, is_same_value, setting_of
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectEffect, TrackedObject, TrackedTable
from mrt_lint.model.ops import AddColumn, CreateTable, Op
from mrt_lint.model.values import UNKNOWN, Column, Constraint


class UndoStatus(enum.Enum):
    """What becomes of an upgrade operation in downgrade().

    REPLACED: what upgrade put in the place of something is still there. CANNOT_TELL: a part of downgrade() could not be read, or
    it refuses to run.
    """

    YES = "undone"
    DIFFERENT = "undone with another definition"
    REPLACED = "left as upgrade replaced it"
    NO = "not undone"
    CANNOT_TELL = "cannot tell"


class ReversalChecker:
    """Looks at the world in the end.

    `reverse` are the operations of downgrade(), `touches` what each operation touched, both by identity; `is_unclear` tells that
    a part of upgrade() could not be read.
    """

    def __init__(
        self,
        world: SimulatedSchema,
        reverse: Mapping[int, Op],
        touches: Mapping[int, tuple[ObjectEffect, ...]],
        *,
        is_unclear: bool,
    ) -> None:
        self.world = world
        self.is_unclear = is_unclear
        self.reverse = reverse
        self.touches = touches

    def of(self, touch: ObjectEffect, op: Op) -> UndoStatus:
        """Tell what became of what an upgrade operation touched."""
        thing = touch.thing
        if thing is None or (isinstance(op, CreateTable) and op.temporary):
            return UndoStatus.YES
        if touch.action in {"made", "implied"}:
            return self._fate_of_made(touch, thing, op)
        if touch.action == "dropped":
            return self._fate_of_dropped(touch, thing, op)
        if touch.action == "moved":
            return self._fate_of_moved(touch, thing)
        return self._fate_of_setting(touch, thing, op)

    def _fate_of_made(self, touch: ObjectEffect, thing: TrackedObject, op: Op) -> UndoStatus:
        if _stands(thing):
            return UndoStatus.CANNOT_TELL if self._may_have_stood(thing, touch.key, op) else self._fate_in_place(touch, thing, op)
        before, now = touch.slots.before.get(touch.key), touch.slots.now.get(touch.key)
        if before is None or (now is None and (before.doubtful or not op.certain)):
            return UndoStatus.YES
        return self._compare(before, now)

    def _may_have_stood(self, thing: TrackedObject, key: Key, op: Op) -> bool:
        """Tell whether a column that is made under a condition may have been there: the history has made it, as far as it knows."""
        known = (
            self.world.past.table(thing.table.origin)
            if isinstance(op, AddColumn) and isinstance(thing.table, TrackedTable)
            else None
        )
        return not op.certain and known is not None and str(key) in known.columns

    def _fate_in_place(self, touch: ObjectEffect, thing: TrackedObject, op: Op) -> UndoStatus:
        """Tell what a thing that stays is beside the one in whose place upgrade put it, which may have been the same."""
        before = touch.slots.before.get(touch.key)
        if before is None or isinstance(thing, TrackedTable) or _kind(before) != _kind(thing) or (before.doubtful and op.certain):
            return UndoStatus.NO
        same = is_same(before.definition, thing.definition)
        return UndoStatus.REPLACED if same is None else UndoStatus.YES if same else UndoStatus.NO

    def _fate_of_dropped(self, touch: ObjectEffect, thing: TrackedObject, op: Op) -> UndoStatus:
        before = touch.slots.before.get(touch.key)
        if touch.key is None or before is None:
            return UndoStatus.YES
        now = touch.slots.now.get(touch.key)
        if now is not None and _stands(now):
            return self._compare(before, now)
        if thing is not before or (thing.doubtful and self._is_made_after(op, touch)):
            return UndoStatus.YES
        table = thing.table
        if thing.doubtful and (self.is_unclear or (not op.certain and self._brings_back_another(thing))):
            return UndoStatus.CANNOT_TELL
        if isinstance(table, TrackedTable) and not table.standing:
            return self._fate_in_new_table(touch, thing, table)
        return self._fate_elsewhere(touch, thing, table)

    def _fate_in_new_table(self, touch: ObjectEffect, thing: TrackedObject, table: TrackedTable) -> UndoStatus:
        new_table = self.world.tables.now.get(table.origin)
        if not isinstance(new_table, TrackedTable):
            return UndoStatus.YES
        slots = {id(table.columns_by_name): new_table.columns_by_name, id(table.constraints): new_table.constraints}
        now = slots.get(id(touch.slots), touch.slots).now.get(touch.key)
        if now is not None:
            return self._compare(thing, now)
        return self._fate_elsewhere(touch, thing, new_table) if new_table.complete else UndoStatus.CANNOT_TELL

    def _fate_elsewhere(self, touch: ObjectEffect, thing: TrackedObject, table: TrackedObject | None) -> UndoStatus:
        """Look for a twin: an unnamed constraint of the kind, a unique index in place of a unique constraint or the reverse."""
        if not isinstance(table, TrackedTable):
            lost = any(self.world.tables.now[key] is None for key in self.world.tables.gone_before)
            return UndoStatus.CANNOT_TELL if touch.slots is self.world.indexes and lost else UndoStatus.NO
        if touch.slots is self.world.indexes:
            found = [table.constraints.now.get(touch.key[1] if isinstance(touch.key, tuple) else None)]
            kind: str | None = "unique"
        elif touch.slots is not table.columns_by_name:
            found = [self.world.indexes.now.get((table.home[0], touch.key))]
            kind = _kind(thing)
        else:
            return UndoStatus.NO
        found += [twin for twin in table.anonymous if kind is None or _kind(twin) == kind]
        return UndoStatus.CANNOT_TELL if any(found) else UndoStatus.NO

    def _fate_of_moved(self, touch: ObjectEffect, thing: TrackedObject) -> UndoStatus:
        if touch.slots.before.get(touch.key) is not thing or not _stands(thing):
            return UndoStatus.YES
        now = touch.slots.now.get(touch.key)
        if now is thing:
            return UndoStatus.YES
        return UndoStatus.CANNOT_TELL if now is not None and self._is_reverse(now.maker) else UndoStatus.NO

    def _fate_of_setting(self, touch: ObjectEffect, thing: TrackedObject, op: Op) -> UndoStatus:
        setting = touch.action
        if thing.maker is not None:
            return UndoStatus.YES
        before = thing.former[setting]
        if not _stands(thing):
            now = touch.slots.now.get(touch.key)
            after = setting_of(now, setting) if now is not None and self._is_reverse(now.maker) else UNKNOWN
            return UndoStatus.YES if is_same_value(before, after) is not False else UndoStatus.DIFFERENT
        value, setter = thing.settings[setting]
        if not self._is_reverse(setter):
            return UndoStatus.YES if is_same_value(before, value) else UndoStatus.NO
        if before is UNKNOWN:
            return UndoStatus.NO if setting == "nullable" and value is getattr(op, setting) else UndoStatus.YES
        return UndoStatus.YES if is_same_value(before, value) is not False else UndoStatus.DIFFERENT

    def _brings_back_another(self, thing: TrackedObject) -> bool:
        """Tell whether downgrade() makes a constraint of the kind on the table: the drop tried one of several names."""
        if not isinstance(thing.table, TrackedTable):
            return False
        kinds = (
            _kind(other) for other in thing.table.constraints.now.values() if other is not None and self._is_reverse(other.maker)
        )
        return any(_kind(thing) in {kind, None} for kind in kinds)

    def difference(self, before: TrackedTable, now: TrackedTable) -> str | None:
        """Say in one clause how the columns of a table that was made anew differ from those it had; None for all that is known."""
        known = self.world.past.table(before.origin) if before.maker is None else None
        if known is None or not known.complete or not now.complete:
            return None
        new = {name: thing for name, thing in now.columns_by_name.now.items() if thing is not None}
        if gone := [name for name in known.columns if name not in new]:
            return f"it comes back without column '{gone[0]}'"
        if more := [str(name) for name in new if name not in known.columns]:
            return f"it comes back with column '{more[0]}', which it had not"
        for name, column in known.columns.items():
            made = effective(new[name])
            if isinstance(column, Column) and is_same(column, made) is False:
                return f"of its column '{name}' {describe(column, made).removeprefix('its ')}"
        return None

    def _is_made_after(self, op: Op, touch: ObjectEffect) -> bool:
        """Tell whether upgrade made a thing in a dropped one's place: DROP … IF EXISTS before CREATE may have dropped nothing."""
        return any(
            other.action == "made" and other.slots is touch.slots and other.key == touch.key
            for id_, touches in self.touches.items()
            if id_ != id(op) and id_ not in self.reverse
            for other in touches
        )

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
            return UndoStatus.YES if self._is_reverse(now.maker) else UndoStatus.REPLACED
        return UndoStatus.YES if same else UndoStatus.DIFFERENT


def _stands(thing: TrackedObject) -> bool:
    return thing.standing and (thing.table is None or thing.table.standing)


def _kind(thing: TrackedObject) -> str | None:
    return thing.definition.kind if isinstance(thing.definition, Constraint) else None
