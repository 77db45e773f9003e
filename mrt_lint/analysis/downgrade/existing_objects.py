"""Operations that create what certainly exists: an earlier revision, or this migration, has made it."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectNamespace, TrackedObject, TrackedTable, readable
from mrt_lint.history.effects import implied_type
from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AddColumn, CreateConstraint, CreateIndex, CreateObject, CreateTable, Op, RenameTable
from mrt_lint.model.values import Constraint

_ONE_BY_NAME = frozenset({"view", "materialized view", "sequence", "type", "enum", "domain", "schema", "extension"})
"""Kinds of objects of which a schema holds one under a name; functions differ in their parameters, too."""


def find_existing_object(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if an operation creates what exists at that point, else None."""
    if not op.certain or getattr(op, "if_not_exists", False) is not False:
        return None
    if simulated.dialect == "sqlite" and op.batch:  # the table is put together first, and the later definition wins
        return None
    return next(_duplicates(simulated, op), None)


def _duplicates(simulated: SimulatedSchema, op: Op) -> Iterator[str]:
    if isinstance(op, CreateObject) and op.kind in _ONE_BY_NAME and not op.or_replace and readable(op.name):
        found = _find(simulated, simulated.objects, object_place(op.kind, op.schema, op.name))
        if found is not None:
            yield _exists(found, f"{op.kind} '{op.name}'")
    elif isinstance(op, CreateTable) and readable(op.table) and not op.temporary:
        found = _find(simulated, simulated.tables, place(op.schema, op.table))
        if found is not None:
            yield _exists(found, f"table '{op.table}'")
        yield from _existing_types(simulated, op)
    elif isinstance(op, RenameTable) and readable(op.new_table) and op.new_table != op.table:
        found = _find(simulated, simulated.tables, place(op.schema, op.new_table))
        if found is not None:
            yield _exists(found, f"table '{op.new_table}'")
    elif isinstance(op, CreateIndex) and readable(op.index):
        table = simulated.table_of(op)
        found = _find(simulated, simulated.indexes, place(op.schema, op.index))
        is_another = found is not None and found.table is not table and simulated.dialect in FAMILY
        if found is not None and not is_another and (found.table is None or found.table.exists):
            yield _exists(found, f"index '{op.index}'")
    elif isinstance(op, AddColumn | CreateConstraint):
        yield from _existing_part(simulated, op)


def _existing_part(simulated: SimulatedSchema, op: AddColumn | CreateConstraint) -> Iterator[str]:
    table = simulated.table_of(op)
    if table is None:
        return
    if isinstance(op, AddColumn) and readable(op.column):
        found = _find(simulated, table.columns_by_name, fold(op.column))
        if found is not None:
            made = f"column '{op.table}.{op.column}' exists already"
            yield made if found.creator is not None else f"table '{op.table}' has a column '{op.column}' already"
    if isinstance(op, CreateConstraint) and readable(op.constraint):
        found = _find(simulated, table.constraints, fold(op.constraint))
        if found is not None and isinstance(found.definition, Constraint) and found.definition.kind == op.definition.kind:
            made = f"constraint '{op.constraint}' exists already"
            yield made if found.creator is not None else f"table '{op.table}' has a constraint '{op.constraint}' already"


def _existing_types(simulated: SimulatedSchema, op: CreateTable) -> Iterator[str]:
    """Look for the enum types that create_table makes for its columns, which PostgreSQL refuses where they are there."""
    for column in op.columns if simulated.dialect == "postgresql" and not op.sql else ():
        kind = implied_type(column)
        if kind is not None and readable(kind.type_name):
            key = object_place("enum", kind.schema, kind.type_name)
            found = _find(simulated, simulated.objects, key)
            if found is not None and not _is_remembered(simulated, key, found):
                by = "which an earlier revision has made" if found.creator is None else "which exists by then"
                yield f"on PostgreSQL create_table makes the enum type '{kind.type_name}', {by}"


def _is_remembered(simulated: SimulatedSchema, key: Key, found: TrackedObject) -> bool:
    """Return whether Alembic remembers that create_table has made a type in this run, and does not make it again."""
    return isinstance(found.creator, CreateTable) and key not in simulated.objects.seen_in_upgrade


def _exists(found: TrackedObject, what: str) -> str:
    return f"{what} exists already" if found.creator is not None else f"an earlier revision has made {what}"


def _find(simulated: SimulatedSchema, namespace: ObjectNamespace, key: Key) -> TrackedObject | None:
    """Return the object of this name if it certainly exists."""
    tracked = namespace.now[key] if key in namespace.now else _known(simulated, namespace, key)
    if tracked is None or not tracked.exists or key in namespace.unsure:
        return None
    if tracked.creator is not None:
        return tracked if tracked.creator.certain else None
    known_schema = simulated.known_schema
    if isinstance(tracked, TrackedTable):
        known = known_schema.table(tracked.origin)
        is_known = known is not None and known.complete
    else:
        is_known = tracked.definition is not None and not tracked.uncertain
    words = [word for word in (key if isinstance(key, tuple) else (key,)) if isinstance(word, str)]
    return tracked if is_known and known_schema.with_types and known_schema.is_fully_read(*words) else None


def _known(simulated: SimulatedSchema, namespace: ObjectNamespace, key: Key) -> TrackedObject | None:
    """Return an object that the history knows and this migration has not used yet."""
    known_schema = simulated.known_schema
    if namespace is simulated.tables:
        return TrackedTable(key) if isinstance(key, tuple) and known_schema.table(key) is not None else None
    definition = known_schema.index(key) if namespace is simulated.indexes else known_schema.object(key)
    return TrackedObject(definition=definition) if definition is not None else None
