"""Tables and columns as statements on rows name them: `sa.table`, `sa.Table`, models of the file."""

from __future__ import annotations

import dataclasses

from mrt_lint.model.values import UNKNOWN, Column, Name
from mrt_lint.parse.python.convert import to_maybe_name, to_name
from mrt_lint.parse.python.library.elements import Row, Rows, Select, Sql, Table
from mrt_lint.parse.python.objects import Class, Instance, Ref, Value


def as_table(value: Value) -> Table | None:
    """Give the table that a value speaks of, None where it is none."""
    if isinstance(value, Table):
        return value
    if isinstance(value, (Row, Rows)):
        return value.table
    if isinstance(value, Instance):
        return as_table(value.of)
    if isinstance(value, Class):
        return _of_class(value)
    if isinstance(value, Select):
        return value.tables[0] if value.tables else None
    return Table(UNKNOWN) if isinstance(value, Ref) and value.last[:1].isupper() and value.root != "sqlalchemy" else None


def _of_class(value: Class) -> Table | None:
    names = value.scope.names
    if isinstance(names.get("__table__"), Table):
        return names["__table__"]  # type: ignore[return-value] # just seen to be one
    if "__tablename__" not in names:
        return next((table for base in value.bases if (table := as_table(base)) is not None), None) if value.bases else None
    columns = tuple(name_column(column, name) for name, column in names.items() if isinstance(column, Column))
    options = names.get("__table_args__")
    if isinstance(options, tuple) and options:
        options = options[-1]
    schema = options.get("schema") if isinstance(options, dict) else None
    return Table(to_name(names["__tablename__"]), to_maybe_name(schema), columns)


def name_column(column: Column, name: str) -> Column:
    """Give the column with the name of the attribute that it is assigned to, where it has none of its own."""
    return dataclasses.replace(column, name=name) if column.name is UNKNOWN else column


def make_column_ref(table: Table | None, name: Name) -> Sql:
    """Give a column as part of an expression."""
    return Sql(name, (name,), (table.name,) if table else (), name)
