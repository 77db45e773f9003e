"""Operations of downgrade() that cannot run at their position, because of the operations before them."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.downgrade.dependents import find_cover, find_reader
from mrt_lint.analysis.downgrade.effects import object_key
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import ON_TABLES, TrackedTable, readable
from mrt_lint.history.schema import QualifiedName, QualifiedObject, fold, object_place, place
from mrt_lint.model.ops import (
    AlterColumn,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropObject,
    DropTable,
    Op,
)
from mrt_lint.model.values import Column, Constraint, SqlType


def find_order_conflict(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause that says why an operation fails at this point, None if no reason is known."""
    if not op.certain or getattr(op, "if_exists", False) is not False:
        return None
    return _find_missing(simulated, op) or _find_dependent(simulated, op)


def _find_missing(simulated: SimulatedSchema, op: Op) -> str | None:
    name = getattr(op, "table", None)
    if not isinstance(op, ON_TABLES) or not readable(name):
        return _find_missing_object(simulated, op)
    key = place(getattr(op, "schema", None), name)
    if isinstance(op, DropIndex) and simulated.finds_index(op):
        return None
    if simulated.tables.is_gone(key) and simulated.view_of(op) is None:
        return f"there is no table '{name}' at that point"
    table = simulated.table_of(op)
    if table is None:
        return None
    if isinstance(op, DropColumn | AlterColumn) and readable(op.column) and table.columns_by_name.was_dropped(fold(op.column)):
        return f"column '{name}.{op.column}' no longer exists by then"
    if isinstance(op, DropConstraint) and readable(op.constraint) and table.constraints.was_dropped(fold(op.constraint)):
        return f"constraint '{op.constraint}' no longer exists by then"
    return _find_missing_object(simulated, op)


def _find_missing_object(simulated: SimulatedSchema, op: Op) -> str | None:
    if isinstance(op, DropIndex) and readable(op.index) and simulated.indexes.was_dropped(place(op.schema, op.index)):
        return f"index '{op.index}' no longer exists by then"
    if isinstance(op, DropObject) and readable(op.name) and simulated.objects.was_dropped(object_key(simulated, op, op.name)):
        return f"{op.kind} '{op.name}' no longer exists by then"
    return None


def _find_dependent(simulated: SimulatedSchema, op: Op) -> str | None:
    if getattr(op, "cascade", False):
        return None
    if reader := find_reader(simulated, op):
        return f"view '{reader}' still reads it"
    if simulated.dialect == "sqlite":
        cover = find_cover(simulated, op) if isinstance(op, DropColumn) else None
        return f"{cover} still covers column '{op.table}.{op.column}'" if isinstance(op, DropColumn) and cover else None
    if isinstance(op, DropTable) and readable(op.table):
        key = place(op.schema, op.table)
        for child, constraint in _foreign_keys(simulated):
            if child.current_key != key and _referred(constraint, op) == key:
                return f"a foreign key of table '{child.current_key[1]}' still points to it"
    if isinstance(op, DropObject) and readable(op.name) and simulated.dialect == "postgresql":
        key_of_type = object_place(op.kind, op.schema, op.name)
        for table, column in _new_columns(simulated):
            if _place_of_enum(column) == key_of_type:
                return f"column '{table.current_key[1]}.{column.name}' still has that type"
    return None


def _place_of_enum(column: Column) -> QualifiedObject | None:
    kind = column.type
    if isinstance(kind, SqlType) and kind.name == "ENUM" and readable(kind.type_name):
        return object_place("enum", kind.schema, kind.type_name)
    return None


def _referred(constraint: Constraint, op: DropTable) -> QualifiedName | None:
    name = constraint.referred_table
    return place(constraint.referred_schema or op.schema, name) if readable(name) else None


def _existing(simulated: SimulatedSchema) -> Iterator[TrackedTable]:
    return (table for table in simulated.tables.now.values() if isinstance(table, TrackedTable))


def _foreign_keys(simulated: SimulatedSchema) -> Iterator[tuple[TrackedTable, Constraint]]:
    """Return the existing foreign keys that this migration created."""
    for table in _existing(simulated):
        for tracked in (*table.constraints.now.values(), *table.unnamed):
            definition = tracked.definition if tracked is not None and tracked.creator is not None else None
            if isinstance(definition, Constraint) and definition.kind == "foreignkey":
                yield table, definition


def _new_columns(simulated: SimulatedSchema) -> Iterator[tuple[TrackedTable, Column]]:
    for table in _existing(simulated):
        for tracked in table.columns_by_name.now.values():
            if tracked is not None and tracked.creator is not None and isinstance(tracked.definition, Column):
                yield table, tracked.definition
