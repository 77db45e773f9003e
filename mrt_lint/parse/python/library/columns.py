"""Columns and constraints as SQLAlchemy spells them, to the values of operations."""

from __future__ import annotations

from typing import Any

from mrt_lint.model.values import UNKNOWN, Column, Constraint, MaybeName, Name, Unknown
from mrt_lint.parse.python.convert import (
    flatten,
    to_default,
    to_flag,
    to_maybe_flag,
    to_maybe_name,
    to_maybe_sql,
    to_name,
    to_names,
    to_sql,
)
from mrt_lint.parse.python.library.binds import bound_texts
from mrt_lint.parse.python.library.elements import (
    ComputedElement,
    IdentityElement,
    SequenceElement,
    SqlExpression,
    TableElement,
    TableIndex,
)
from mrt_lint.parse.python.library.types import is_type, to_type
from mrt_lint.parse.python.objects import CallArguments, ExternalName, LocalInstance, PossibleItem, Value


def make_column(arguments: CallArguments) -> Column:
    """`sa.Column(…)`, `sa.column(…)` or `mapped_column(…)`."""
    items = list(arguments.positional)
    name: Value = arguments.keyword.get("name", UNKNOWN)
    if items and (isinstance(items[0], str) or (items[0] is UNKNOWN and not is_type(items[0]))):
        name = items.pop(0)
    # `Column(None, Integer)`: SQLAlchemy takes the attribute's name later
    elif items and items[0] is None:
        items.pop(0)
    kind: Value = arguments.keyword.get("type_", arguments.keyword.get("type", None if arguments.complete else UNKNOWN))
    if items and (is_type(items[0]) or items[0] is UNKNOWN):
        kind = items.pop(0)
    return _fill(to_name(name), kind, items, arguments)


def _fill(name: Name, kind: Value, items: list[Value], arguments: CallArguments) -> Column:
    unset = None if arguments.complete else UNKNOWN
    given = arguments.keyword
    positional = next((item for item in items if isinstance(item, (str, SqlExpression))), unset)  # DefaultClause or FetchedValue
    default = given.get("server_default", positional)
    identity = next((item for item in (*items, default) if isinstance(item, IdentityElement)), None)
    computed = next((item for item in (*items, default) if isinstance(item, ComputedElement)), None)
    primary = to_flag(given.get("primary_key", unset))
    autoincrement = given.get("autoincrement", "auto")
    return Column(
        name=name,
        type=to_type(kind),
        nullable=to_maybe_flag(given.get("nullable", unset)),
        server_default=None if computed else to_default(default),
        python_default=given.get("default") is not None or given.get("insert_default") is not None or "default_factory" in given,
        primary_key=primary,
        autoincrement=autoincrement if isinstance(autoincrement, (bool, str)) else UNKNOWN,
        identity=identity is not None,
        identity_always=identity.always if identity else False,
        computed=computed.text if computed else None,
        persisted=computed.persisted if computed else None,
        unique=to_flag(given.get("unique", unset)),
        index=to_flag(given.get("index", unset)),
        comment=to_maybe_name(given.get("comment")),
        constraints=tuple(item for item in items if isinstance(item, Constraint)),
        refused_default=refused_default(given.get("server_default")),
        texts=computed.texts if computed else bound_texts(("server_default", default)),
    )


def refused_default(value: Value) -> str:
    """Return a `server_default` that SQLAlchemy refuses, as code, "" for any other: it takes a text or SQL, no Python value.

    It raises ArgumentError (`sqlalchemy.schema.DefaultClause`, seen on SQLAlchemy 2.1).
    """
    return repr(value) if isinstance(value, (bool, int, float, bytes)) and not isinstance(value, str) else ""


def make_foreign_key(arguments: CallArguments) -> Constraint:
    """`sa.ForeignKey("table.column")`, inside a column."""
    target = arguments.get(0, "column", UNKNOWN)
    schema, table, column = _split_target(target)
    return Constraint(
        kind="foreignkey",
        name=to_maybe_name(arguments.get(2, "name")),
        referred_table=table,
        referred_schema=schema,
        referred_columns=(column,),
        **_foreign_key_options(arguments.keyword),
    )


def _split_target(target: Value) -> tuple[MaybeName, Name, Name]:
    if isinstance(target, SqlExpression):
        return None, target.tables[0] if target.tables else UNKNOWN, target.name
    if not isinstance(target, str):
        return (UNKNOWN, UNKNOWN, UNKNOWN)
    head, _, column = target.rpartition(".")
    schema, _, table = head.rpartition(".")
    return to_maybe_name(schema or None), to_name(table), to_name(column)


