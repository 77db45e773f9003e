"""Tables and columns as statements on rows name them: `sa.table`, `sa.Table`, models of the file."""

from __future__ import annotations

import dataclasses

from mrt_lint.model.values import HOLE, UNKNOWN, Column, Name
from mrt_lint.parse.python.convert import to_maybe_name, to_name
from mrt_lint.parse.python.library.elements import OrmRow, OrmRows, SelectElement, SqlExpression, TableElement
from mrt_lint.parse.python.objects import ExternalName, LocalClass, LocalInstance, Value


def as_table(value: Value) -> TableElement | None:
    """Return the table that a value is, None if it is none."""
    if isinstance(value, TableElement):
        return value
    if isinstance(value, (OrmRow, OrmRows)):
        return value.table
    if isinstance(value, LocalInstance):
        return as_table(value.of)
    if isinstance(value, LocalClass):
        return _of_class(value)
    if isinstance(value, SelectElement):
        return value.tables[0] if value.tables else None
    if not isinstance(value, ExternalName):
        return None
    # automap calls its classes as their tables: Base.classes.users
    if value.path.rpartition(".")[0].endswith(".classes"):
        return TableElement(value.last)
    return TableElement(UNKNOWN) if value.last[:1].isupper() and value.root != "sqlalchemy" else None


def _of_class(value: LocalClass) -> TableElement | None:
    names = value.scope.names
    if isinstance(names.get("__table__"), TableElement):
        return names["__table__"]  # type: ignore[return-value] # just seen to be one
    if "__tablename__" not in names:
        return next((table for base in value.bases if (table := as_table(base)) is not None), None) if value.bases else None
    columns = tuple(name_column(column, name) for name, column in names.items() if isinstance(column, Column))
    options = names.get("__table_args__")
    if isinstance(options, tuple) and options:
        options = options[-1]
    schema = options.get("schema") if isinstance(options, dict) else None
    return TableElement(to_name(names["__tablename__"]), to_maybe_name(schema), columns)


def table_under(collection: ExternalName, key: Value) -> TableElement | None:
    """Return the table of `metadata.tables["app.users"]`, None if this is no collection of reflected tables.

    Source: https://docs.sqlalchemy.org/en/20/core/metadata.html#sqlalchemy.schema.MetaData.tables
    """
    if collection.path.endswith(".classes"):
        return TableElement(to_name(key))
    if not collection.path.endswith("metadata.tables"):
        return None
    if not isinstance(key, str) or HOLE in key:
        return TableElement(UNKNOWN)
    schema, _, name = key.rpartition(".")
    return TableElement(name, schema or None)


def name_column(column: Column, name: str) -> Column:
    """Return the column with the name of the attribute that it is assigned to, where it has none of its own."""
    return dataclasses.replace(column, name=name) if column.name is UNKNOWN else column


def make_column_ref(table: TableElement | None, name: Name) -> SqlExpression:
    """Return a column as part of an expression."""
    return SqlExpression(name, (name,), (table.name,) if table else (), name)
