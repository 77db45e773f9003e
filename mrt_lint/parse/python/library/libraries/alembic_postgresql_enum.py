"""alembic-postgresql-enum and alembic-autogenerate-enums: the `op.sync_enum_values(…)` of both.

The first recreates an enum type and converts its columns, the second adds the values that are new, on a connection of its own.

Sources: https://github.com/Pogchamp-company/alembic-postgresql-enum, operations/sync_enum_values.py;
https://github.com/dw/alembic-autogenerate-enums, alembic_autogenerate_enums.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mrt_lint.model.values import HOLE, UNKNOWN, Unknown
from mrt_lint.parse.python.convert import is_known, to_name
from mrt_lint.parse.python.library.operation import OperationCall
from mrt_lint.parse.python.library.quoting import literal, quoted
from mrt_lint.parse.python.library.registry import LibraryOperation
from mrt_lint.parse.python.objects import Value

_OF_MAKING: Final = ("enum_schema", "enum_name", "new_values", "affected_columns", "enum_values_to_rename")
_PAIR: Final = (HOLE, HOLE)
_OF_ADDING: Final = ("schema", "name", "old_values", "new_values")


def _sync(operation: OperationCall) -> Iterator[str | Unknown]:
    fourth = operation.get("affected_columns", [])
    is_list_of_labels = isinstance(fourth, (list, tuple)) and bool(fourth) and all(isinstance(item, str) for item in fourth)
    yield from _add(operation) if "old_values" in operation.named or is_list_of_labels else _make_anew(operation)


def _add(operation: OperationCall) -> Iterator[str | Unknown]:
    """Yield ADD VALUE for each of the new labels that is none of the old ones, each committed at once."""
    given = dict(zip(_OF_ADDING, (operation.named[key] for key in _OF_MAKING if key in operation.named), strict=False))
    given |= {
        key: value for key, value in operation.named.items() if key in _OF_ADDING and (key != "new_values" or key not in given)
    }
    name, before, after = to_name(given.get("name", UNKNOWN)), given.get("old_values"), given.get("new_values")
    if name is UNKNOWN or not (
        isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)) and is_known([before, after])
    ):
        yield UNKNOWN
        return
    operation.run.autocommit += 1
    for value in after:
        if value not in before:
            yield f"ALTER TYPE {quoted(name, given.get('schema'))} ADD VALUE {literal(value)}"
    operation.run.autocommit -= 1


def _make_anew(operation: OperationCall) -> Iterator[str | Unknown]:
    name = to_name(operation.must("enum_name"))
    if name is UNKNOWN:
        yield UNKNOWN
        return
    schema = operation.get("enum_schema")
    kind, former = quoted(name, schema), quoted(f"{name}_old")
    values = operation.must("new_values")
    labels = [literal(value) for value in values] if isinstance(values, (list, tuple)) else [HOLE]
    # as the library does it: a value can only be taken from an enum by making another one
    yield f"ALTER TYPE {kind} RENAME TO {former}"
    yield f"CREATE TYPE {kind} AS ENUM ({', '.join(labels)})"
    affected = operation.get("affected_columns", [])
    for reference in affected if isinstance(affected, (list, tuple)) else [UNKNOWN]:
        table, column = _place(reference)
        if not table:
            yield UNKNOWN
            continue
        yield f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} USING {_converted(operation, column, kind)}"
    yield f"DROP TYPE {quoted(f'{name}_old', schema)}"


def _converted(operation: OperationCall, column: str, kind: str) -> str:
    """Return how a column's values become those of the new type: by their labels, save those that get another one."""
    renamed = operation.get("enum_values_to_rename", [])
    plain = f"{column}::text::{kind}"
    if not renamed and renamed is not UNKNOWN:
        return plain
    listed = renamed if isinstance(renamed, (list, tuple)) else [UNKNOWN]
    pairs = [pair if isinstance(pair, tuple) and len(pair) == len(_PAIR) else _PAIR for pair in listed]
    cases = " ".join(f"WHEN {column}::text = {literal(old)} THEN {literal(new)}::{kind}" for old, new in pairs)
    return f"CASE {cases} ELSE {plain} END"


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
    "sync_enum_values": LibraryOperation(_OF_MAKING, _sync),
    "alembic_postgresql_enum.TableReference": LibraryOperation(("table_schema", "table_name", "column_name"), value=_reference),
}
