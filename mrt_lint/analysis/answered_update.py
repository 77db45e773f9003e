"""Which UPDATEs of upgrade() need an answer in downgrade(), and what is none."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import QualifiedName, ReplayedTable, fold, place
from mrt_lint.model import ops
from mrt_lint.model.values import UNKNOWN, Constraint


def fills_new_columns(case: MigrationCase, op: ops.Update) -> bool:
    """Return whether an UPDATE writes only columns that the same upgrade adds."""
    added = case.state_before(op).new_columns
    if op.columns is UNKNOWN:
        return bool(added)
    if not op.sql:  # assigning to a relationship of the ORM writes its foreign key
        added |= {name.removesuffix("_id") for name in added} - _former_columns(case, op)
        # an attribute may have another name than its column: `metadata` is SQLAlchemy's own
        added |= {f"{name}_" for name in added}
    return all(readable(column) and fold(column) in added for column in op.columns)


def _former_columns(case: MigrationCase, op: ops.Update) -> set[str]:
    """Return the columns that the table is known to have had before upgrade()."""
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    return set(known.columns) if known is not None else set()


def keeps_values(op: ops.Update) -> bool:
    """Return whether every column is set to what it holds, as one does to fire a trigger."""
    flows = op.flows if op.flows is not UNKNOWN and not op.source_tables else ()
    kept = {fold(flow.column) for flow in flows if flow.plain and readable(flow.column) and flow.source == flow.column}
    return isinstance(op.columns, tuple) and all(readable(column) and fold(column) in kept for column in op.columns)


def is_about_others(case: MigrationCase, op: ops.Update, answer: ops.Op) -> bool:
    """Return whether what downgrade() does in the table is about other columns, or about rows that upgrade() inserts."""
    analysis, table = case.analysis(op), case.state_before(op).table
    if isinstance(answer, ops.Update):
        if op.columns is UNKNOWN or answer.columns is UNKNOWN or _changes_columns(case, op):
            return False
        mine = {fold(str(name)) for name in op.columns}
        # assigning to a relationship of the ORM writes its foreign key
        mine |= {f"{name}_id" for name in mine}
        return mine.isdisjoint(fold(str(name)) for name in answer.columns)
    inserts = (other for other in case.migration.upgrade_ops if isinstance(other, ops.Insert | ops.BulkInsert))
    return (
        isinstance(answer, ops.Delete)
        and table is not None
        and any(analysis.state_before(other).table is table for other in inserts)
    )


def _changes_columns(case: MigrationCase, op: ops.Update) -> bool:
    """Return whether a column of the table is renamed or moved, so that names do not identify it."""
    analysis, table = case.analysis(op), case.state_before(op).table
    return table is None or any(
        isinstance(other, ops.AddColumn | ops.DropColumn | ops.AlterColumn) and analysis.state_before(other).table is table
        for other in (*case.migration.upgrade_ops, *case.migration.downgrade_ops)
    )


def deletes_next(case: MigrationCase, op: ops.Update) -> bool:
    """Return whether upgrade() deletes rows later without which the former values may be of no use.

    These are rows of the same table, or of one to which a column that is written points by a foreign key.
    """
    places, table = case.analysis(op).places, case.state_before(op).table
    at, schema = places.get(id(op), 0), case.state_before(op).schema
    for other in case.migration.upgrade_ops:
        if not isinstance(other, ops.Delete) or places.get(id(other), -1) <= at:
            continue
        if table is None or case.state_before(other).table in {table, None}:
            return True
        referring = schema.references_to(place(other.schema, other.table)) if readable(other.table) else ()
        if any(isinstance(table, TrackedTable) and _writes(op, child, key, table.current_key) for child, key in referring):
            return True
    return False


def _writes(op: ops.Update, child: ReplayedTable, key: Constraint, target: QualifiedName) -> bool:
    """Return whether an UPDATE of the target writes a column of a table's foreign key."""
    columns = {fold(name) for name in key.columns if isinstance(name, str)} if key.columns is not UNKNOWN else set()
    written = {fold(name) for name in op.columns if readable(name)} if op.columns is not UNKNOWN else columns
    return place(child.schema, child.name) == target and not columns.isdisjoint(written)
