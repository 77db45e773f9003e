"""What each operation changes in the simulated schema: one function an operation, each yielding its effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mrt_lint.analysis.downgrade import constraint_effects
from mrt_lint.analysis.downgrade.batch_rebuild import forget_unseen
from mrt_lint.analysis.downgrade.definition import for_dialect, former
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectEffect, TrackedObject, TrackedTable, readable
from mrt_lint.history.effects import effects_of, implied_types
from mrt_lint.history.mysql_modify import modified
from mrt_lint.history.schema import ReplayedTable, fold, object_place, place
from mrt_lint.history.sqlite_rebuild import rebuilds
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint

SETTINGS = ("nullable", "type", "server_default", "comment", "identity", "autoincrement")
"""What `AlterColumn` can change apart from the name, by the names of its fields."""


def apply(simulated: SimulatedSchema, op: Op) -> tuple[ObjectEffect, ...]:
    """Apply an operation; return its effects, none if its names could not be read."""
    for kind in type(op).__mro__:
        if kind in _EFFECTS:
            effects = tuple(_EFFECTS[kind](simulated, op))
            if simulated.dialect == "sqlite" and rebuilds(op):
                forget_unseen(simulated, op)
            return effects
    return ()


# Tables ---------------------------------------------------------------------------------------------------------------------


def _create_table(simulated: SimulatedSchema, op: ops.CreateTable) -> Iterator[ObjectEffect]:
    if not readable(op.table):
        return
    key = place(op.schema, op.table)
    if op.if_not_exists is not False and simulated.is_known_table(key):
        return
    table = TrackedTable(key, op, op, complete=op.complete and op.source is None)
    for name in op.source_tables:
        table.rows |= simulated.rows_of(name)
    emitted = op.emitted(simulated.dialect)
    for column in emitted.columns:
        simulated.put_column(table, column, op)
    for constraint in (*emitted.constraints, *_marked_key(emitted.columns)):
        simulated.put_constraint(table, constraint, op)
    table.table = simulated.table(op.partition_of, op.schema)
    simulated.tables.put(key, table)
    yield ObjectEffect("made", simulated.tables, key, table)
    for kind in _implied_types(simulated, op):
        yield ObjectEffect("implied", simulated.objects, kind, simulated.objects.now[kind])


def _marked_key(columns: tuple[Column, ...]) -> Iterator[Constraint]:
    """Return the primary key of the columns that are marked as such, unless one of them has it as a constraint of its own."""
    marked = [column for column in columns if column.primary_key is True]
    if marked and not any(constraint.kind == "primary" for column in marked for constraint in column.constraints):
        yield Constraint(kind="primary", columns=tuple(column.name for column in marked))


def _implied_types(simulated: SimulatedSchema, op: ops.CreateTable) -> Iterator[Key]:
    """Add the enum types that `create_table` creates before the table on PostgreSQL, and yield their keys."""
    for thing, _ in implied_types(op) if simulated.dialect == "postgresql" else ():
        if simulated.objects.now.get(thing.key) is None and simulated.known_schema.object(thing.key) is None:
            simulated.objects.put(thing.key, TrackedObject(creator=op, definition=op))
            yield thing.key


def _drop_table(simulated: SimulatedSchema, op: ops.DropTable) -> Iterator[ObjectEffect]:
    if not readable(op.table):
        return
    key = place(op.schema, op.table)
    table = simulated.tables.drop(key, certain=op.certain)
    if isinstance(table, TrackedTable):
        table.uncertain = table.creator is None and constraint_effects.may_miss(op) and simulated.known_schema.table(key) is None
        simulated.drop_dependents(table)
    yield ObjectEffect("dropped", simulated.tables, key, table)


def _rename_table(simulated: SimulatedSchema, op: ops.RenameTable) -> Iterator[ObjectEffect]:
    if readable(op.table) and readable(op.new_table):
        key, new_key = place(op.schema, op.table), place(op.schema, op.new_table)
        table = simulated.tables.move(key, new_key)
        if isinstance(table, TrackedTable):
            table.current_key = new_key
            former = simulated.tables.replaced_objects.get(new_key)
            if table.filled and isinstance(former, TrackedTable):  # rebuilt, though the source of its rows could not be read
                table.rows |= former.rows
        yield ObjectEffect("moved", simulated.tables, key, table)
    elif readable(op.new_table):
        new_key = place(op.schema, op.new_table)
        simulated.tables.put(new_key, TrackedTable(new_key, complete=False))


# Columns --------------------------------------------------------------------------------------------------------------------


def _add_column(simulated: SimulatedSchema, op: ops.AddColumn) -> Iterator[ObjectEffect]:
    table = simulated.table_of(op)
    if table is not None and readable(op.column) and not (op.if_not_exists is not False and _is_known_column(table, op.column)):
        simulated.put_column(table, replace(op.definition, name=op.column), op)
        for constraint in _marked_key((op.definition,)) if op.sql else ():  # Alembic's own leaves PRIMARY KEY out
            simulated.put_constraint(table, constraint, op)
        key = fold(op.column)
        yield ObjectEffect("made", table.columns_by_name, key, table.columns_by_name.now[key])


def _is_known_column(table: TrackedTable, name: str) -> bool:
    """Return whether a column is there, so that ADD COLUMN IF NOT EXISTS does nothing."""
    column = table.columns_by_name.now.get(fold(name))
    return column is not None and column.definition is not None and column.exists


def _drop_column(simulated: SimulatedSchema, op: ops.DropColumn) -> Iterator[ObjectEffect]:
    table = simulated.table_of(op)
    if table is not None and readable(op.column):
        key = fold(op.column)
        column = table.columns_by_name.drop(key, certain=op.certain)
        simulated.drop_dependents(table, key)
        yield ObjectEffect("dropped", table.columns_by_name, key, column)


def _alter_column(simulated: SimulatedSchema, op: ops.AlterColumn) -> Iterator[ObjectEffect]:
    table = simulated.table_of(op)
    if table is None or not readable(op.column):
        return
    namespace, key = table.columns_by_name, fold(op.column)
    column = namespace.find(key)
    restated = _restated(simulated, op) if column is not None and column.settings else op
    for setting in SETTINGS:
        is_left = column is None or setting not in column.settings  # what is called existing is no change of these
        value = for_dialect(getattr(op if is_left else restated, setting), simulated.dialect)
        if value is not UNSET:
            yield ObjectEffect(setting, namespace, key, column)
            if column is not None:
                column.former.setdefault(setting, for_dialect(former(op, column, setting), simulated.dialect))
                column.settings[setting] = (value, op)
    yield from _move(simulated, op)


def _restated(simulated: SimulatedSchema, op: ops.AlterColumn) -> ops.AlterColumn:
    """Return an operation with all that MySQL and MariaDB take from it."""
    known = simulated.draft.tables.get(place(op.schema, op.table), UNKNOWN) if isinstance(op.table, str) else UNKNOWN
    return modified(known, op) if simulated.dialect in FAMILY and isinstance(known, ReplayedTable) else op


# Other objects --------------------------------------------------------------------------------------------------------------


def _create_object(simulated: SimulatedSchema, op: ops.CreateObject) -> Iterator[ObjectEffect]:
    if readable(op.name):
        key = object_key(simulated, op, op.name)
        made = TrackedObject(creator=op, definition=op, table=simulated.table_of(op))
        simulated.objects.put(key, made)
        yield ObjectEffect("made", simulated.objects, key, made)


def _drop_object(simulated: SimulatedSchema, op: ops.DropObject) -> Iterator[ObjectEffect]:
    if not readable(op.name):
        return
    key = object_key(simulated, op, op.name)
    yield ObjectEffect("dropped", simulated.objects, key, constraint_effects.drop(simulated.objects, key, op))


def object_key(simulated: SimulatedSchema, op: ops.CreateObject | ops.DropObject, name: str) -> Key:
    """Return the key of an object; PostgreSQL's triggers are named per table, and a drop on other databases names no table."""
    table = op.table if readable(op.table) else None
    if op.kind != "trigger" or (table is not None and simulated.dialect == "postgresql"):
        return object_place(op.kind, op.schema, name, table)
    seen = [key for key in simulated.objects.now if isinstance(key, tuple) and key[0] == "trigger" and key[2] == fold(name)]
    seen.sort(key=lambda key: simulated.objects.now[key] is None)  # an existing one comes first
    return next(iter(seen), simulated.known_schema.schema.place_of_object(op.kind, op.schema, name, table))


