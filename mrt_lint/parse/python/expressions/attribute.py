"""Attributes: the value of `value.name`."""

from __future__ import annotations

from mrt_lint.model.values import UNKNOWN, Column, SqlType
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.library.elements import SelectElement, SqlExpression, TableColumns, TableElement
from mrt_lint.parse.python.library.table import as_table, make_column_ref
from mrt_lint.parse.python.library.text_file import get_path_attribute
from mrt_lint.parse.python.objects import (
    BoundMethod,
    ConnectionValue,
    ContextValue,
    DialectName,
    DialectValue,
    EnumMember,
    ExternalName,
    FilePath,
    InspectorValue,
    LocalClass,
    LocalFunction,
    LocalInstance,
    OpenFile,
    PossibleItem,
    SessionValue,
    Value,
)

METHODS = (str, bytes, list, tuple, dict, set, frozenset, SqlType, SessionValue, InspectorValue, DialectName, FilePath, OpenFile)
"""Values whose attributes are methods."""


def get_attribute(value: Value, name: str) -> Value:  # noqa: C901, PLR0912 - one line a kind of value
    """Return the value of `value.name`, UNKNOWN if it cannot be read."""
    if name == "query" and isinstance(value, (ExternalName, LocalClass)) and (table := as_table(value)) is not None:
        return SelectElement((table,), query=True, rows=True)  # Flask-SQLAlchemy's, on every model
    if isinstance(value, ExternalName):
        return ExternalName(f"{value.path}.{name}")
    if isinstance(value, (ConnectionValue, InspectorValue, ContextValue)):
        return _of_connection(value, name)
    if isinstance(value, DialectValue):
        return DialectName(description=name == "dialect_description") if name in ("name", "dialect_description") else UNKNOWN
    if isinstance(value, DialectName) and value.url and name in ("drivername", "scheme"):
        return value
    if isinstance(value, LocalFunction):
        return value.name if name == "__name__" else UNKNOWN
    if isinstance(value, LocalClass):
        return get_class_attribute(value, name)
    if isinstance(value, LocalInstance):
        return _of_instance(value, name)
    if isinstance(value, EnumMember):
        return {"name": value.name, "value": value.value}.get(name, UNKNOWN)
    if isinstance(value, TableElement):
        return {"c": TableColumns(value), "columns": TableColumns(value), "name": value.name, "schema": value.schema}.get(
            name, BoundMethod(value, name)
        )
    if isinstance(value, TableColumns):
        return make_column_ref(value.table, name)
    if isinstance(value, Column):
        return value.name if name in ("name", "key") else value.type if name == "type" else BoundMethod(value, name)
    if isinstance(value, SqlExpression):
        return value.name if name in ("name", "key") else BoundMethod(value, name)
    if isinstance(value, FilePath) and (found := get_path_attribute(value, name)) is not None:
        return found
    if isinstance(value, SqlType) and value.name == "ENUM" and name in ("name", "enums", "schema"):
        return _of_enum(value)[name]
    if isinstance(value, METHODS):
        return BoundMethod(value, name)
    return UNKNOWN


def _of_enum(kind: SqlType) -> dict[str, Value]:
    """Return the attributes of an enum that say what it is."""
    return {
        "name": kind.type_name,
        "enums": list(kind.members) if isinstance(kind.members, tuple) else UNKNOWN,
        "schema": kind.schema,
    }


def _of_connection(value: ConnectionValue | InspectorValue | ContextValue, name: str) -> Value:
    if name == "dialect":
        return DialectValue()
    if name == "name" and isinstance(value, ConnectionValue):
        return DialectName()  # `Engine.name` is that of its dialect
    if name == "url" and isinstance(value, ConnectionValue):
        return DialectName(url=True)
    if name in ("engine", "connection", "bind"):
        own = isinstance(value, ContextValue) and name != "engine"
        is_other = name == "engine" or (isinstance(value, ConnectionValue) and value.apart)
        return ConnectionValue(autocommit=isinstance(value, ConnectionValue) and value.autocommit, own=own, apart=is_other)
    if name == "impl":
        return ExternalName("alembic.impl")
    return BoundMethod(value, name)


def get_class_attribute(value: LocalClass, name: str) -> Value:
    """Return an attribute of a class of the file; a mapped one is a column."""
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
        return UNKNOWN if isinstance(found, PossibleItem) else found
    if name in value.methods:
        method = value.methods[name]
        return method.bound_to(value) if method.of_class else method
    for base in value.bases:
        if isinstance(base, LocalClass):
            inherited = get_class_attribute(base, name)
            if inherited is not UNKNOWN:
                return inherited
    return BoundMethod(value, name)


def _of_instance(value: LocalInstance, name: str) -> Value:
    if name in value.attributes:
        return value.attributes[name]
    found = get_class_attribute(value.of, name)
    if isinstance(found, SqlExpression):
        return UNKNOWN  # what the column holds in this object, which the database may have chosen
    if isinstance(found, LocalFunction):
        return found if found.static or found.of_class else found.bound_to(value)
    return BoundMethod(value, name) if isinstance(found, BoundMethod) else found
