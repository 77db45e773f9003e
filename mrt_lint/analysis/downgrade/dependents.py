"""What blocks an operation because it depends on what the operation removes: views, and what covers a column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_lint.analysis.downgrade.definition import effective
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.history.effects import sources, type_of
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedTable, fold, object_place, place
from mrt_lint.history.sqlite_rebuild import rebuilds
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import (
    AlterColumn,
    CreateIndex,
    CreateObject,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropObject,
    DropTable,
    Op,
)
from mrt_lint.model.values import UNSET, Column, Constraint


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
        return _find_child(simulated, place(op.schema, op.table), op)
    if isinstance(op, DropIndex | DropConstraint) and simulated.dialect in FAMILY:
        key = find_served_key(simulated, op)
        return f"MySQL and MariaDB need it for {key} (error 1553)" if key is not None else None
    if isinstance(op, DropObject) and readable(op.name) and simulated.dialect == "postgresql":
        return _find_content(simulated, fold(op.name)) if op.kind == "schema" else _find_typed_column(simulated, op)
    return None


def _is_sure_of(simulated: SimulatedSchema, tracked: TrackedObject, *names: str) -> bool:
    """Return whether an object certainly exists: this migration has made it, or the history, as far as it was read."""
    return tracked.exists and (tracked.creator is not None or simulated.known_schema.is_fully_read(*names))


def _find_child(simulated: SimulatedSchema, key: QualifiedName, op: DropTable) -> str | None:
    """Return one clause on a table whose foreign key points to one that is dropped."""
    for where in simulated.known_schema.schema.places_of_referrers.get(key, frozenset()):
        # a table is among those of `now`, with its keys, once it was looked up
        simulated.tables.find(where)
    for child in [table for table in simulated.tables.now.values() if isinstance(table, TrackedTable)]:
        for constraint in foreign_keys(child) if child.current_key != key else ():
            if _referred(constraint.definition, op) == key and _is_sure_of(simulated, constraint, child.current_key[1]):
                return f"a foreign key of table '{child.current_key[1]}' still points to it"
    return None


def _referred(constraint: object, op: DropTable) -> QualifiedName | None:
    name = constraint.referred_table if isinstance(constraint, Constraint) else None
    return place(constraint.referred_schema or op.schema, name) if isinstance(constraint, Constraint) and readable(name) else None


def foreign_keys(table: TrackedTable) -> Iterator[TrackedObject]:
    """Return the foreign keys that a table has at that point, named or not, as far as they are known."""
    for tracked in (*table.constraints.now.values(), *table.unnamed):
        if tracked is not None and isinstance(tracked.definition, Constraint) and tracked.definition.kind == "foreignkey":
            yield tracked


def _find_typed_column(simulated: SimulatedSchema, op: DropObject) -> str | None:
    """Return one clause on a column that still has a type which is dropped."""
    key = object_place(op.kind, op.schema, str(op.name))
    if key[0] != "type":
        return None
    for where, known in simulated.known_schema.schema.tables_by_place.items():
        columns = known.columns.values() if isinstance(known, ReplayedTable) else ()
        if any(isinstance(column, Column) and _has_type(column, key) for column in columns):
            simulated.tables.find(where)
    for table in [table for table in simulated.tables.now.values() if isinstance(table, TrackedTable)]:
        for name, tracked in table.columns_by_name.now.items():
            column = effective(tracked) if tracked is not None else None
            if tracked is None or not isinstance(column, Column) or not _has_type(column, key):
                continue
            if _is_sure_of(simulated, tracked, table.current_key[1], str(name)):
                return f"column '{table.current_key[1]}.{column.name}' still has that type"
    return None


def _has_type(column: Column, key: QualifiedObject) -> bool:
    thing = type_of(column)
    return thing is not None and (thing.kind, *thing.place) == key


def _find_content(simulated: SimulatedSchema, schema: str) -> str | None:
    """Return one clause on a table that a schema still holds, which PostgreSQL does not drop then."""
    for where, known in simulated.known_schema.schema.tables_by_place.items():
        if where[0] == schema and isinstance(known, ReplayedTable):
            simulated.tables.find(where)
    for key, table in simulated.tables.now.items():
        if isinstance(table, TrackedTable) and isinstance(key, tuple) and key[0] == schema:
            known = simulated.known_schema.table(table.origin)
            is_made = table.creator is not None or (known is not None and known.complete)
            if is_made and _is_sure_of(simulated, table, str(key[1])):
                return f"table '{schema}.{key[1]}' is still in it"
    return None


def find_served_key(simulated: SimulatedSchema, op: DropIndex | DropConstraint) -> str | None:
    """Return a foreign key for which MySQL and MariaDB need an index: none else begins with its columns.

    That the database once made one by itself for the key helps nothing: it is dropped in silence once another serves. Source:
    MySQL, “FOREIGN KEY Constraints” (https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html).
    """
    table = simulated.table_of(op)
    name = op.index if isinstance(op, DropIndex) else op.constraint
    if not isinstance(table, TrackedTable) or not readable(name):
        return None
    is_index = isinstance(op, DropIndex)
    index = simulated.indexes.now.get(place(op.schema, name)) if is_index else table.constraints.now.get(fold(name))
    if index is None or index.table is not table or not index.columns or not (is_index or _is_index(index)):
        return None
    indexes = (other for other in simulated.indexes.now.values() if other is not None and other.table is table)
    keys = (key for key in (*table.constraints.now.values(), *table.unnamed) if key is not None and _is_index(key))
    serving = [other.columns for other in (*indexes, *keys) if other is not index]
    for key in foreign_keys(table):
        columns = key.columns
        served = any(found[: len(columns)] == columns for found in serving)
        if columns and index.columns[: len(columns)] == columns and not served and _is_sure_of(simulated, key, fold(name)):
            called = key.definition.name if isinstance(key.definition, Constraint) else None
            return f"foreign key '{called}'" if readable(called) else f"a foreign key on {', '.join(columns)}"
    return None


def _is_index(key: TrackedObject) -> bool:
    return isinstance(key.definition, Constraint) and key.definition.kind in {"primary", "unique"}


def _find_reader(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return a view that reads what an operation takes away, so that PostgreSQL or SQLite refuses.

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
    for view in _views(simulated):
        body = str(view.body)
        words = [fold(word) for word in re.findall(r"\w+", body)]
        read = {fold(table) for _, table in sources(body)}
        if fold(name) in read and (whole or (read == {fold(name)} and fold(str(column)) in words)):
            return str(view.name)
    return None


def _views(simulated: SimulatedSchema) -> Iterator[CreateObject]:
    """Return the views that are there at that point and whose text is known."""
    for key, tracked in simulated.objects.now.items():
        made = tracked.definition if tracked is not None and _is_sure_of(simulated, tracked, str(key)) else None
        if isinstance(key, tuple) and key[0] == "view" and isinstance(made, CreateObject) and readable(made.body):
            yield made
    for where, known in simulated.known_schema.schema.objects_by_place.items():
        if where[0] != "view" or where in simulated.objects.now or not isinstance(known, CreateObject):
            continue
        if readable(known.body) and simulated.known_schema.is_fully_read(where[2]):
            yield known


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