def _move(simulated: SimulatedSchema, op: Op) -> Iterator[ObjectEffect]:
    for old, new in effects_of(op).moves:
        slot, target = simulated.slot(old), simulated.slot(new)
        if slot is not None and target is not None:
            yield ObjectEffect("moved", *slot, slot[0].move(slot[1], target[1]))


# Rows -----------------------------------------------------------------------------------------------------------------------


def _insert(simulated: SimulatedSchema, op: ops.Insert) -> Iterator[ObjectEffect]:
    table = simulated.table_of(op)
    if table is not None:
        table.filled = table.filled or _comes_from_anywhere(op)
    if table is not None and op.query:
        for name in op.source_tables:
            table.rows |= simulated.rows_of(name)
    return iter(())


def _comes_from_anywhere(op: ops.Insert) -> bool:
    """Return whether reading leaves open from where rows come: from another table, perhaps, by way of Python."""
    if op.query:
        return UNKNOWN in op.source_tables
    return op.flows is UNKNOWN or any(flow.source is UNKNOWN for flow in op.flows)


def _update(simulated: SimulatedSchema, op: ops.Update) -> Iterator[ObjectEffect]:
    """Note whose rows a table holds in part: what was folded into a column can be unfolded again."""
    table = simulated.table_of(op)
    if table is not None:
        for name in op.source_tables:
            table.rows |= simulated.rows_of(name)
    return iter(())


def _empty(simulated: SimulatedSchema, op: ops.Delete | ops.Truncate) -> Iterator[ObjectEffect]:
    table = simulated.table_of(op)
    if table is not None and (isinstance(op, ops.Truncate) or op.where is False):
        if op.certain:
            table.rows.clear()
        table.maybe_empty = True
    return iter(())


_EFFECTS: dict[type[Op], Callable[[SimulatedSchema, Any], Iterator[ObjectEffect]]] = {
    ops.CreateTable: _create_table,
    ops.DropTable: _drop_table,
    ops.RenameTable: _rename_table,
    ops.AddColumn: _add_column,
    ops.DropColumn: _drop_column,
    ops.AlterColumn: _alter_column,
    ops.CreateIndex: constraint_effects.create_index,
    ops.DropIndex: constraint_effects.drop_index,
    ops.RenameIndex: _move,
    ops.CreateConstraint: constraint_effects.create_constraint,
    ops.DropConstraint: constraint_effects.drop_constraint,
    ops.RenameConstraint: constraint_effects.rename_constraint,
    ops.CreateObject: _create_object,
    ops.DropObject: _drop_object,
    ops.RenameObject: _move,
    ops.Insert: _insert,
    ops.Update: _update,
    ops.Delete: _empty,
    ops.Truncate: _empty,
}
