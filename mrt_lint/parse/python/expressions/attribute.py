"""Attributes: what `value.name` stands for."""

from __future__ import annotations

import dataclasses

from mrt_lint.model.values import UNKNOWN, Column, SqlType
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.library.elements import Sql, Table, TableColumns
from mrt_lint.parse.python.library.table import as_table, make_column_ref
from mrt_lint.parse.python.objects import (
    Bound,
    Class,
    Connection,
    Context,
    Dialect,
    DialectName,
    Function,
    Inspector,
    Instance,
    Maybe,
    Member,
    Ref,
    Session,
    Value,
)

METHODS = (str, bytes, list, tuple, dict, set, frozenset, SqlType, Session, Inspector)
"""Values whose attributes are methods."""


def get_attribute(value: Value, name: str) -> Value:  # noqa: C901 - one line a kind of value
    """Tell what `value.name` stands for; UNKNOWN where reading cannot tell."""
    if isinstance(value, Ref):
        return Ref(f"{value.path}.{name}")
    if isinstance(value, (Connection, Inspector, Context)):
        return _of_connection(value, name)
    if isinstance(value, Dialect):
        return DialectName(description=name == "dialect_description") if name in ("name", "dialect_description") else UNKNOWN
    if isinstance(value, Function):
        return value.name if name == "__name__" else UNKNOWN
    if isinstance(value, Class):
        return get_class_attribute(value, name)
    if isinstance(value, Instance):
        return _of_instance(value, name)
    if isinstance(value, Member):
        return {"name": value.name, "value": value.value}.get(name, UNKNOWN)
    if isinstance(value, Table):
        return {"c": TableColumns(value), "columns": TableColumns(value), "name": value.name, "schema": value.schema}.get(
            name, Bound(value, name)
        )
    if isinstance(value, TableColumns):
        return make_column_ref(value.table, name)
    if isinstance(value, Column):
        return value.name if name in ("name", "key") else value.type if name == "type" else Bound(value, name)
    if isinstance(value, Sql):
        return value.name if name in ("name", "key") else Bound(value, name)
    if isinstance(value, METHODS):
        return Bound(value, name)
    return UNKNOWN


def _of_connection(value: Connection | Inspector | Context, name: str) -> Value:
    if name == "dialect":
        return Dialect()
    if name == "name" and isinstance(value, Connection):
        return DialectName()  # `Engine.name` is that of its dialect
    if name in ("engine", "connection", "bind"):
        return value if isinstance(value, Connection) else Connection()
    if name == "impl":
        return Ref("alembic.impl")
    return Bound(value, name)


def get_class_attribute(value: Class, name: str) -> Value:
    """Give an attribute of a class of the file; a mapped one is a column."""
    if name == "__name__":
        return value.name
    table = as_table(value)
    if name == "__table__" and table is not None:
        return table
    found = value.scope.names.get(name, UNKNOWN)
    if isinstance(found, Column) and table is not None:
        column = to_name(found)
        return make_column_ref(table, name if column is UNKNOWN else column)
    if found is not UNKNOWN:
        return UNKNOWN if isinstance(found, Maybe) else found
    if name in value.methods:
        return value.methods[name]
    for base in value.bases:
        if isinstance(base, Class):
            inherited = get_class_attribute(base, name)
            if inherited is not UNKNOWN:
                return inherited
    return Bound(value, name)


def _of_instance(value: Instance, name: str) -> Value:
    if name in value.attributes:
        return value.attributes[name]
    found = get_class_attribute(value.of, name)
    if isinstance(found, Function):
        return found if found.static else dataclasses.replace(found, receiver=value)
    return Bound(value, name) if isinstance(found, Bound) else found
