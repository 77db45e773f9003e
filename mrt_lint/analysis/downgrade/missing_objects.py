"""Operations of downgrade() on objects that provably never existed."""

from __future__ import annotations

from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import ON_TABLES, TrackedTable, readable
from mrt_lint.history.schema import ReplayedTable as KnownTable
from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.model.ops import (
    AlterColumn,
    DropColumn,
    DropIndex,
    Op,
)
from mrt_lint.model.values import Column

_FOREIGN = ("_alembic", "alembic_", "pg_", "sqlite_", "information_schema", "mysql")
"""How names begin that belong to Alembic or the database."""


def find_missing_object(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause on what an operation of downgrade() needs and does not exist, None if nothing is known to be missing."""
    if not op.certain or getattr(op, "if_exists", False) is not False or not isinstance(op, ON_TABLES):
        return None
    return _find_absent_table(simulated, op) or _find_absent_part(simulated, op)


def _find_absent_table(simulated: SimulatedSchema, op: Op) -> str | None:
    name, schema = getattr(op, "table", None), getattr(op, "schema", None)
    if not readable(name) or any(fold(word).startswith(_FOREIGN) for word in (name, schema) if isinstance(word, str)):
        return None
    key = place(schema, name)
    table = simulated.tables.now.get(key)
    is_new = key not in simulated.tables.now or (isinstance(table, TrackedTable) and table.creator is None and table.origin == key)
    is_spoken_of = key in simulated.tables.seen_in_upgrade or object_place("view", schema, name) in simulated.objects.now
    if isinstance(op, DropIndex) and simulated.finds_index(op):
        return None
    if is_spoken_of or not is_new or not _makes_tables(simulated) or not simulated.known_schema.is_absent(key):
        return None
    if simulated.known_schema.may_be_made_in_parallel("table", key[1]):
        return None
    return f"no migration before this one leaves a table '{name}'"


def _makes_tables(simulated: SimulatedSchema) -> bool:
    """Return whether this migration or one before it made a table; a history of something else may know them from elsewhere."""
    before = (isinstance(table, KnownTable) for _, table in simulated.known_schema.schema.tables_by_place.items())
    return any(table is not None and table.creator is not None for table in simulated.tables.now.values()) or any(before)


def _find_absent_part(simulated: SimulatedSchema, op: Op) -> str | None:
    table = simulated.table_of(op)
    if isinstance(table, TrackedTable) and table.creator is not None:
        return _find_absent_of_new(simulated, op, table)
    if not isinstance(table, TrackedTable):
        return None
    if isinstance(op, DropColumn | AlterColumn) and readable(op.column) and _is_new(table, op.column):
        known = simulated.known_schema.table(table.origin)
        absent = (
            known is not None and known.complete and fold(op.column) not in known.columns and simulated.known_schema.is_complete()
        )
        if absent and not simulated.known_schema.may_be_made_in_parallel("column", table.current_key[1], fold(op.column)):
            return f"table '{op.table}' has no column '{op.column}'"
    if isinstance(op, DropIndex) and readable(op.index):
        key, where = fold(op.index), place(op.schema, op.index)
        unseen = where not in simulated.indexes.now and key not in table.constraints.now and not table.unnamed
        absent = (
            unseen
            and simulated.known_schema.index(where) is None
            and simulated.known_schema.lacks(table.origin, key)
            and simulated.known_schema.is_complete()
        )
        if absent and not simulated.known_schema.may_be_made_in_parallel("index", key):
            return f"table '{op.table}' has no index '{op.index}'"
    return None


def _find_absent_of_new(simulated: SimulatedSchema, op: Op, table: TrackedTable) -> str | None:
    """Check a table that this migration created: it has no other indexes and constraints than those that were read."""
    columns = [tracked.definition for tracked in table.columns_by_name.now.values() if tracked is not None]
    if not table.complete or table.unnamed:
        return None
    if isinstance(op, DropColumn | AlterColumn) and readable(op.column) and _is_new(table, op.column):
        return f"table '{op.table}' has no column '{op.column}'"
    named_by_a_convention = any(isinstance(column, Column) and column.index is not False for column in columns)
    if isinstance(op, DropIndex) and readable(op.index) and not named_by_a_convention:
        unseen = place(op.schema, op.index) not in simulated.indexes.now and fold(op.index) not in table.constraints.now
        return f"table '{op.table}' has no index '{op.index}'" if unseen else None
    return None


def _is_new(table: TrackedTable, column: str) -> bool:
    return fold(column) not in table.columns_by_name.now
