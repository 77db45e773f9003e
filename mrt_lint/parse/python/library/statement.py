"""Core and ORM statements on rows while they are being built: `table.update().where(…).values(…)`, `session.query(Model)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from mrt_lint.model.values import UNKNOWN, Column, Flow, Name, Unknown
from mrt_lint.parse.python.convert import flatten, to_maybe_name, to_name
from mrt_lint.parse.python.expressions.operators import merge_sql
from mrt_lint.parse.python.library.elements import Dml, Rows, Select, Sql, Table
from mrt_lint.parse.python.library.table import as_table
from mrt_lint.parse.python.objects import Arguments, Class, Maybe, Ref, Value

FILTERS = frozenset(["where", "filter", "filter_by", "get"])


def make_table(arguments: Arguments, *, with_metadata: bool) -> Table:
    """`sa.table("t", …)`, or `sa.Table("t", metadata, …)`."""
    items = flatten(arguments.positional[1 + with_metadata :])
    columns = tuple(Column(name=item.name) if isinstance(item, Sql) else item for item in items if isinstance(item, (Column, Sql)))
    name = arguments.get(0, "name", UNKNOWN)
    return Table(
        to_name(name),
        to_maybe_name(arguments.keyword.get("schema")),
        columns,
        tuple(item for item in items if not isinstance(item, (Column, Sql))) if with_metadata else (),
    )


def start_dml(kind: str, target: Value, arguments: Arguments | None = None) -> Dml:
    """`table.update()`, `sa.update(table)` and the like; old spellings give the condition or the values at once."""
    statement = Dml(kind, as_table(target) or Table(UNKNOWN))
    if arguments is None:
        return statement
    statement = dataclasses.replace(
        statement, where=bool(arguments.keyword.get("whereclause")) or any(isinstance(value, Sql) for value in arguments.positional)
    )
    values = arguments.keyword.get("values")
    return add_values(statement, Arguments(positional=[values])) if values is not None else statement


def call_dml_method(statement: Dml, name: str, arguments: Arguments) -> Value:
    """Give the next step of a statement."""
    if name in FILTERS:
        return dataclasses.replace(statement, where=True)
    if name in ("values", "ordered_values"):
        return add_values(statement, arguments)
    if name == "from_select":
        names = arguments.get(0, "names", UNKNOWN)
        source = as_table(arguments.get(1, "select"))
        return dataclasses.replace(
            statement,
            columns=tuple(map(to_name, names)) if isinstance(names, (list, tuple)) else UNKNOWN,
            query=True,
            source_tables=(source.name,) if source else (UNKNOWN,),
        )
    return statement


def add_values(statement: Dml, arguments: Arguments) -> Dml:
    """`.values(a=1)`, `.values({"a": 1})`, `.values([{…}])`."""
    pairs: dict[Name, Value] = {}
    pairs.update(arguments.keyword.items())
    known = arguments.complete
    for item in arguments.positional:
        for row in item if isinstance(item, (list, tuple)) else [item]:
            if isinstance(row, dict):
                pairs.update({to_name(key): value for key, value in row.items()})
            elif isinstance(row, tuple) and len(row) == 2:  # noqa: PLR2004 - a pair
                pairs[to_name(row[0])] = row[1]
            else:
                known = False
    sources = merge_sql(*pairs.values())
    columns: tuple[Name, ...] | Unknown = tuple(pairs) if known else UNKNOWN
    unread = not known or any(value is UNKNOWN for value in pairs.values())
    return dataclasses.replace(
        statement,
        columns=columns,
        source_columns=UNKNOWN if unread and not sources.columns else sources.columns,
        source_tables=tuple(table for table in sources.tables if table != statement.table.name),
        flows=tuple(flow for key, value in pairs.items() for flow in flows_into(key, value)) if known else UNKNOWN,
    )


def flows_into(column: Name, value: Value) -> Iterator[Flow]:
    """Tell what a column's new value is computed from; nothing for a constant."""
    if value is UNKNOWN or isinstance(value, (Maybe, Ref)):
        yield Flow(column=column, source=UNKNOWN)
        return
    read = merge_sql(value)
    table = read.tables[0] if len(read.tables) == 1 else None
    yield from (Flow(column=column, source=source, table=table) for source in read.columns)


def make_select(arguments: Arguments, *, query: bool) -> Select | Sql:
    """`sa.select(…)` or `session.query(…)`; the text of the one that changes something, by `func.setval()`."""
    found: list[Table] = []
    whole = query
    for item in flatten(arguments.everything()):
        if isinstance(item, Sql) and isinstance(item.text, str) and item.text.lower().startswith("setval("):
            return Sql(f"SELECT {item.text}")
        table = as_table(item)
        if isinstance(item, Sql) and item.tables:
            table, whole = Table(item.tables[0]), False
        if table is not None:
            found.append(table)
            whole = whole and isinstance(item, (Class, Table))
    return Select(tuple(found), query=whole)


def call_select_method(statement: Select, name: str, arguments: Arguments) -> Value:
    """Give the next step of a SELECT or query; `update` and `delete` of a query turn it into a statement on rows."""
    if name in FILTERS:
        return dataclasses.replace(statement, where=True)
    if name == "select_from" and (table := as_table(arguments.get(0, "from"))) is not None:
        return dataclasses.replace(statement, tables=(*statement.tables, table))
    if name in ("all", "scalars", "yield_per", "__iter__", "partitions") and statement.tables and statement.query:
        return Rows(statement.tables[0])
    if name in ("c", "scalar_subquery", "as_scalar", "label"):
        return Sql(UNKNOWN, (), tuple(table.name for table in statement.tables))
    if name in ("first", "one", "one_or_none", "scalar", "count", "exists"):
        return UNKNOWN
    return statement


def finish_query(statement: Select, name: str, arguments: Arguments) -> Dml:
    """`session.query(Model).filter(…).update({…})` or `.delete()`."""
    table = statement.tables[0] if statement.tables else Table(UNKNOWN)
    made = Dml(name, table, where=statement.where)
    values = arguments.get(0, "values")
    return add_values(made, Arguments(positional=[values])) if name == "update" else made
