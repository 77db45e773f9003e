"""Whether downgrade() undoes what upgrade() does, thing by thing: one answer for every rule that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mrt_lint.analysis.downgrade.effects import acts, apply
from mrt_lint.analysis.downgrade.existing_objects import find_double
from mrt_lint.analysis.downgrade.known_schema import Past
from mrt_lint.analysis.downgrade.missing_objects import find_absence
from mrt_lint.analysis.downgrade.order_conflicts import find_trouble
from mrt_lint.analysis.downgrade.reversal import Fates, Undo
from mrt_lint.analysis.downgrade.simulated_schema import World
from mrt_lint.analysis.downgrade.tracked_objects import Loss, Table, Thing, Touch, readable
from mrt_lint.analysis.downgrade.upgrade_conflicts import find_obstacle
from mrt_lint.history.schema import fold, object_place
from mrt_lint.model.dialects import admits
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import (
    CreateConstraint,
    CreateTable,
    Delete,
    DropColumn,
    DropTable,
    Execute,
    Op,
    Raise,
    Statement,
    Update,
)
from mrt_lint.model.values import UNKNOWN, UNSET, Constraint, Name, SqlType

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from mrt_lint.model.lean import dataclass

_NAMES = ("table", "column", "index", "constraint", "name", "new_table", "new_column", "new_index", "new_constraint", "new_name")
_OWN_NAMES = ("index", "constraint", "name", "column", "table")


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

    `moments`, `touches`, `troubles` (why an operation of downgrade() cannot run where it stands) and `absences` (what it takes
    for granted, though it never was there) go by the identity of the operation: one upgrade may hold two that are equal. So do
    `obstacles`: why an operation of upgrade() fails on what the history leaves. `blind`
    tells that downgrade() may do anything, `refuses` that it raises.
    """

    def __init__(self, migration: Migration, dialect: str, past: Past) -> None:
        self.world = World(past, dialect)
        self.moments: dict[int, Moment] = {}
        self.touches: dict[int, tuple[Touch, ...]] = {}
        self.upgrade = tuple(running(migration.upgrade_ops, dialect))
        self.upgrade_is_clear = migration.readable("upgrade", dialect) and not any(
            _is_opaque(op) or (acts(op) and _is_blurred(op)) for op in self.upgrade
        )
        self.obstacles: dict[int, str] = {}
        for op in self.upgrade:
            if self.upgrade_is_clear and (obstacle := find_obstacle(self.world, op)):
                self.obstacles[id(op)] = obstacle
            self._follow([op])
        self.world.mark(is_clear=self.upgrade_is_clear)
        self.reverse = {id(op): op for op in running(migration.downgrade_ops, dialect)}
        reverse = self.reverse.values()
        self.troubles: dict[int, str] = {}
        self.absences: dict[int, str] = {}
        is_clear = self.upgrade_is_clear and migration.readable("downgrade", dialect)
        for op in reverse:
            is_clear = is_clear and not _is_opaque(op) and not (acts(op) and _is_blurred(op))
            if absence := find_absence(self.world, op):
                self.absences[id(op)] = absence
            elif trouble := find_trouble(self.world, op) or (find_double(self.world, op) if is_clear else None):
                self.troubles[id(op)] = trouble
            self._follow([op])
        self.refuses = any(isinstance(op, Raise) and op.certain for op in reverse)
        self.blind = not migration.readable("downgrade", dialect) or any(_is_opaque(op) for op in reverse)
        self.blurred = {_family(op) for op in reverse if acts(op) and _is_blurred(op)}
        self.fates = Fates(self.world, self.reverse, self.touches, is_unclear=not self.upgrade_is_clear)

    def _follow(self, ops: Iterable[Op]) -> None:
        for op in ops:
            self.moments[id(op)] = self._moment(op)
            self.touches[id(op)] = apply(self.world, op)

    @cached_property
    def places(self) -> dict[int, int]:
        """The place of each operation in upgrade(), by its identity."""
        return {id(op): place for place, op in enumerate(self.upgrade)}

    @cached_property
    def dropped(self) -> dict[tuple[int, object], int]:
        """The place in upgrade() where a thing is dropped first, by the identity of its slots and its key."""
        found: dict[tuple[int, object], int] = {}
        for place, op in enumerate(self.upgrade):
            for touch in self.touches[id(op)]:
                if touch.action == "dropped":
                    found.setdefault((id(touch.slots), touch.key), place)
        return found

    def moment(self, op: Op) -> Moment:
        """Tell what was so when an operation came."""
        return self.moments.get(id(op), Moment())

    def _moment(self, op: Op) -> Moment:
        if isinstance(op, CreateTable):
            return Moment()
        table = self.world.view_of(op) or self.world.table_of(op)
        if table is None:
            return Moment(new_table=self._may_be_new(op))
        column = None
        name = getattr(op, "column", None)
        if isinstance(table, Table) and readable(name):
            column = table.columns_by_name.now.get(fold(name))
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
        """Tell what becomes of an operation.

        `action` narrows it to one setting of `AlterColumn`, to its renaming ("moved") or to the types that a table implied
        ("implied"); without it these are left out.
        """
        everything = self.touches.get(id(op), ())
        touches = [touch for touch in everything if (touch.action == action if action else touch.action != "implied")]
        if not touches:
            replaced = any(other.op.startswith("create") and _family(other) == _family(op) for other in self.upgrade)
            return Undo.CANNOT_TELL if self.blind or self.refuses or self.reverse or replaced else Undo.NO
        fates = {self.fates.of(touch, op) for touch in touches}
        worst = next(fate for fate in (Undo.NO, Undo.REPLACED, Undo.CANNOT_TELL, Undo.DIFFERENT, Undo.YES) if fate in fates)
        if worst in {Undo.NO, Undo.REPLACED} and (self.blind or self.refuses or self.blurred & {_family(op), "table"}):
            return Undo.CANNOT_TELL
        return worst

    def answered(self, op: Op, *kinds: type[Op], but: Callable[[Op], bool] = lambda _: False) -> Undo:
        """Tell whether downgrade() has an operation of these kinds on the table of an upgrade operation, or drops that table.

        `but` tells which of them are no answer.
        """
        table = self.moment(op).table
        if table is not None and not table.standing:
            return Undo.YES
        for answer in self.reverse.values():
            if isinstance(answer, kinds) and (table is None or self.moment(answer).table in {None, table}) and not but(answer):
                return Undo.YES
        return Undo.CANNOT_TELL if self.blind or self.refuses else Undo.NO

    def keeps_rows(self, op: DropTable | Delete) -> bool:
        """Tell whether rows that are dropped or deleted were moved before, and stand under the table's name in the end."""
        table = self.moment(op).table
        if not isinstance(table, Table):
            return False
        holders = [other for other in self.world.tables.now.values() if isinstance(other, Table) and table in other.rows]
        return any(self.blind or holder.home == table.origin for holder in holders)

    def clears_the_way(self, op: DropTable) -> bool:
        """Tell whether a drop IF EXISTS makes room for a table of this migration's own: temporary, or gone in the end.

        Under a condition, which may ask for anything, only one that upgrade() itself takes away again is a passing one.
        """
        cleared = next(iter(self.touches.get(id(op), ())), None)
        if cleared is None or cleared.thing is None or not cleared.thing.doubtful:
            return False
        touched = [touch for other in self.upgrade for touch in self.touches[id(other)] if touch.slots is cleared.slots]
        made = [touch.thing for touch in touched if touch.action == "made" and touch.key == cleared.key and touch.thing is not None]
        gone = bool(made) and cleared.slots.now.get(cleared.key) is None
        if not op.certain and op.if_exists is False:
            gone = gone and any(touch.action in {"moved", "dropped"} and touch.thing in made for touch in touched)
        return gone or any(isinstance(thing.maker, CreateTable) and thing.maker.temporary for thing in made)

    @property
    def losses(self) -> Iterator[Loss]:
        """What batch mode left behind on SQLite and nothing brought back, the last time where it came and went."""
        if self.blind or self.refuses or not self.upgrade_is_clear:
            return
        last = {(id(loss.table), loss.what, loss.name): loss for loss in self.world.losses}
        yield from (loss for loss in last.values() if loss.table.standing and not loss.is_back())

    def successor(self, op: Op) -> Thing | None:
        """Give what stands in the end where an operation first took something away."""
        touches = self.touches.get(id(op), ())
        return touches[0].slots.now.get(touches[0].key) if touches else None

    def leaked_types(self, op: CreateTable) -> Iterator[str]:
        """Give the enum types that a table brought along and that stand in the end."""
        for touch in self.touches.get(id(op), ()):
            if touch.action == "implied" and self.fates.of(touch, op) is Undo.NO and isinstance(touch.key, tuple):
                kinds = (column.type.type_name for column in op.columns if isinstance(column.type, SqlType))
                yield next((name for name in kinds if readable(name) and fold(name) == touch.key[-1]), str(touch.key[-1]))

    def destroys(self, op: DropTable | DropColumn) -> bool:
        """Tell whether an operation of downgrade() drops for good what stood there before upgrade() and upgrade() left alone."""
        touch = next((touch for touch in self.touches.get(id(op), ()) if touch.action == "dropped"), None)
        if touch is None or touch.thing is None or touch.thing.maker is not None or not self.upgrade_is_clear:
            return False
        if isinstance(touch.thing.table, Table) and touch.thing.table.maker is not None:
            return False
        return touch.slots.now.get(touch.key) is None and not self.world.past.is_missing(touch.thing, touch.key)

    @property
    def made(self) -> Iterator[Thing]:
        """The tables, indexes and other things that this migration made, in either function."""
        for touches in self.touches.values():
            yield from (touch.thing for touch in touches if touch.action == "made" and touch.thing is not None)

    def predecessors(self, op: Op) -> Iterator[Constraint]:
        """Give the constraints on the same columns that a new one's table had before, as the history or downgrade() knows them."""
        new = next((touch.thing for touch in self.touches.get(id(op), ()) if touch.action == "made"), None)
        if new is None or not isinstance(new.table, Table) or not new.covering:
            return
        made_again = (thing for thing in self.made if thing.table is new.table and id(thing.maker) in self.reverse)
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


def running(ops: Iterable[Op], dialect: str) -> Iterator[Op]:
    """Give the operations that run on a dialect."""
    return (op for op in ops if admits(op.dialects, dialect))


def _new_columns(table: Thing) -> frozenset[str]:
    if not isinstance(table, Table):
        return frozenset()
    return frozenset(
        str(name) for name, column in table.columns_by_name.now.items() if column is not None and column.maker is not None
    )


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
