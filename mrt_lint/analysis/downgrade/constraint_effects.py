"""What the operations on indexes and constraints do to the world, and which things they touch there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.downgrade.definition import of_kind
from mrt_lint.analysis.downgrade.naming_convention import find_twin
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectEffect, ObjectNamespace, TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import fold, is_given, place
from mrt_lint.model.ops import (
    CreateConstraint,
    CreateIndex,
    DropConstraint,
    DropIndex,
    DropObject,
    DropTable,
    RenameConstraint,
    RenameIndex,
)
from mrt_lint.model.values import Constraint, MaybeName


def drop(slots: ObjectNamespace, key: Key, op: DropIndex | DropConstraint | DropObject) -> TrackedObject | None:
    """Take a thing away, noting whether anybody knows that it was there."""
    thing = slots.drop(key, certain=op.certain)
    if thing is not None and thing.maker is None and thing.definition is None and may_miss(op):
        thing.doubtful = True
    return thing


def may_miss(op: DropIndex | DropConstraint | DropObject | DropTable) -> bool:
    """Tell whether an operation is written for the case that there is nothing to drop."""
    return op.if_exists is not False or not op.certain


def create_index(world: SimulatedSchema, op: CreateIndex) -> Iterator[ObjectEffect]:
    """Let an index stand on its table or view."""
    if readable(op.index):
        key = place(op.schema, op.index)
        index = TrackedObject(maker=op, definition=op, table=world.view_of(op) or world.table_of(op))
        world.indexes.put(key, index)
        yield ObjectEffect("made", world.indexes, key, index)


def drop_index(world: SimulatedSchema, op: DropIndex) -> Iterator[ObjectEffect]:
    """Take an index away."""
    if readable(op.index):
        key = place(op.schema, op.index)
        table = world.table_of(op)
        if isinstance(table, TrackedTable) and table.maker is None and world.past.lacks(table.origin, fold(op.index)):
            world.indexes.before.setdefault(key, None)
            world.indexes.now.setdefault(key, None)
        index = drop(world.indexes, key, op)
        if index is not None and index.table is None:
            index.table = world.table_of(op)
        yield ObjectEffect("dropped", world.indexes, key, index)


def rename_index(world: SimulatedSchema, op: RenameIndex) -> Iterator[ObjectEffect]:
    """Let an index stand under another name."""
    if readable(op.index) and readable(op.new_index):
        key = place(op.schema, op.index)
        yield ObjectEffect("moved", world.indexes, key, world.indexes.move(key, place(op.schema, op.new_index)))


def create_constraint(world: SimulatedSchema, op: CreateConstraint) -> Iterator[ObjectEffect]:
    """Let a constraint stand on its table."""
    table = world.table_of(op)
    if table is not None:
        if readable(op.definition.using_index):
            world.indexes.drop(place(op.schema, op.definition.using_index))  # it belongs to the constraint from now on
        yield ObjectEffect("made", table.constraints, *world.put_constraint(table, op.definition, op))


def drop_constraint(world: SimulatedSchema, op: DropConstraint) -> Iterator[ObjectEffect]:
    """Take a constraint away; a name under which none stands is that which the database gave to an unnamed one, if there is one."""
    table = world.table_of(op)
    if table is None:
        return
    unnamed = [thing for thing in table.anonymous if _is_of_kind(thing, op.kind)]
    key = _stands_as(table, op) if readable(op.constraint) else ""
    unnamed.sort(key=lambda thing: _is_given(key, table, thing))
    stands = table.constraints.now.get(key) is not None
    taken = key in table.constraints.now and not (unnamed and _is_given(key, table, unnamed[-1]))
    if readable(op.constraint) and (stands or taken or not unnamed):
        if table.maker is None and world.past.lacks(table.origin, key):
            table.constraints.before.setdefault(key, None)
            table.constraints.now.setdefault(key, None)
        constraint = drop(table.constraints, key, op)
        if constraint is not None and constraint.definition is None and readable(op.kind):
            constraint.definition = of_kind(op.kind)
        if constraint is not None and constraint.maker is None:
            constraint.covering = tuple(table.columns_by_name.first(name) for name in constraint.columns)
        yield ObjectEffect("dropped", table.constraints, key, constraint)
    elif unnamed:
        table.drop_anonymous(unnamed[-1])
        yield ObjectEffect("dropped", table.constraints, None, unnamed[-1])


def _stands_as(table: TrackedTable, op: DropConstraint) -> str:
    """Give the name under which a constraint is known here: its own, or what its migration called it before a convention did."""
    name = fold(str(op.constraint))
    standing = (key for key, thing in table.constraints.now.items() if thing is not None and _is_of_kind(thing, op.kind))
    return name if name in table.constraints.now else find_twin(name, table.home[1], standing) or name


def _is_given(key: str, table: TrackedTable, thing: TrackedObject) -> bool:
    """Tell whether an unnamed constraint has the name that PostgreSQL chooses, under either name that the table has had."""
    if not isinstance(thing.definition, Constraint):
        return False
    definition = replace(thing.definition, columns=thing.columns)
    return any(is_given(key, name, definition) for _, name in (table.home, table.origin))


def _is_of_kind(thing: TrackedObject, kind: MaybeName) -> bool:
    return not isinstance(thing.definition, Constraint) or not readable(kind) or thing.definition.kind == kind


def rename_constraint(world: SimulatedSchema, op: RenameConstraint) -> Iterator[ObjectEffect]:
    """Let a constraint stand under another name."""
    table = world.table_of(op)
    if table is not None and readable(op.constraint) and readable(op.new_constraint):
        key = fold(op.constraint)
        yield ObjectEffect("moved", table.constraints, key, table.constraints.move(key, fold(op.new_constraint)))
