"""The parameters of Alembic's operations, in order, so that positional and keyword spellings are one.

Source: https://alembic.sqlalchemy.org/en/latest/ops.html. Parameters that take no positional argument are read by name alone.
"""

from __future__ import annotations

from collections.abc import Container
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

_OPTIONAL: Final = frozenset({"schema", "recreate", "type_"})
"""Parameters above that need not be given, besides the table of `drop_index`."""

_VARIADIC: Final = frozenset({"batch_alter_table", "create_exclude_constraint", "create_table"})
"""Operations that take further positional arguments than those above."""

_LEGACY: Final = frozenset({"name", "source", "referent", "tablename", "type", "dest"})
"""Names that parameters had in older releases of Alembic."""

_VERBS: Final = frozenset({"add", "alter", "create", "drop", "rename"})
BATCH: Final[frozenset[str]] = frozenset(OPERATIONS) - {
    "batch_alter_table",
    "bulk_insert",
    "create_table",
    "drop_table",
    "rename_table",
}
"""The operations that a batch has, whose table is the batch's."""


def parameters(name: str, *, batch: bool) -> tuple[str, ...]:
    """Return the positional parameters of an operation, without the table where it comes from a batch."""
    names = OPERATIONS[name]
    return tuple(parameter for parameter in names if parameter not in ("table_name", "source_table")) if batch else names


def most(name: str, *, batch: bool) -> int | None:
    """Return how many positional arguments an operation takes at most, None for any number."""
    return None if name in _VARIADIC else len(parameters(name, batch=batch))


def missing(name: str, given: Container[str], *, batch: bool) -> str | None:
    """Return the first parameter that an operation cannot do without and that is not given, None if there is none."""
    # written for an older Alembic, whose parameters are not listed here
    if any(old in given for old in _LEGACY):
        return None
    needed = (parameter for parameter in parameters(name, batch=batch) if parameter not in _OPTIONAL)
    lacking = next((parameter for parameter in needed if parameter not in given), None)
    return None if (name, lacking) == ("drop_index", "table_name") else lacking


def meant_by(name: str) -> tuple[str, ...]:
    """Return the operations that a name may mean which Alembic does not have: a verb alone, or one that is misspelt.

    Nothing for any other name, which another package may have registered.
    """
    if name in OPERATIONS:
        return ()
    by_verb = tuple(known for known in OPERATIONS if known.startswith(f"{name}_"))
    if by_verb or "_" not in name:
        return by_verb if name in _VERBS else ()
    from difflib import get_close_matches  # noqa: PLC0415 - hardly any migration needs it

    close = get_close_matches(name, OPERATIONS, n=1, cutoff=0.9)
    # the plural of one, or one with a word behind it, is another operation
    return () if not close or name.startswith(close[0]) else tuple(close)
