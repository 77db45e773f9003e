"""SQLAlchemy-Searchable: the trigger that keeps a search vector, and its function.

Source: https://sqlalchemy-searchable.readthedocs.io/en/latest/alembic_migrations.html and SearchOptions for the names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mrt_lint.model.values import UNKNOWN, Unknown
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.library.operation import OperationCall
from mrt_lint.parse.python.library.quoting import quoted
from mrt_lint.parse.python.library.registry import LibraryOperation

_PARAMETERS: Final = ("conn", "table_name", "tsvector_column", "indexed_columns")


def _drop(operation: OperationCall) -> Iterator[str | Unknown]:
    table, column = to_name(operation.must("table_name")), to_name(operation.must("tsvector_column"))
    if table is UNKNOWN or column is UNKNOWN or operation.get("options") is not None:
        yield UNKNOWN
        return
    home = quoted(table, operation.get("schema"))
    yield f"DROP TRIGGER IF EXISTS {quoted(f'{table}_{column}_trigger')} ON {home}"
    yield f"DROP FUNCTION IF EXISTS {quoted(f'{table}_{column}_update')}()"


def _sync(operation: OperationCall) -> Iterator[str | Unknown]:
    table, column = to_name(operation.must("table_name")), to_name(operation.must("tsvector_column"))
    yield from _drop(operation)
    if table is UNKNOWN or column is UNKNOWN or operation.get("options") is not None:
        return
    home, function = quoted(table, operation.get("schema")), quoted(f"{table}_{column}_update")
    columns = operation.get("indexed_columns")
    names = [quoted(name) for name in columns if isinstance(name, str)] if isinstance(columns, (list, tuple)) else []
    yield f"CREATE FUNCTION {function}() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    yield (
        f"CREATE TRIGGER {quoted(f'{table}_{column}_trigger')} BEFORE UPDATE OR INSERT ON {home} "
        f"FOR EACH ROW EXECUTE PROCEDURE tsvector_update_trigger({', '.join([quoted(column), *names])})"
    )
    if names:  # the trigger fills the vector of the rows that are there
        yield f"UPDATE {home} SET {names[0]} = {names[0]}"


OPERATIONS: Final = {
    "sqlalchemy_searchable.sync_trigger": LibraryOperation(_PARAMETERS, _sync),
    "sqlalchemy_searchable.drop_trigger": LibraryOperation(_PARAMETERS[:3], _drop),
}
