"""What blocks an operation because it depends on what the operation removes: views, and what covers a column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import QualifiedName, QualifiedObject, fold, object_place, place
from mrt_lint.history.sqlite_rebuild import rebuilds
from mrt_lint.model.ops import AlterColumn, CreateIndex, CreateObject, DropColumn, DropObject, DropTable, Op
from mrt_lint.model.values import UNSET, Column, Constraint, SqlType

_SOURCE = re.compile(r"\b(?:from|join)\s+([\w.]+)", re.IGNORECASE)


def find_dependent(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if something that is there still needs what an operation removes."""
    if getattr(op, "cascade", False):
        return None
    if reader := _find_reader(simulated, op):
        return f"view '{reader}' still reads it"
    if simulated.dialect == "sqlite":
        cover = _find_cover(simulated, op) if isinstance(op, DropColumn) else None
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


def _find_reader(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return a view, made by this migration, that reads what an operation takes away, so that PostgreSQL or SQLite refuses.

    PostgreSQL (manual, Dependency Tracking) keeps what a view reads; SQLite cannot rebuild a table while a view reads it.
    """
    name, column = getattr(op, "table", None), getattr(op, "column", None)
    is_rebuilt = simulated.dialect == "sqlite" and rebuilds(op)
    takes = isinstance(op, DropColumn) or (
        isinstance(op, AlterColumn) and op.type is not UNSET and simulated.dialect == "postgresql"
    )
    whole = is_rebuilt or (isinstance(op, DropTable) and simulated.dialect == "postgresql")
    if simulated.dialect not in {"postgresql", "sqlite"} or not readable(name) or not (whole or (takes and readable(column))):
        return None
    for view in _new_views(simulated):
        body = str(view.body)
        words = [fold(word) for word in re.findall(r"\w+", body)]
        sources = {fold(source.rpartition(".")[2]) for source in _SOURCE.findall(body)}
        if fold(name) in sources and (whole or (sources == {fold(name)} and fold(str(column)) in words)):
            return str(view.name)
    return None


def _new_views(simulated: SimulatedSchema) -> Iterator[CreateObject]:
    for key, tracked in simulated.objects.now.items():
        made = tracked.definition if tracked is not None and tracked.creator is not None else None
        if isinstance(key, tuple) and key[0] == "view" and isinstance(made, CreateObject) and readable(made.body):
            yield made


def _find_cover(simulated: SimulatedSchema, op: DropColumn) -> str | None:
    """Return an index, key or constraint over a column, which SQLite does not drop then (manual, ALTER TABLE DROP COLUMN).

    Batch mode leaves constraints out, but creates the indexes again, and fails with them.
    """
    table = simulated.table_of(op)
    if not isinstance(table, TrackedTable) or not readable(op.column):
        return None
    column = fold(op.column)
    constraints = [] if op.batch else [*table.constraints.now.values(), *table.unnamed]
    for tracked in (*simulated.indexes.now.values(), *constraints):
        if tracked is not None and tracked.table is table and tracked.mentions(column) and not _goes_along(tracked):
            return _called(tracked.definition)
    known = (cover for cover in _known_covers(simulated, table, column) if isinstance(cover, CreateIndex) or not op.batch)
    return next(map(_called, known), None)


def _goes_along(tracked: TrackedObject) -> bool:
    """Return whether a constraint is a part of the column's own definition; a unique one stays in the way even so."""
    definition = tracked.definition
    return definition is None or (isinstance(definition, Constraint) and bool(tracked.beside) and definition.kind != "unique")


def _known_covers(simulated: SimulatedSchema, table: TrackedTable, column: str) -> Iterator[Constraint | CreateIndex]:
    """Return what covers a column according to the history and was not changed since."""
    known = simulated.known_schema.table(table.origin)
    if known is None or table.creator is not None or column in table.columns_by_name.now:
        return
    for constraint in known.known_constraints():
        spoken_of = readable(constraint.name) and fold(constraint.name) in table.constraints.now
        if not spoken_of and constraint.kind == "unique" and _covers(constraint, column):
            yield constraint
    for index in known.known_indexes():
        spoken_of = not readable(index.index) or place(index.schema, index.index) in simulated.indexes.now
        if not spoken_of and _covers(index, column):
            yield index


def _covers(tracked: Constraint | CreateIndex, column: str) -> bool:
    return isinstance(tracked.columns, tuple) and any(readable(name) and fold(name) == column for name in tracked.columns)


def _called(definition: object) -> str:
    if isinstance(definition, CreateIndex):
        return f"index '{definition.index}'" if readable(definition.index) else "an index"
    name = definition.name if isinstance(definition, Constraint) else None
    return f"constraint '{name}'" if readable(name) else "a constraint"
