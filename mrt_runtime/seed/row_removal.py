"""Removing rows that were made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.table_order import order_tables
from mrt_runtime.seed.value import Row


def remove_rows(writer: RowWriter, schema: Schema, written: Mapping[str, Sequence[Row]]) -> bool:
    """Remove rows by their keys, children before their parents, and return whether all could go.

    Rows that hold each other, in a cycle of foreign keys or a tree within one table, are parted first.
    """
    groups = reversed(list(order_tables(schema.tables, {table.label: table for table in schema.tables})))
    kept: list[tuple[Table, Row]] = []
    for table in (table for group in groups for table in group):
        keys = written.get(table.label, ())
        if not keys[1:] or writer.attempt(writer.delete, table, *keys):
            kept += [(table, key) for key in keys if writer.attempt(writer.delete, table, key)]
    for table, key in kept:
        names = {name for foreign in table.foreign_keys for name in foreign.columns} - key.keys()
        free = [column.name for column in table.columns if column.name in names and column.nullable]
        writer.attempt(writer.update, table, key, dict.fromkeys(free))
    # What was kept in a table may hold on to what was kept in one before it, so the last one goes first, too.
    for _ in range(2):
        kept = [(table, key) for table, key in kept if writer.attempt(writer.delete, table, key)]
    return not kept