def _foreign_key_options(given: dict[str, Value]) -> dict[str, Any]:
    return {
        "onupdate": to_maybe_name(given.get("onupdate")),
        "ondelete": to_maybe_name(given.get("ondelete")),
        "deferrable": to_maybe_flag(given.get("deferrable")),
        "initially": to_maybe_name(given.get("initially")),
        "not_valid": to_flag(given.get("postgresql_not_valid")),
        "use_alter": to_flag(given.get("use_alter")),
    }


def make_foreign_key_constraint(arguments: CallArguments) -> Constraint:
    """`sa.ForeignKeyConstraint(["a"], ["table.a"])`."""
    targets = arguments.get(1, "refcolumns", UNKNOWN)
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    schema: MaybeName = UNKNOWN
    table: Name = UNKNOWN
    if isinstance(targets, (list, tuple)) and targets:
        split = [_split_target(target) for target in targets]
        schema, table = split[0][0], split[0][1]
        columns = tuple(column for _, _, column in split)
    return Constraint(
        kind="foreignkey",
        name=to_maybe_name(arguments.get(2, "name")),
        columns=to_names(arguments.get(0, "columns", UNKNOWN)),
        referred_table=table,
        referred_schema=schema,
        referred_columns=columns,
        **_foreign_key_options(arguments.keyword),
    )


def make_key(kind: str, arguments: CallArguments) -> Constraint:
    """`sa.UniqueConstraint("a", "b")` or `sa.PrimaryKeyConstraint(…)`."""
    return Constraint(
        kind=kind,
        name=to_maybe_name(arguments.keyword.get("name", None if arguments.complete else UNKNOWN)),
        columns=to_names(flatten(arguments.positional)) if arguments.complete else UNKNOWN,
        deferrable=to_maybe_flag(arguments.keyword.get("deferrable")),
        initially=to_maybe_name(arguments.keyword.get("initially")),
        nulls_not_distinct=to_flag(arguments.keyword.get("postgresql_nulls_not_distinct")),
        included="postgresql_include" in arguments.keyword,
    )


def make_check(arguments: CallArguments) -> Constraint:
    """`sa.CheckConstraint("a > 0")`."""
    condition = arguments.get(0, "sqltext", UNKNOWN)
    return Constraint(
        kind="check",
        name=to_maybe_name(arguments.get(1, "name")),
        condition=to_sql(condition),
        not_valid=to_flag(arguments.keyword.get("postgresql_not_valid")),
        texts=bound_texts(("condition", condition)),
    )


def make_exclude(arguments: CallArguments) -> Constraint:
    """`postgresql.ExcludeConstraint(("room", "="), …)`."""
    return Constraint(
        kind="exclude",
        name=to_maybe_name(arguments.keyword.get("name")),
        columns=exclude_columns(arguments.positional),
        condition=to_maybe_sql(arguments.keyword.get("where")),
        texts=bound_texts(("where", arguments.keyword.get("where"))),
    )


def exclude_columns(elements: list[Value]) -> tuple[Name, ...] | Unknown:
    """Return the columns of an exclusion's elements."""
    if not all(isinstance(element, tuple) and element for element in elements):
        return UNKNOWN
    return tuple(to_name(element[0]) for element in elements if isinstance(element, tuple))


def split_items(items: list[Value]) -> tuple[tuple[Column, ...], tuple[Constraint, ...], tuple[TableIndex, ...], bool]:
    """Return the parts of a table: its columns, constraints, indexes, and whether all of them could be read."""
    items = flatten(items)
    columns = tuple(item for item in items if isinstance(item, Column))
    constraints = tuple(item for item in items if isinstance(item, Constraint))
    indexes = tuple(item for item in items if isinstance(item, TableIndex))
    known = (Column, Constraint, TableIndex, SequenceElement, TableElement, IdentityElement)
    whole = all(isinstance(item, known) or item is None for item in items) and not any(
        isinstance(item, (PossibleItem, ExternalName, LocalInstance)) for item in items
    )
    return columns, constraints, indexes, whole


def index_columns(items: Value) -> tuple[Name, ...] | Unknown:
    """Return the columns of an index; an expression is its text in parentheses."""
    if isinstance(items, (str, SqlExpression, Column)):
        items = [items]
    if not isinstance(items, (list, tuple)) or any(isinstance(item, PossibleItem) for item in items):
        return UNKNOWN
    return tuple(_index_column(item) for item in items)


def _index_column(item: Value) -> Name:
    if isinstance(item, SqlExpression) and item.name is UNKNOWN:
        text = to_sql(item)
        if not isinstance(text, str):
            return UNKNOWN
        # text("a") is the column; any other expression is in parentheses, as CREATE INDEX of PostgreSQL wants it
        return text if text.isidentifier() else f"({text.strip()})" if to_name(text) is not UNKNOWN else UNKNOWN
    return to_name(item)
