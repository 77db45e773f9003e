"""Operations of downgrade() that create what certainly exists already, by an earlier step or because of upgrade()."""

from __future__ import annotations

from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectNamespace, TrackedObject, readable
from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AddColumn, CreateConstraint, CreateIndex, CreateObject, CreateTable, Op
from mrt_lint.model.values import Constraint

ONE_BY_NAME = frozenset({"view", "materialized view", "sequence", "type", "enum", "domain", "schema", "extension"})
"""Kinds of objects of which a schema holds one under a name; functions differ in their parameters, too."""


def find_existing_object(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if an operation creates what this migration has created before and has not dropped, else None."""
    if not op.certain or getattr(op, "if_not_exists", False) is not False:
        return None
    if simulated.dialect == "sqlite" and op.batch:  # the table is put together first, and the later definition wins
        return None
    if isinstance(op, CreateObject):
        return _find_object(simulated, op)
    if isinstance(op, CreateTable):
        exists = readable(op.table) and not op.temporary and _is_made(simulated.tables, place(op.schema, op.table))
        return f"table '{op.table}' exists already" if exists else None
    if isinstance(op, CreateIndex):
        return f"index '{op.index}' exists already" if readable(op.index) and _finds_index(simulated, op) else None
    table = simulated.table_of(op)
    if table is None:
        return None
    if isinstance(op, AddColumn) and readable(op.column) and _is_made(table.columns_by_name, fold(op.column)):
        return f"column '{op.table}.{op.column}' exists already"
    if isinstance(op, CreateConstraint) and readable(op.constraint):
        made = _is_made(table.constraints, fold(op.constraint))
        if made and isinstance(made.definition, Constraint) and made.definition.kind == op.definition.kind:
            return f"constraint '{op.constraint}' exists already"
    return None


def _find_object(simulated: SimulatedSchema, op: CreateObject) -> str | None:
    if op.kind not in ONE_BY_NAME or op.or_replace or not readable(op.name):
        return None
    return (
        f"{op.kind} '{op.name}' exists already" if _is_made(simulated.objects, object_place(op.kind, op.schema, op.name)) else None
    )


def _finds_index(simulated: SimulatedSchema, op: CreateIndex) -> bool:
    """Return whether an index of the name exists: on MySQL and MariaDB the names of indexes are local to a table."""
    found = _is_made(simulated.indexes, place(op.schema, op.index if readable(op.index) else ""))
    return found is not None and (simulated.dialect not in FAMILY or found.table is simulated.table_of(op))


def _is_made(namespace: ObjectNamespace, key: Key) -> TrackedObject | None:
    """Return the object of this name if this migration certainly created it."""
    tracked = namespace.now.get(key)
    if tracked is None or tracked.creator is None or not tracked.creator.certain or not tracked.exists or key in namespace.unsure:
        return None
    return tracked
