"""Whether downgrade() undoes what upgrade() does, thing by thing: one answer for every rule that asks."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mrt_lint.dialects import admits
from mrt_lint.history.schema import object_place
from mrt_lint.migration import Migration
from mrt_lint.ops import CreateConstraint, CreateTable, DropTable, Execute, Op, Raise, Statement, Update
from mrt_lint.undo.acts import Touch, acts, apply
from mrt_lint.undo.definition import is_same, setting_of
from mrt_lint.undo.past import Past
from mrt_lint.undo.things import Table, Thing, readable
from mrt_lint.undo.world import World
from mrt_lint.values import UNKNOWN, UNSET, Constraint, Name

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from mrt_lint.lean import dataclass

_NAMES = ("table", "column", "index", "constraint", "name", "new_table", "new_column", "new_index", "new_constraint", "new_name")
_OWN_NAMES = ("index", "constraint", "name", "column", "table")


class Undo(enum.Enum):
    """What becomes of an upgrade operation in downgrade().

    REPLACED: what upgrade put in the place of something is still there. CANNOT_TELL: a part of downgrade() could not be read, or
    it refuses to run.
    """

    YES = "undone"
    DIFFERENT = "undone with another definition"
    REPLACED = "left as upgrade replaced it"
    NO = "not undone"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Moment:
    """What was so when an operation came: the table it names, that one or the column made by this migration, or without a row."""

    table: Thing | None = None
    new_table: bool = False
    new_column: bool = False
    new_columns: frozenset[str] = frozenset()
    empty: bool = False


class Ledger:
    """Both functions of a migration followed on one dialect.

    `moments` and `touches` go by the identity of the operation: one upgrade may hold two that are equal.
    """

    def __init__(self, migration: Migration, dialect: str, past: Past) -> None:
        self.world = World(past)
        self.moments: dict[int, Moment] = {}
        self.touches: dict[int, tuple[Touch, ...]] = {}
        self.upgrade = tuple(running(migration.upgrade_ops, dialect))
        self._follow(self.upgrade)
        self.reverse = {id(op): op for op in running(migration.downgrade_ops, dialect)}
        self._follow(self.reverse.values())
        reverse = self.reverse.values()
        self.refuses = any(isinstance(op, Raise) and op.certain for op in reverse)
        self.blind = not migration.readable("downgrade") or any(_is_opaque(op) for op in reverse)
        self.blurred = {_family(op) for op in reverse if acts(op) and _is_blurred(op)}

    def _follow(self, ops: Iterable[Op]) -> None:
        for op in ops:
            self.moments[id(op)] = self._moment(op)
            self.touches[id(op)] = apply(self.world, op)

    def _moment(self, op: Op) -> Moment:
        table = self.world.view_of(op) or self.world.table_of(op)
        if table is None:
            return Moment(new_table=self._may_be_new(op))
        column = None
        name = getattr(op, "column", None)
        if isinstance(table, Table) and readable(name):
            column = table.columns_by_name.look(name.casefold())
        return Moment(
            table=table,
            new_table=table.maker is not None,
            new_column=column is not None and column.maker is not None,
            new_columns=_new_columns(table) if isinstance(op, Update) else frozenset(),
            empty=isinstance(table, Table) and (not table.rows or (table.maybe_empty and not op.certain)),
        )

    def _may_be_new(self, op: Op) -> bool:
        """Tell whether an unreadable table may be one that this upgrade created under an unreadable name."""
        named = not readable(getattr(op, "table", ""))
        return named and any(
            isinstance(other, CreateTable) and not readable(other.table) for other in self.upgrade[: len(self.moments)]
        )

    def undone(self, op: Op, action: str | None = None) -> Undo:
        """Tell what becomes of an operation; `action` narrows it to one setting of `AlterColumn`, or to its renaming ("moved")."""
        touches = [touch for touch in self.touches.get(id(op), ()) if action in {None, touch.action}]
        if not touches:
            replaced = any(other.op.startswith("create") and _family(other) == _family(op) for other in self.upgrade)
            return Undo.CANNOT_TELL if self.blind or self.refuses or self.reverse or replaced else Undo.NO
        fates = {self._fate(touch, op) for touch in touches}
        worst = next(fate for fate in (Undo.NO, Undo.REPLACED, Undo.CANNOT_TELL, Undo.DIFFERENT, Undo.YES) if fate in fates)
        if worst in {Undo.NO, Undo.REPLACED} and (self.blind or self.refuses or self.blurred & {_family(op), "table"}):
            return Undo.CANNOT_TELL
        return worst

    def answered(self, op: Op, *kinds: type[Op]) -> Undo:
        """Tell whether downgrade() has an operation of these kinds on the table of an upgrade operation, or drops that table."""
        table = self.moments[id(op)].table
        if table is not None and not table.standing:
            return Undo.YES
        for answer in self.reverse.values():
            if isinstance(answer, kinds) and (table is None or self.moments[id(answer)].table in {None, table}):
                return Undo.YES
        return Undo.CANNOT_TELL if self.blind or self.refuses else Undo.NO

    def keeps_rows(self, op: DropTable) -> bool:
        """Tell whether the rows of a dropped table were moved elsewhere before, and stand in a table of its name in the end."""
        table = self.moments[id(op)].table
        if not isinstance(table, Table):
            return False
        holders = [other for other in self.world.tables.now.values() if isinstance(other, Table) and table in other.rows]
        return any(self.blind or holder.home == table.origin for holder in holders)

    def successor(self, op: Op) -> Thing | None:
        """Give what stands in the end where an operation first took something away."""
        touches = self.touches.get(id(op), ())
        return touches[0].slots.now.get(touches[0].key) if touches else None

    @property
    def made(self) -> Iterator[Thing]:
        """The tables, indexes and other things that this migration made, in either function."""
        for touches in self.touches.values():
            yield from (touch.thing for touch in touches if touch.action == "made" and touch.thing is not None)

    def predecessors(self, op: Op) -> Iterator[Constraint]:
        """Give the constraints on the same columns that a new one's table had before, as the history or downgrade() knows them."""
        new = next((touch.thing for touch in self.touches[id(op)] if touch.action == "made"), None)
        if new is None or not isinstance(new.table, Table) or not new.covering:
            return
        made_again = (thing for thing in self.made if thing.table is new.table and self._is_reverse(thing.maker))
        for thing in (*new.table.constraints.before.values(), *made_again):
            if thing is not None and isinstance(thing.definition, Constraint) and thing.covering == new.covering:
                yield thing.definition

    def makes_anew(self, op: Op, kind: str, name: Name) -> bool:
        """Tell whether this migration makes an object of that name, in either function."""
        if not readable(name):
            return False
        key = object_place(kind, getattr(op, "schema", None), name)
        if key not in self.world.objects.before:
            return False
        made = self.world.objects.now[key]
        return self.world.objects.before[key] is None or (made is not None and made.maker is not None)

    def _fate(self, touch: Touch, op: Op) -> Undo:
        thing = touch.thing
        if thing is None or (isinstance(op, CreateTable) and op.temporary):
            return Undo.YES
        if touch.action == "made":
            return self._fate_of_made(touch, thing)
        if touch.action == "dropped":
            return self._fate_of_dropped(touch, thing, op)
        if touch.action == "moved":
            return self._fate_of_moved(touch, thing)
        return self._fate_of_setting(touch, thing)

    def _fate_of_made(self, touch: Touch, thing: Thing) -> Undo:
        if _stands(thing):
            return Undo.NO
        if touch.slots.before.get(touch.key) is None:
            return Undo.YES
        return self._compare(touch.slots.before[touch.key], touch.slots.now.get(touch.key))

    def _fate_of_dropped(self, touch: Touch, thing: Thing, op: Op) -> Undo:
        before = touch.slots.before.get(touch.key)
        if touch.key is None or before is None:
            return Undo.YES
        now = touch.slots.now.get(touch.key)
        if now is not None and _stands(now):
            return self._compare(before, now)
        if thing.doubtful and self._is_made_after(op, touch):
            return Undo.YES
        table = thing.table
        if isinstance(table, Table) and not table.standing:
            return self._fate_in_new_table(touch, thing, table)
        return self._fate_elsewhere(touch, thing, table)

    def _fate_in_new_table(self, touch: Touch, thing: Thing, table: Table) -> Undo:
        new_table = self.world.tables.now.get(table.origin)
        if not isinstance(new_table, Table):
            return Undo.YES
        slots = {id(table.columns_by_name): new_table.columns_by_name, id(table.constraints): new_table.constraints}
        now = slots.get(id(touch.slots), touch.slots).now.get(touch.key)
        if now is not None:
            return self._compare(thing, now)
        return self._fate_elsewhere(touch, thing, new_table) if new_table.complete else Undo.CANNOT_TELL

    def _fate_elsewhere(self, touch: Touch, thing: Thing, table: Thing | None) -> Undo:
        """Look for a twin: an unnamed constraint of the kind, a unique index in place of a unique constraint or the reverse."""
        if not isinstance(table, Table):
            lost = any(self.world.tables.now[key] is None for key in self.world.tables.before)
            return Undo.CANNOT_TELL if touch.slots is self.world.indexes and lost else Undo.NO
        if touch.slots is self.world.indexes:
            found = [table.constraints.now.get(touch.key[1] if isinstance(touch.key, tuple) else None)]
            kind: str | None = "unique"
        elif touch.slots is not table.columns_by_name:
            found = [self.world.indexes.now.get((table.home[0], touch.key))]
            kind = _kind(thing)
        else:
            return Undo.NO
        found += [twin for twin in table.anonymous if kind is None or _kind(twin) == kind]
        return Undo.CANNOT_TELL if any(found) else Undo.NO

    def _fate_of_moved(self, touch: Touch, thing: Thing) -> Undo:
        if touch.slots.before.get(touch.key) is not thing or not _stands(thing):
            return Undo.YES
        now = touch.slots.now.get(touch.key)
        if now is thing:
            return Undo.YES
        return Undo.CANNOT_TELL if now is not None and self._is_reverse(now.maker) else Undo.NO

    def _fate_of_setting(self, touch: Touch, thing: Thing) -> Undo:
        setting = touch.action
        if thing.maker is not None:
            return Undo.YES
        before = thing.former[setting]
        if not _stands(thing):
            now = touch.slots.now.get(touch.key)
            after = setting_of(now, setting) if now is not None and self._is_reverse(now.maker) else UNKNOWN
            return Undo.YES if UNKNOWN in (before, after) or before == after else Undo.DIFFERENT
        value, setter = thing.settings[setting]
        if not self._is_reverse(setter):
            return Undo.YES if before is not UNKNOWN and value == before else Undo.NO
        if before is UNKNOWN:
            return Undo.NO if setting == "nullable" and value is False else Undo.YES
        return Undo.YES if value is UNKNOWN or value == before else Undo.DIFFERENT

    def _is_made_after(self, op: Op, touch: Touch) -> bool:
        """Tell whether upgrade made a thing in a dropped one's place: DROP … IF EXISTS before CREATE may have dropped nothing."""
        return any(
            other.action == "made" and other.slots is touch.slots and other.key == touch.key
            for id_, touches in self.touches.items()
            if id_ != id(op) and id_ not in self.reverse
            for other in touches
        )

    def _is_reverse(self, op: Op | None) -> bool:
        return id(op) in self.reverse

    def _compare(self, before: Thing | None, now: Thing | None) -> Undo:
        if before is now:
            return Undo.YES
        if before is None or now is None:
            return Undo.NO
        same = is_same(before.definition, now.definition)
        if same is None:
            return Undo.YES if self._is_reverse(now.maker) else Undo.REPLACED
        return Undo.YES if same else Undo.DIFFERENT


