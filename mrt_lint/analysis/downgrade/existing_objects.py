"""Operations that create what certainly exists: an earlier revision, or this migration, has made it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_lint.analysis.downgrade.absent_objects import spelled
from mrt_lint.analysis.downgrade.conflict import Conflict, ConflictKind
from mrt_lint.analysis.downgrade.effects import object_key
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectNamespace, TrackedObject, TrackedTable, readable
from mrt_lint.history.effects import Thing, effects_of, implied_types
from mrt_lint.history.schema import ReplayedTable, place
from mrt_lint.model.ops import CreateConstraint, CreateIndex, CreateObject, CreateTable, Op
from mrt_lint.model.values import Constraint

_ROUTINES = frozenset({"function", "procedure"})
_ONE_BY_NAME = _ROUTINES | {"view", "materialized view", "sequence", "type", "enum", "domain", "schema", "extension", "trigger"}
"""Kinds of objects of which a schema holds one under a name, or a table a trigger, or a function for each list of parameters."""


def find_existing_object(simulated: SimulatedSchema, op: Op) -> Conflict | None:
    """Return the conflict if an operation creates what exists at that point, else None."""
    if not op.certain or getattr(op, "if_not_exists", False) is not False:
        return None
    if simulated.dialect == "sqlite" and op.batch:  # the table is put together first, and the later definition wins
        return None
    return next(_duplicates(simulated, op), None)


def _duplicates(simulated: SimulatedSchema, op: Op) -> Iterator[Conflict]:
    effects = effects_of(op)
    if isinstance(op, CreateIndex):
        simulated.table_of(op)  # which brings the indexes that it has
    for thing in (*effects.makes, *(new for old, new in effects.moves if new.kind in {"table", "column"} and new != old)):
        slot = _slot(simulated, op, thing)
        found = _find(simulated, *slot) if slot is not None else None
        if found is not None and _takes_the_name(op, found):
            yield Conflict(ConflictKind.EXISTING, _clause(op, thing, found))
    if isinstance(op, CreateConstraint) and op.definition.kind == "primary" and _has_primary_key(simulated, op):
        yield Conflict(ConflictKind.EXISTING, f"table '{op.table}' has a primary key already")
    if isinstance(op, CreateTable):
        yield from _existing_types(simulated, op)


def _slot(simulated: SimulatedSchema, op: Op, thing: Thing) -> tuple[ObjectNamespace, Key] | None:
    if isinstance(op, CreateObject) and readable(op.name):
        return simulated.objects, object_key(simulated, op, op.name)
    return simulated.slot(thing)


def _takes_the_name(op: Op, found: TrackedObject) -> bool:
    """Return whether what has the name of a new thing keeps it from being made."""
    if isinstance(op, CreateObject):
        is_another = op.kind in _ROUTINES and not _takes_the_same(found.definition, op)
        return op.kind in _ONE_BY_NAME and not op.or_replace and not is_another
    if isinstance(op, CreateIndex):
        return found.table is None or found.table.exists
    if isinstance(op, CreateConstraint):
        return isinstance(found.definition, Constraint) and found.definition.kind == op.definition.kind
    return not (isinstance(op, CreateTable) and op.temporary)


def _clause(op: Op, thing: Thing, found: TrackedObject) -> str:
    name, kind = spelled(op, thing), op.kind if isinstance(op, CreateObject) else thing.kind
    if found.creator is None and kind in {"column", "constraint"}:
        return f"table '{getattr(op, 'table', '')}' has a {kind} '{name}' already"
    what = f"column '{getattr(op, 'table', '')}.{name}'" if kind == "column" else f"{kind} '{name}'"
    return f"{what} exists already" if found.creator is not None else f"an earlier revision has made {what}"


def _has_primary_key(simulated: SimulatedSchema, op: CreateConstraint) -> bool:
    """Return whether PostgreSQL refuses a primary key because the table certainly has one, by any name."""
    where = place(op.schema, op.table) if readable(op.table) and simulated.dialect == "postgresql" else None
    table = simulated.schema.tables_by_place.get(where, None) if where is not None else None
    if where is None or not isinstance(table, ReplayedTable) or not table.complete:
        return False
    return any(simulated.is_sure_of_part(where, key, where[1]) for key in table.known_constraints("primary"))


def _existing_types(simulated: SimulatedSchema, op: CreateTable) -> Iterator[Conflict]:
    """Look for the enum types that create_table makes for its columns, which PostgreSQL refuses where they are there."""
    for thing, kind in implied_types(op) if simulated.dialect == "postgresql" else ():
        found = _find(simulated, simulated.objects, thing.key)
        if found is not None and not _is_remembered(simulated, thing.key, found):
            by = "which an earlier revision has made" if found.creator is None else "which exists by then"
            clause = f"on PostgreSQL create_table makes the enum type '{kind.type_name}', {by}"
            yield Conflict(ConflictKind.EXISTING_TYPE, clause, enum=str(kind.type_name))


def _is_remembered(simulated: SimulatedSchema, key: Key, found: TrackedObject) -> bool:
    """Return whether Alembic remembers that create_table has made a type in this run, and does not make it again."""
    return isinstance(found.creator, CreateTable) and key not in simulated.objects.seen_in_upgrade


def _takes_the_same(made: object, op: CreateObject) -> bool:
    """Return whether a function has the parameters of another, as they are written; PostgreSQL identifies them by those."""
    bodies = (made.body if isinstance(made, CreateObject) else None, op.body)
    first, second = (re.match(r"\s*\([^()]*\)", body) if isinstance(body, str) else None for body in bodies)
    return first is not None and second is not None and first[0].lower().split() == second[0].lower().split()


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
    if namespace is simulated.objects:
        found = simulated.original_object(key)
        is_trigger = isinstance(found.definition, CreateObject) and found.definition.kind == "trigger"
        # it went with the table, which was recreated
        is_left = is_trigger and (found.table is None or found.table.creator is not None)
        return found if found.definition is not None and not is_left else None
    definition = known_schema.index(key) if namespace is simulated.indexes else None
    return TrackedObject(definition=definition) if definition is not None else None
