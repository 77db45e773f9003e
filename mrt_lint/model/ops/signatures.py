"""The parameters of Alembic's operations, in order, so that positional and keyword spellings are one.

Source: https://alembic.sqlalchemy.org/en/latest/ops.html. Parameters that take no positional argument are read by name alone.
"""

from __future__ import annotations

from typing import Final

OPERATIONS: Final[dict[str, tuple[str, ...]]] = {
    "add_column": ("table_name", "column"),
    "alter_column": ("table_name", "column_name"),
    "batch_alter_table": ("table_name", "schema", "recreate"),
    "bulk_insert": ("table", "rows"),
    "create_check_constraint": ("constraint_name", "table_name", "condition"),
    "create_exclude_constraint": ("constraint_name", "table_name"),
    "create_foreign_key": ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols"),
    "create_index": ("index_name", "table_name", "columns"),
    "create_primary_key": ("constraint_name", "table_name", "columns"),
    "create_table": ("table_name",),
    "create_table_comment": ("table_name", "comment"),
    "create_unique_constraint": ("constraint_name", "table_name", "columns"),
    "drop_column": ("table_name", "column_name"),
    "drop_constraint": ("constraint_name", "table_name", "type_"),
    "drop_index": ("index_name", "table_name"),
    "drop_table": ("table_name",),
    "drop_table_comment": ("table_name",),
    "execute": ("sqltext",),
    "rename_table": ("old_table_name", "new_table_name"),
}

BATCH: Final[frozenset[str]] = frozenset(OPERATIONS) - {
    "batch_alter_table",
    "bulk_insert",
    "create_table",
    "drop_table",
    "rename_table",
}
"""The operations that a batch has, whose table is the batch's."""


def parameters(name: str, *, batch: bool) -> tuple[str, ...]:
    """Return the positional parameters of an operation, without the table where a batch gives it."""
    names = OPERATIONS[name]
    return tuple(parameter for parameter in names if parameter not in ("table_name", "source_table")) if batch else names
