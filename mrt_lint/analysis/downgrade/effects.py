"""What each operation does to the world, and which things it touches there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from mrt_lint.analysis.downgrade.batch_rebuild import rebuild
from mrt_lint.analysis.downgrade.constraint_effects import (
    create_constraint,
    create_index,
    drop,
    drop_constraint,
    drop_index,
    may_miss,
    rename_constraint,
    rename_index,
)
from mrt_lint.analysis.downgrade.definition import former, here
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectEffect, TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.history.sqlite_rebuild import rebuilds
from mrt_lint.history.table_changes import is_autoincrement
from mrt_lint.model.ops import (
    AddColumn,
    AlterColumn,
    BatchAlterTable,
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
    Update,
)
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType

SETTINGS = ("nullable", "type", "server_default", "comment", "identity", "autoincrement")
"""What `AlterColumn` can change beside the name, by the names of its fields."""


def apply(world: SimulatedSchema, op: Op) -> tuple[ObjectEffect, ...]:
    """Do what an operation does; give what it touched, nothing where its names could not be read."""
    for kind in type(op).__mro__:
        if kind in _ACTS:
            touches = tuple(_ACTS[kind](world, op))
            if world.dialect == "sqlite" and rebuilds(op):
                rebuild(world, op)
            return touches
    return ()


def acts(op: Op) -> bool:
    """Tell whether an operation makes, changes or drops a thing that has a name."""
    return not isinstance(op, Update) and any(kind in _ACTS for kind in type(op).__mro__)


# Tables ---------------------------------------------------------------------------------------------------------------------


def _create_table(world: SimulatedSchema, op: CreateTable) -> Iterator[ObjectEffect]:
    if not readable(op.table):
        return
    key = place(op.schema, op.table)
    table = TrackedTable(key, op, op, complete=op.complete and op.source is None)
    table.autoincrement = is_autoincrement(op)
    for name in op.source_tables:
        table.rows |= world.rows_of(name)
    for column in op.columns:
        world.put_column(table, column, op)
    for constraint in op.constraints:
        world.put_constraint(table, constraint, op)
    table.table = world.table(op.partition_of, op.schema)
    world.tables.put(key, table)
    yield ObjectEffect("made", world.tables, key, table)
    for kind in _implied_types(world, op):
        yield ObjectEffect("implied", world.objects, kind, world.objects.now[kind])


def _implied_types(world: SimulatedSchema, op: CreateTable) -> Iterator[Key]:
    """Let the enum types stand that PostgreSQL needs for the columns and that `create_table` creates before the table."""
    if op.sql or world.dialect != "postgresql":
        return
    for column in op.columns:
        kind = here(column.type, world.dialect)
        if isinstance(kind, SqlType) and kind.name == "ENUM" and kind.creates_type is True and readable(kind.type_name):
            key = object_place("enum", kind.schema, kind.type_name)
            if world.objects.now.get(key) is None and world.past.object(key) is None:
                world.objects.put(key, TrackedObject(maker=op, definition=op))
                yield key


def _drop_table(world: SimulatedSchema, op: DropTable) -> Iterator[ObjectEffect]:
    if not readable(op.table):
        return
    key = place(op.schema, op.table)
    table = world.tables.drop(key, certain=op.certain)
    if isinstance(table, TrackedTable):
        table.doubtful = table.maker is None and may_miss(op) and world.past.table(key) is None
        world.drop_hanging(table)
    yield ObjectEffect("dropped", world.tables, key, table)


def _batch_alter_table(world: SimulatedSchema, op: BatchAlterTable) -> Iterator[ObjectEffect]:
    world.table_of(op)
    return iter(())


def _rename_table(world: SimulatedSchema, op: RenameTable) -> Iterator[ObjectEffect]:
    if readable(op.table) and readable(op.new_table):
        key, new_key = place(op.schema, op.table), place(op.schema, op.new_table)
        table = world.tables.move(key, new_key)
        if isinstance(table, TrackedTable):
            table.home = new_key
            former = world.tables.taken.get(new_key)
            if table.filled and isinstance(former, TrackedTable):  # rebuilt, though nobody could read from where its rows came
                table.rows |= former.rows
        yield ObjectEffect("moved", world.tables, key, table)
    elif readable(op.new_table):
        new_key = place(op.schema, op.new_table)
        world.tables.put(new_key, TrackedTable(new_key, complete=False))


# Columns --------------------------------------------------------------------------------------------------------------------


def _add_column(world: SimulatedSchema, op: AddColumn) -> Iterator[ObjectEffect]:
    table = world.table_of(op)
    if table is not None and readable(op.column):
        world.put_column(table, replace(op.definition, name=op.column), op)
        key = fold(op.column)
        yield ObjectEffect("made", table.columns_by_name, key, table.columns_by_name.now[key])


def _drop_column(world: SimulatedSchema, op: DropColumn) -> Iterator[ObjectEffect]:
    table = world.table_of(op)
    if table is not None and readable(op.column):
        key = fold(op.column)
        column = table.columns_by_name.drop(key, certain=op.certain)
        world.drop_hanging(table, key)
        yield ObjectEffect("dropped", table.columns_by_name, key, column)


def _alter_column(world: SimulatedSchema, op: AlterColumn) -> Iterator[ObjectEffect]:
    table = world.table_of(op)
    if table is None or not readable(op.column):
        return
    slots, key = table.columns_by_name, fold(op.column)
    column = slots.look(key)
    for setting in SETTINGS:
        value = here(getattr(op, setting), world.dialect)
        if value is not UNSET:
            yield ObjectEffect(setting, slots, key, column)
            if column is not None:
                column.former.setdefault(setting, here(former(op, column, setting), world.dialect))
                column.settings[setting] = (value, op)
    if readable(op.new_column):
        yield ObjectEffect("moved", slots, key, slots.move(key, fold(op.new_column)))


# Other objects --------------------------------------------------------------------------------------------------------------


def _create_object(world: SimulatedSchema, op: CreateObject) -> Iterator[ObjectEffect]:
    if readable(op.name):
        key = object_key(world, op, op.name)
        made = TrackedObject(maker=op, definition=op, table=world.table_of(op))
        world.objects.put(key, made)
        yield ObjectEffect("made", world.objects, key, made)


def _drop_object(world: SimulatedSchema, op: DropObject) -> Iterator[ObjectEffect]:
    if not readable(op.name):
        return
    if op.kind == "schema":
        _drop_schema(world, op.name)
    key = object_key(world, op, op.name)
    yield ObjectEffect("dropped", world.objects, key, drop(world.objects, key, op))


def object_key(world: SimulatedSchema, op: CreateObject | DropObject, name: str) -> Key:
    """Give the place of an object; PostgreSQL's triggers have names of their own in each table, the others' drop names no table."""
    if op.kind != "trigger":
        return object_place(op.kind, op.schema, name)
    if readable(op.table):
        return ("trigger", fold(op.table), fold(name))
    seen = [key for key in world.objects.now if isinstance(key, tuple) and key[0] == "trigger" and key[2] == fold(name)]
    seen.sort(key=lambda key: world.objects.now[key] is None)  # one that stands comes first
    return next(iter(seen), ("trigger", None, fold(name)))


def _drop_schema(world: SimulatedSchema, schema: str) -> None:
    for slots, where in ((world.tables, 0), (world.indexes, 0), (world.objects, 1)):
        for key in list(slots.now):
            if isinstance(key, tuple) and key[where] == fold(schema):
                slots.drop(key)


def _rename_object(world: SimulatedSchema, op: RenameObject) -> Iterator[ObjectEffect]:
    if readable(op.name) and readable(op.new_name):
        key = object_place(op.kind, op.schema, op.name)
        yield ObjectEffect("moved", world.objects, key, world.objects.move(key, object_place(op.kind, op.schema, op.new_name)))


# Rows -----------------------------------------------------------------------------------------------------------------------


def _insert(world: SimulatedSchema, op: Insert) -> Iterator[ObjectEffect]:
    table = world.table_of(op)
    if table is not None:
        table.filled = table.filled or _comes_from_anywhere(op)
    if table is not None and op.query:
        for name in op.source_tables:
            table.rows |= world.rows_of(name)
    return iter(())


def _comes_from_anywhere(op: Insert) -> bool:
    """Tell whether reading leaves open from where rows come: from another table, perhaps, by way of Python."""
    if op.query:
        return UNKNOWN in op.source_tables
    return op.flows is UNKNOWN or any(flow.source is UNKNOWN for flow in op.flows)


def _update(world: SimulatedSchema, op: Update) -> Iterator[ObjectEffect]:
    """Note whose rows a table holds in part: what was folded into a column can be unfolded again."""
    table = world.table_of(op)
    if table is not None:
        for name in op.source_tables:
            table.rows |= world.rows_of(name)
    return iter(())


def _empty(world: SimulatedSchema, op: Delete | Truncate) -> Iterator[ObjectEffect]:
    table = world.table_of(op)
    if table is not None and (isinstance(op, Truncate) or op.where is False):
        if op.certain:
            table.rows.clear()
        table.maybe_empty = True
    return iter(())


_ACTS: dict[type[Op], Callable[[SimulatedSchema, Any], Iterator[ObjectEffect]]] = {
    CreateTable: _create_table,
    DropTable: _drop_table,
    BatchAlterTable: _batch_alter_table,
    RenameTable: _rename_table,
    AddColumn: _add_column,
    DropColumn: _drop_column,
    AlterColumn: _alter_column,
    CreateIndex: create_index,
    DropIndex: drop_index,
    RenameIndex: rename_index,
    CreateConstraint: create_constraint,
    DropConstraint: drop_constraint,
    RenameConstraint: rename_constraint,
    CreateObject: _create_object,
    DropObject: _drop_object,
    RenameObject: _rename_object,
    Insert: _insert,
    Update: _update,
    Delete: _empty,
    Truncate: _empty,
}
