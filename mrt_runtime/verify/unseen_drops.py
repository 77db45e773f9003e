"""What an upgrade drops that was judged without rows, or without a rollback: whether values come back could not be seen."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_runtime.compare.blame import bare
from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.sentences import name_some
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migration_file import read_migration


def describe_drops(step: HistoryStep, before: Schema, first: Schema, why: str = "the upgrade fails with rows") -> list[str]:
    """Return a sentence about the tables and columns that an upgrade drops, nothing where it drops none.

    why: what keeps their loss from being seen.
    """
    found = [f"'{name}'" for name in _find_drops(step, before, first)]
    if not found:
        return []
    return [f"As {why}, losses of values cannot be seen: {'it' if 'upgrade' in why else 'upgrade'} drops {name_some(found, 4)}"]


def _find_drops(step: HistoryStep, before: Schema, first: Schema) -> Iterator[str]:
    """Yield what the migration says it drops and what is gone: a table that is rebuilt, or renamed, is there."""
    known = {table.label: table for table in first.tables}
    gone = [table for table in before.tables if table.label not in known]
    columns = [
        (table, column.name)
        for table in before.tables
        if table.label in known
        for column in table.columns
        if known[table.label].column(column.name) is None
    ]
    if not gone and not columns:
        return
    from mrt_lint.model.ops import DropColumn, DropTable  # noqa: PLC0415 slow to import

    migration = read_migration(step.file, before.dialect)
    ops = migration.upgrade_ops if migration is not None else ()
    tables = {bare(op.table).lower() for op in ops if isinstance(op, DropTable) and isinstance(op.table, str)}
    dropped = {
        (bare(op.table).lower(), op.column.lower())
        for op in ops
        if isinstance(op, DropColumn) and isinstance(op.table, str) and isinstance(op.column, str)
    }
    yield from (table.label for table in gone if table.name.lower() in tables)
    yield from (f"{table.label}.{name}" for table, name in columns if (table.name.lower(), name.lower()) in dropped)
