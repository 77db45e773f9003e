"""The effects of operations on indexes and constraints on the simulated schema."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.downgrade.definition import of_kind
from mrt_lint.analysis.downgrade.naming_convention import find_same_constraint
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectEffect, ObjectNamespace, TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import PRIMARY, fold, is_default_name, place
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import replace
from mrt_lint.model.values import UNKNOWN, Constraint, MaybeName


def drop(namespace: ObjectNamespace, key: Key, op: ops.DropIndex | ops.DropConstraint | ops.DropObject) -> TrackedObject | None:
    """Remove an object, and record whether it is known to have existed."""
    tracked = namespace.drop(key, certain=op.certain)
    if tracked is not None and tracked.creator is None and tracked.definition is None and may_miss(op):
        tracked.uncertain = True
    return tracked


def may_miss(op: ops.DropIndex | ops.DropConstraint | ops.DropObject | ops.DropTable) -> bool:
    """Return whether an operation is written for the case that there is nothing to drop."""
    return op.if_exists is not False or not op.certain


def create_index(simulated: SimulatedSchema, op: ops.CreateIndex) -> Iterator[ObjectEffect]:
    """Add an index to its table or view."""
    if readable(op.index):
        index = TrackedObject(creator=op, definition=op, table=simulated.view_of(op) or simulated.table_of(op))
        key = simulated.index_key(index.table, place(op.schema, op.index))
        if isinstance(index.table, TrackedTable):
            index.table.cover(index)
        simulated.indexes.put(key, index)
        yield ObjectEffect("made", simulated.indexes, key, index)
    else:
        simulated.has_nameless_index = True


def drop_index(simulated: SimulatedSchema, op: ops.DropIndex) -> Iterator[ObjectEffect]:
    """Take an index away."""
    if (owner := _owner_of_new_key(simulated, op)) is not None:
        yield ObjectEffect("dropped", owner.constraints, fold(str(op.index)), drop(owner.constraints, fold(str(op.index)), op))
    elif readable(op.index):
        table = simulated.table_of(op)
        key = simulated.index_key(table, place(op.schema, op.index))
        if (
            op.schema is not UNKNOWN
            and isinstance(table, TrackedTable)
            and table.creator is None
            and simulated.known_schema.lacks(table.origin, fold(op.index), simulated.kind_of_index)
        ):
            # the history knows of none: what downgrade() makes under this name is new
            simulated.indexes.before.setdefault(key, None)
            simulated.indexes.now.setdefault(key, None)
        index = drop(simulated.indexes, key, op)
        if index is not None and index.table is None:
            index.table = table
        if index is not None and index.definition is None:
            index.definition = _unique_key(simulated, op)
            if index.definition is not None and isinstance(table, TrackedTable):
                table.constraints.drop(fold(op.index), certain=op.certain)
        yield ObjectEffect("dropped", simulated.indexes, key, index)


def _owner_of_new_key(simulated: SimulatedSchema, op: ops.DropIndex) -> TrackedTable | None:
    """Return the table of a unique constraint that this migration has made under the name of a dropped index, on MySQL."""
    table = simulated.table_of(op)
    if simulated.dialect not in FAMILY or not isinstance(table, TrackedTable) or not readable(op.index):
        return None
    made = table.constraints.now.get(fold(op.index))
    return table if made is not None and made.creator is not None and made.is_unique else None


def _unique_key(simulated: SimulatedSchema, op: ops.DropIndex) -> ops.CreateIndex | None:
    """Return the index of a unique constraint that the history has made under this name: MySQL and MariaDB drop it as one."""
    table = simulated.table_of(op)
    if simulated.dialect not in FAMILY or not isinstance(table, TrackedTable) or not readable(op.index):
        return None
    known = simulated.known_schema.constraint(table.origin, fold(op.index))
    if known is None or known.kind != "unique":
        return None
    return ops.CreateIndex(index=op.index, table=op.table or UNKNOWN, schema=op.schema, columns=known.columns, unique=True)


def create_constraint(simulated: SimulatedSchema, op: ops.CreateConstraint) -> Iterator[ObjectEffect]:
    """Add a constraint to its table."""
    table = simulated.table_of(op)
    if table is not None:
        definition = op.definition
        if readable(definition.using_index):  # it belongs to the constraint from now on, which takes its name and columns
            index = simulated.indexes.drop(place(op.schema, definition.using_index))
            known = index.definition if index is not None else None
            columns = known.columns if isinstance(known, ops.CreateIndex) else UNKNOWN
            name = definition.using_index if definition.name is None else definition.name
            definition = replace(definition, name=name, columns=columns)
        yield ObjectEffect("made", table.constraints, *simulated.put_constraint(table, definition, op))


def drop_constraint(simulated: SimulatedSchema, op: ops.DropConstraint) -> Iterator[ObjectEffect]:
    """Remove a constraint; a name that is not known is the one that the database gave to an unnamed constraint, if there is one."""
    table = simulated.table_of(op)
    if table is None:
        return
    if (key_of_index := unique_index(simulated, op)) is not None:
        yield ObjectEffect("dropped", simulated.indexes, key_of_index, drop(simulated.indexes, key_of_index, op))
        return
    key = _known_name(simulated, table, op)
    unnamed = [tracked for tracked in table.unnamed if _may_be_meant(table, tracked, op, key)]
    # the likeliest last
    unnamed.sort(key=lambda tracked: _has_default_name(key, table, tracked))
    exists = table.constraints.now.get(key) is not None
    taken = key in table.constraints.now and not (unnamed and _has_default_name(key, table, unnamed[-1]))
    # one whose name could not be read may be this one, or another
    is_unread = bool(unnamed) and getattr(unnamed[-1].definition, "name", None) is UNKNOWN
    if key and (exists or taken or not unnamed or is_unread):
        if (
            op.schema is not UNKNOWN
            and table.creator is None
            and simulated.known_schema.lacks(table.origin, key, op.kind if readable(op.kind) else None)
        ):
            # as with an index
            table.constraints.before.setdefault(key, None)
            table.constraints.now.setdefault(key, None)
        constraint = drop(table.constraints, key, op)
        if constraint is not None and constraint.definition is None and readable(op.kind):
            constraint.definition = of_kind(op.kind)
        _note_covered(table, constraint)
        yield ObjectEffect("dropped", table.constraints, key, constraint)
    elif unnamed:
        constraint = unnamed[-1]
        table.drop_unnamed(constraint)
        _note_covered(table, constraint)
        if constraint.creator is None and key:  # that is the name which it has had all along
            table.constraints.before[key], table.constraints.now[key] = constraint, None
        yield ObjectEffect("dropped", table.constraints, key if constraint.creator is None and key else None, constraint)


def _note_covered(table: TrackedTable, constraint: TrackedObject | None) -> None:
    """Note the columns under a constraint that existed before and goes."""
    if constraint is not None and constraint.creator is None and not constraint.covering:
        constraint.covering = tuple(table.columns_by_name.original_object(name) for name in constraint.columns)


def unique_index(simulated: SimulatedSchema, op: ops.DropConstraint) -> Key | None:
    """Return the key of the index that MySQL and MariaDB drop as a unique constraint: to them the two are one."""
    if simulated.dialect not in FAMILY or not readable(op.constraint) or op.kind not in {None, "unique"}:
        return None
    table = simulated.table_of(op)
    key = simulated.index_key(table, place(op.schema, op.constraint))
    index = simulated.indexes.now.get(key)
    return key if index is not None and index.table is table else None


def _may_be_meant(table: TrackedTable, tracked: TrackedObject, op: ops.DropConstraint, key: str) -> bool:
    """Return whether a constraint without a name may be the one that an operation drops.

    One that existed before has the name that the database chose, or a convention, if it is the only one of the kind.
    """
    if tracked.creator is not None or not key:
        return _is_of_kind(tracked, op.kind)
    if _has_default_name(key, table, tracked):
        return _is_of_kind(tracked, op.kind)
    twins = [other for other in table.unnamed if _is_of_kind(other, op.kind)]
    return readable(op.kind) and twins == [tracked]


def _known_name(simulated: SimulatedSchema, table: TrackedTable, op: ops.DropConstraint) -> str:
    """Return the name under which a constraint is known here: its own, or what its migration called it before a convention did."""
    if op.kind == "primary" and simulated.dialect in FAMILY:
        return PRIMARY
    if not readable(op.constraint):
        return ""
    name = fold(op.constraint)
    existing = (key for key, tracked in table.constraints.now.items() if tracked is not None and _is_of_kind(tracked, op.kind))
    return name if name in table.constraints.now else find_same_constraint(name, table.current_key[1], existing) or name


def _has_default_name(key: str, table: TrackedTable, tracked: TrackedObject) -> bool:
    """Return whether an unnamed constraint has the name that PostgreSQL chooses, under either name that the table has had."""
    if not isinstance(tracked.definition, Constraint):
        return False
    # a column that was renamed since leaves the name alone
    definitions = (tracked.definition, replace(tracked.definition, columns=tracked.columns))
    names = (table.current_key[1], table.origin[1])
    return any(is_default_name(key, name, definition) for name in names for definition in definitions)


def _is_of_kind(tracked: TrackedObject, kind: MaybeName) -> bool:
    return not isinstance(tracked.definition, Constraint) or not readable(kind) or tracked.definition.kind == kind


def rename_constraint(simulated: SimulatedSchema, op: ops.RenameConstraint) -> Iterator[ObjectEffect]:
    """Rename a constraint."""
    table = simulated.table_of(op)
    if table is not None and readable(op.constraint) and readable(op.new_constraint):
        key = fold(op.constraint)
        for tracked in [tracked for tracked in table.unnamed if tracked.creator is None and _has_default_name(key, table, tracked)]:
            table.unnamed.remove(tracked)
            table.constraints.seed(key, tracked)
        yield ObjectEffect("moved", table.constraints, key, table.constraints.move(key, fold(op.new_constraint)))
