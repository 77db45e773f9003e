"""Operations of upgrade() that cannot run on the schema that the earlier revisions leave."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.downgrade.existing_objects import ONE_BY_NAME
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import ON_TABLES, Key, ObjectNamespace, TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import (
    AddColumn,
    AlterColumn,
    BulkInsert,
    CreateConstraint,
    CreateIndex,
    CreateObject,
    CreateTable,
    DropColumn,
    Insert,
    Op,
    Update,
)
from mrt_lint.model.values import UNKNOWN, Name, SqlType, Unknown


def find_upgrade_conflict(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause that says why an operation of upgrade() fails, None if no reason is known.

    What a migration does not say is not known: of a table that no revision makes nothing is said, and nothing at all where a
    part of what ran before could not be read.
    """
    if not op.certain or not simulated.known_schema.with_types or not simulated.known_schema.is_fully_read():
        return None
    if isinstance(op, CreateTable | CreateObject | AddColumn | CreateIndex | CreateConstraint):
        found = _find_duplicate(simulated, op) if getattr(op, "if_not_exists", False) is False else None
        if found is not None or isinstance(op, CreateTable | CreateObject):
            return found
    if not isinstance(op, ON_TABLES) or getattr(op, "if_exists", False) is not False:
        return None
    return _find_dropped_table(simulated, op) or _find_missing_column(simulated, op)


def _find_dropped_table(simulated: SimulatedSchema, op: Op) -> str | None:
    name, schema = getattr(op, "table", None), getattr(op, "schema", None)
    if not readable(name) or simulated.view_of(op) is not None:
        return None
    key = place(schema, name)
    if simulated.known_schema.schema.tables_by_place.get(key, UNKNOWN) is not None or not _is_original(simulated.tables, key):
        return None
    if simulated.known_schema.may_be_made_in_parallel("table", key[1]):
        return None
    views = (
        made
        for (kind, _, view), made in simulated.known_schema.schema.objects_by_place.items()
        if kind == "view" and view == key[1]
    )
    return None if any(views) else f"an earlier revision has dropped or renamed table '{name}'"


def _find_missing_column(simulated: SimulatedSchema, op: Op) -> str | None:
    name = getattr(op, "table", None)
    if not readable(name) or not _is_original(simulated.tables, place(getattr(op, "schema", None), name)):
        return None
    table = simulated.table_of(op)
    known = simulated.known_schema.table(table.origin) if table is not None else None
    if table is None or known is None or not known.complete or not simulated.known_schema.is_complete():
        return None
    for column in _columns(op):
        absent = readable(column) and fold(column) not in known.columns and fold(column) not in table.columns_by_name.now
        if absent and not simulated.known_schema.may_be_made_in_parallel("column", table.current_key[1], fold(str(column))):
            return f"table '{name}' has no column '{column}'"
    return None


def _columns(op: Op) -> Iterator[Name]:
    """Return the columns that an operation needs."""
    if isinstance(op, DropColumn | AlterColumn):
        yield op.column
    elif isinstance(op, CreateIndex):
        yield from (name for name in _listed(op.columns) if not (isinstance(name, str) and name.startswith("(")))
    elif (isinstance(op, CreateConstraint) and op.definition.kind != "exclude") or isinstance(op, Insert | Update | BulkInsert):
        yield from _listed(op.columns)


def _listed(columns: tuple[Name, ...] | Unknown) -> tuple[Name, ...]:
    return () if isinstance(columns, Unknown) else columns


def _find_duplicate(
    simulated: SimulatedSchema, op: CreateTable | CreateObject | AddColumn | CreateIndex | CreateConstraint
) -> str | None:
    """Find an object that had the name of a new one before this migration."""
    known_schema = simulated.known_schema
    if isinstance(op, CreateObject):
        if not readable(op.name) or op.kind not in ONE_BY_NAME or op.or_replace:
            return None
        where = object_place(op.kind, op.schema, op.name)
        exists = known_schema.object(where) is not None and _is_original(simulated.objects, where)
        return f"an earlier revision has made {op.kind} '{op.name}'" if exists else None
    if not readable(op.table):
        return None
    key = place(op.schema, op.table)
    if isinstance(op, CreateTable):
        known = known_schema.table(key) if not op.temporary else None
        exists = known is not None and known.complete and _is_original(simulated.tables, key)
        return f"an earlier revision has made table '{op.table}'" if exists else _find_duplicate_enum(simulated, op)
    table = simulated.table_of(op)
    if table is None or table.creator is not None or (simulated.dialect == "sqlite" and op.batch):
        return None
    return _find_duplicate_part(simulated, op, table)


def _find_duplicate_part(
    simulated: SimulatedSchema, op: AddColumn | CreateIndex | CreateConstraint, table: TrackedTable
) -> str | None:
    known_schema = simulated.known_schema
    if isinstance(op, AddColumn):
        name = fold(op.column) if readable(op.column) else ""
        exists = known_schema.column(table.origin, name) is not None and _is_original(table.columns_by_name, name)
        return f"table '{op.table}' has a column '{op.column}' already" if exists else None
    if isinstance(op, CreateIndex):
        key = place(op.schema, op.index) if readable(op.index) else None
        index = simulated.indexes.find(key) if key is not None and known_schema.index(key) is not None else None
        exists = index is not None and index.creator is None and index.table is not None and index.table.exists
        other = index is not None and index.table is not table and simulated.dialect in FAMILY
        return f"an earlier revision has made index '{op.index}'" if exists and not other else None
    known = known_schema.constraint(table.origin, fold(op.constraint)) if readable(op.constraint) else None
    exists = known is not None and known.kind == op.definition.kind and _is_original(table.constraints, fold(str(op.constraint)))
    return f"table '{op.table}' has a constraint '{op.constraint}' already" if exists else None


def _find_duplicate_enum(simulated: SimulatedSchema, op: CreateTable) -> str | None:
    """Look for an enum type that create_table makes for a column, which PostgreSQL refuses where it is there."""
    for column in op.columns if simulated.dialect == "postgresql" and not op.sql else ():
        kind = column.type.on(simulated.dialect) if isinstance(column.type, SqlType) else None
        if isinstance(kind, SqlType) and kind.name == "ENUM" and kind.creates_type is True and readable(kind.type_name):
            key = object_place("enum", kind.schema, kind.type_name)
            if simulated.known_schema.object(key) is not None and _is_original(simulated.objects, key):
                return f"on PostgreSQL create_table makes the enum type '{kind.type_name}', which an earlier revision has made"
    return None


def _is_original(namespace: ObjectNamespace, key: Key) -> bool:
    """Return whether the object of a name has existed since before this migration."""
    tracked: TrackedObject | None = namespace.find(key)
    return tracked is not None and tracked is namespace.before.get(key) and tracked.exists and key not in namespace.unsure
