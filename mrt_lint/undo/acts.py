"""What each operation does to the world, and which things it touches there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.ops import (
    AddColumn,
    AlterColumn,
    CreateConstraint,
    CreateIndex,
    CreateObject,
    CreateTable,
    Delete,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropObject,
    DropTable,
    Insert,
    Op,
    RenameConstraint,
    RenameIndex,
    RenameObject,
    RenameTable,
    Truncate,
)
from mrt_lint.undo.definition import former, of_kind
from mrt_lint.undo.things import Key, Slots, Table, Thing, readable
from mrt_lint.undo.world import World
from mrt_lint.values import UNSET, Constraint, MaybeName

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from mrt_lint.lean import dataclass

SETTINGS = ("nullable", "type", "server_default", "comment", "identity", "autoincrement")
"""What `AlterColumn` can change beside the name, by the names of its fields."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What one operation did to one thing: `action` is "made", "dropped", "moved" or the setting that it changed.

    `key` is the place in `slots` that has to be as before once the operation is undone, None for what has no name there;
    `thing` is what was touched, None where nothing stood there any more.
    """

    action: str
    slots: Slots
    key: Key
    thing: Thing | None


def apply(world: World, op: Op) -> tuple[Touch, ...]:
    """Do what an operation does; give what it touched, nothing where its names could not be read."""
    for kind in type(op).__mro__:
        if kind in _ACTS:
            return tuple(_ACTS[kind](world, op))
    return ()


def acts(op: Op) -> bool:
    """Tell whether an operation makes, changes or drops a thing that has a name."""
    return any(kind in _ACTS for kind in type(op).__mro__)


def _drop(slots: Slots, key: Key, op: DropIndex | DropConstraint | DropObject) -> Thing | None:
    thing = slots.drop(key)
    if thing is not None and thing.maker is None and thing.definition is None and _may_miss(op):
        thing.doubtful = True
    return thing


def _may_miss(op: DropIndex | DropConstraint | DropObject) -> bool:
    """Tell whether an operation is written for the case that there is nothing to drop."""
    return op.if_exists is not False or not op.certain


# Tables ---------------------------------------------------------------------------------------------------------------------


def _create_table(world: World, op: CreateTable) -> Iterator[Touch]:
    if not readable(op.table):
        return
    key = place(op.schema, op.table)
    table = Table(maker=op, definition=op, complete=op.complete and op.source is None, home=key)
    table.rows.clear()
    for name in op.source_tables:
        table.rows |= world.rows_of(name)
    for column in op.columns:
        world.put_column(table, column, op)
    for constraint in op.constraints:
        world.put_constraint(table, constraint, op)
    world.tables.put(key, table)
    yield Touch("made", world.tables, key, table)


def _drop_table(world: World, op: DropTable) -> Iterator[Touch]:
    if not readable(op.table):
        return
    key = place(op.schema, op.table)
    table = world.tables.drop(key)
    if isinstance(table, Table):
        world.drop_hanging(table)
    yield Touch("dropped", world.tables, key, table)


def _rename_table(world: World, op: RenameTable) -> Iterator[Touch]:
    if readable(op.table) and readable(op.new_table):
        key, new_key = place(op.schema, op.table), place(op.schema, op.new_table)
        table = world.tables.move(key, new_key)
        if isinstance(table, Table):
            table.home = new_key
        yield Touch("moved", world.tables, key, table)


# Columns --------------------------------------------------------------------------------------------------------------------


def _add_column(world: World, op: AddColumn) -> Iterator[Touch]:
    table = world.table_of(op)
    if table is not None and readable(op.column):
        world.put_column(table, replace(op.definition, name=op.column), op)
        key = fold(op.column)
        yield Touch("made", table.columns_by_name, key, table.columns_by_name.now[key])


def _drop_column(world: World, op: DropColumn) -> Iterator[Touch]:
    table = world.table_of(op)
    if table is not None and readable(op.column):
        key = fold(op.column)
        column = table.columns_by_name.drop(key)
        world.drop_hanging(table, key)
        yield Touch("dropped", table.columns_by_name, key, column)


def _alter_column(world: World, op: AlterColumn) -> Iterator[Touch]:
    table = world.table_of(op)
    if table is None or not readable(op.column):
        return
    slots, key = table.columns_by_name, fold(op.column)
    column = slots.look(key)
    for setting in SETTINGS:
        value = getattr(op, setting)
        if value is not UNSET:
            yield Touch(setting, slots, key, column)
            if column is not None:
                column.former.setdefault(setting, former(op, column, setting))
                column.settings[setting] = (value, op)
    if readable(op.new_column):
        yield Touch("moved", slots, key, slots.move(key, fold(op.new_column)))


# Indexes and constraints ----------------------------------------------------------------------------------------------------


def _create_index(world: World, op: CreateIndex) -> Iterator[Touch]:
    if readable(op.index):
        key = place(op.schema, op.index)
        index = Thing(maker=op, definition=op, table=world.view_of(op) or world.table_of(op))
        world.indexes.put(key, index)
        yield Touch("made", world.indexes, key, index)


def _drop_index(world: World, op: DropIndex) -> Iterator[Touch]:
    if readable(op.index):
        key = place(op.schema, op.index)
        table = world.table_of(op)
        if _may_miss(op) and isinstance(table, Table) and table.maker is None and world.past.lacks(table.origin, fold(op.index)):
            world.indexes.before.setdefault(key, None)
            world.indexes.now.setdefault(key, None)
        index = _drop(world.indexes, key, op)
        if index is not None and index.table is None:
            index.table = world.table_of(op)
        yield Touch("dropped", world.indexes, key, index)


def _rename_index(world: World, op: RenameIndex) -> Iterator[Touch]:
    if readable(op.index) and readable(op.new_index):
        key = place(op.schema, op.index)
        yield Touch("moved", world.indexes, key, world.indexes.move(key, place(op.schema, op.new_index)))


def _create_constraint(world: World, op: CreateConstraint) -> Iterator[Touch]:
    table = world.table_of(op)
    if table is not None:
        yield Touch("made", table.constraints, *world.put_constraint(table, op.definition, op))


def _drop_constraint(world: World, op: DropConstraint) -> Iterator[Touch]:
    # A name that was never seen is the one that the database gave to an unnamed constraint of that kind, if there is one.
    table = world.table_of(op)
    if table is None:
        return
    unnamed = [thing for thing in table.anonymous if _is_of_kind(thing, op.kind)]
    if readable(op.constraint) and (fold(op.constraint) in table.constraints.now or not unnamed):
        key = fold(op.constraint)
        if _may_miss(op) and table.maker is None and world.past.lacks(table.origin, key):
            table.constraints.before.setdefault(key, None)
            table.constraints.now.setdefault(key, None)
        constraint = _drop(table.constraints, key, op)
        if constraint is not None and constraint.definition is None and readable(op.kind):
            constraint.definition = of_kind(op.kind)
        if constraint is not None and constraint.maker is None:
            constraint.covering = tuple(table.columns_by_name.look(name) for name in constraint.columns)
        yield Touch("dropped", table.constraints, key, constraint)
    elif unnamed:
        table.drop_anonymous(unnamed[-1])
        yield Touch("dropped", table.constraints, None, unnamed[-1])


def _is_of_kind(thing: Thing, kind: MaybeName) -> bool:
    return not isinstance(thing.definition, Constraint) or not readable(kind) or thing.definition.kind == kind


def _rename_constraint(world: World, op: RenameConstraint) -> Iterator[Touch]:
    table = world.table_of(op)
    if table is not None and readable(op.constraint) and readable(op.new_constraint):
        key = fold(op.constraint)
        yield Touch("moved", table.constraints, key, table.constraints.move(key, fold(op.new_constraint)))


# Other objects --------------------------------------------------------------------------------------------------------------


def _create_object(world: World, op: CreateObject) -> Iterator[Touch]:
    if readable(op.name):
        key = _object_key(world, op, op.name)
        made = Thing(maker=op, definition=op, table=world.table_of(op))
        world.objects.put(key, made)
        yield Touch("made", world.objects, key, made)


def _drop_object(world: World, op: DropObject) -> Iterator[Touch]:
    if not readable(op.name):
        return
    if op.kind == "schema":
        _drop_schema(world, op.name)
    key = _object_key(world, op, op.name)
    yield Touch("dropped", world.objects, key, _drop(world.objects, key, op))


def _object_key(world: World, op: CreateObject | DropObject, name: str) -> Key:
    """Give the place of an object; PostgreSQL's triggers have names of their own in each table, the others' drop names no table."""
    if op.kind != "trigger":
        return object_place(op.kind, op.schema, name)
    if readable(op.table):
        return ("trigger", fold(op.table), fold(name))
    seen = (key for key in world.objects.now if isinstance(key, tuple) and key[0] == "trigger" and key[2] == fold(name))
    return next(seen, ("trigger", None, fold(name)))


def _drop_schema(world: World, schema: str) -> None:
    for slots, where in ((world.tables, 0), (world.indexes, 0), (world.objects, 1)):
        for key in list(slots.now):
            if isinstance(key, tuple) and key[where] == fold(schema):
                slots.drop(key)


def _rename_object(world: World, op: RenameObject) -> Iterator[Touch]:
    if readable(op.name) and readable(op.new_name):
        key = object_place(op.kind, op.schema, op.name)
        yield Touch("moved", world.objects, key, world.objects.move(key, object_place(op.kind, op.schema, op.new_name)))


# Rows -----------------------------------------------------------------------------------------------------------------------


def _insert(world: World, op: Insert) -> Iterator[Touch]:
    table = world.table_of(op)
    if table is not None and op.query:
        for name in op.source_tables:
            table.rows |= world.rows_of(name)
    return iter(())


def _empty(world: World, op: Delete | Truncate) -> Iterator[Touch]:
    table = world.table_of(op)
    if table is not None and (isinstance(op, Truncate) or op.where is False):
        if op.certain:
            table.rows.clear()
        table.maybe_empty = True
    return iter(())


_ACTS: dict[type[Op], Callable[[World, Any], Iterator[Touch]]] = {
    CreateTable: _create_table,
    DropTable: _drop_table,
    RenameTable: _rename_table,
    AddColumn: _add_column,
    DropColumn: _drop_column,
    AlterColumn: _alter_column,
    CreateIndex: _create_index,
    DropIndex: _drop_index,
    RenameIndex: _rename_index,
    CreateConstraint: _create_constraint,
    DropConstraint: _drop_constraint,
    RenameConstraint: _rename_constraint,
    CreateObject: _create_object,
    DropObject: _drop_object,
    RenameObject: _rename_object,
    Insert: _insert,
    Delete: _empty,
    Truncate: _empty,
}