def running(ops: Iterable[Op], dialect: str) -> Iterator[Op]:
    """Give the operations that run on a dialect."""
    return (op for op in ops if admits(op.dialects, dialect))


def _new_columns(table: Thing) -> frozenset[str]:
    if not isinstance(table, Table):
        return frozenset()
    return frozenset(
        str(name) for name, column in table.columns_by_name.now.items() if column is not None and column.maker is not None
    )


def _stands(thing: Thing) -> bool:
    return thing.standing and (thing.table is None or thing.table.standing)


def _kind(thing: Thing) -> str | None:
    return thing.definition.kind if isinstance(thing.definition, Constraint) else None


def _is_opaque(op: Op) -> bool:
    """Whether it may do anything at all: SQL that could not be read, a block or routine that is run."""
    if isinstance(op, Execute):
        return not isinstance(op.statement, str)
    return isinstance(op, Statement) and op.effect is UNKNOWN


def _family(op: Op) -> str:
    return "constraint" if isinstance(op, CreateConstraint) else op.op.rpartition("_")[2]


def _is_blurred(op: Op) -> bool:
    given = {field: getattr(op, field) for field in _NAMES if getattr(op, field, UNSET) is not UNSET}
    own = next(field for field in _OWN_NAMES if field in given)
    return given[own] is None or any(name is not None and not readable(name) for name in given.values())
