"""alembic-postgresql-enum: `op.sync_enum_values(…)`, which makes an enum type anew and converts its columns.

Source: https://github.com/Pogchamp-company/alembic-postgresql-enum, operations/sync_enum_values.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mrt_lint.model.values import HOLE, UNKNOWN, Unknown
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.library.operation import OperationCall
from mrt_lint.parse.python.library.quoting import literal, quoted
from mrt_lint.parse.python.library.registry import LibraryOperation
from mrt_lint.parse.python.objects import Value


def _sync(operation: OperationCall) -> Iterator[str | Unknown]:
    name = to_name(operation.must("enum_name"))
    if name is UNKNOWN:
        yield UNKNOWN
        return
    schema = operation.get("enum_schema")
    kind, former = quoted(name, schema), quoted(f"{name}_old")
    values = operation.must("new_values")
    labels = [literal(value) for value in values] if isinstance(values, (list, tuple)) else [HOLE]
    yield f"ALTER TYPE {kind} RENAME TO {former}"
    yield f"CREATE TYPE {kind} AS ENUM ({', '.join(labels)})"
    affected = operation.get("affected_columns", [])
    for reference in affected if isinstance(affected, (list, tuple)) else [UNKNOWN]:
        table, column = _place(reference)
        if not table:
            yield UNKNOWN
            continue
        yield f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} USING {column}::text::{kind}"
    yield f"DROP TYPE {quoted(f'{name}_old', schema)}"


def _place(reference: Value) -> tuple[str, str]:
    """Return the table and column that a reference names, empty where it is not read; older releases take pairs."""
    if not isinstance(reference, tuple) or UNKNOWN in reference or len(reference) < 2:  # noqa: PLR2004 - table and column
        return "", ""
    *schema, table, column = reference[:3]
    return quoted(table, schema[0] if schema else None), quoted(column)


def _reference(operation: OperationCall) -> Value:
    table, column = to_name(operation.must("table_name")), to_name(operation.must("column_name"))
    return (operation.get("table_schema"), table, column)


OPERATIONS: Final = {
    "sync_enum_values": LibraryOperation(
        ("enum_schema", "enum_name", "new_values", "affected_columns", "enum_values_to_rename"), _sync
    ),
    "alembic_postgresql_enum.TableReference": LibraryOperation(("table_schema", "table_name", "column_name"), value=_reference),
}
