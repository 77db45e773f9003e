"""Core and ORM statements on rows while they are being built: `table.update().where(…).values(…)`, `session.query(Model)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from mrt_lint.model.values import UNKNOWN, Column, MaybeConstant, Name, Unknown, ValueFlow
from mrt_lint.parse.python.convert import flatten, to_maybe_name, to_name
from mrt_lint.parse.python.library.elements import DmlElement, OrmRow, OrmRows, SelectElement, SqlExpression, TableElement
from mrt_lint.parse.python.library.sql_expression import as_sql, is_column, maybe_constant, merge_sql, require, require_all
from mrt_lint.parse.python.library.table import as_table, make_column_ref
from mrt_lint.parse.python.objects import CallArguments, ExternalName, LocalClass, PossibleItem, Value

FILTERS = frozenset(["where", "filter", "filter_by", "get"])
_KEEPING_ROWS = frozenset(["order_by", "execution_options", "returning", "correlate", "with_for_update", "where"])
"""Methods after which a statement is about the same rows as before."""
FINDING_ALL = frozenset(
    ["all", "scalars", "unique", "yield_per", "__iter__", "partitions", "fetchall", "fetchmany", "columns", "tuples"]
)
"""Methods of a query or of its result that return objects."""
FINDING_ONE = frozenset(
    ["first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none", "fetchone", "first_or_404", "one_or_404"]
)
"""Methods of a query or of its result that return one object."""


def make_table(arguments: CallArguments, *, with_metadata: bool) -> TableElement:
    """`sa.table("t", …)`, or `sa.Table("t", metadata, …)`."""
    items = flatten(arguments.positional[1 + with_metadata :])
    columns = tuple(
        Column(name=item.name) if isinstance(item, SqlExpression) else item
        for item in items
        if isinstance(item, (Column, SqlExpression))
    )
    name = arguments.get(0, "name", UNKNOWN)
    return TableElement(
        to_name(name),
        to_maybe_name(arguments.keyword.get("schema")),
        columns,
        tuple(item for item in items if not isinstance(item, (Column, SqlExpression))) if with_metadata else (),
    )


def start_dml(kind: str, target: Value, arguments: CallArguments | None = None) -> DmlElement:
    """`table.update()`, `sa.update(table)` and the like; old spellings take the condition or the values at once."""
    statement = DmlElement(kind, as_table(target) or TableElement(UNKNOWN))
    if arguments is None:
        return statement
    given = arguments.keyword.get("whereclause")
    where = bool(given) or any(isinstance(value, SqlExpression) for value in arguments.positional)
    asked = [*arguments.positional, given] if given is not None else arguments.positional
    condition = require_all(*(value for value in asked if isinstance(value, (SqlExpression, Column))))
    statement = dataclasses.replace(statement, where=where, tests=condition.tests, conditions=condition.columns)
    values = arguments.keyword.get("values")
    return add_values(statement, CallArguments(positional=[values])) if values is not None else statement


def call_dml_method(statement: DmlElement, name: str, arguments: CallArguments) -> Value:
    """Return the next step of a statement."""
    if name in FILTERS:
        given = [value.text if isinstance(value, SqlExpression) else UNKNOWN for value in arguments.positional]
        if "false" in given:
            return SelectElement((statement.table,))  # which changes no row, either
        return dataclasses.replace(
            statement,
            where=statement.where or given != ["true"],
            **_asked(statement, arguments),
        )
    if name in ("values", "ordered_values"):
        return add_values(statement, arguments)
    if name == "from_select":
        names = arguments.get(0, "names", UNKNOWN)
        select = arguments.get(1, "select")
        source = as_table(select)
        made = dataclasses.replace(
            statement,
            columns=tuple(map(to_name, names)) if isinstance(names, (list, tuple)) else UNKNOWN,
            query=True,
            source_tables=(source.name,) if source else (UNKNOWN,),
        )
        return _with_query(made, select) if isinstance(select, SelectElement) else made
    return dataclasses.replace(statement, chooses=True) if name not in _KEEPING_ROWS else statement


def _with_query(statement: DmlElement, select: SelectElement) -> DmlElement:
    """Return an INSERT with what each of its columns is selected from."""
    flows: tuple[ValueFlow, ...] | Unknown = UNKNOWN
    if statement.columns is not UNKNOWN and len(statement.columns) == len(select.items):
        pairs = zip(statement.columns, select.items, strict=True)
        flows = tuple(flow for column, value in pairs for flow in flows_into(column, value))
    chooses = statement.chooses or select.chooses or select.where
    return dataclasses.replace(statement, flows=flows, chooses=chooses, measures=statement.measures or select.measures)


def _asked(statement: DmlElement | SelectElement, arguments: CallArguments) -> dict[str, Any]:
    """Return what a statement asks for with these further conditions; `filter_by(code=None)` names a column."""
    named = [require("in", make_column_ref(None, name), value) for name, value in arguments.keyword.items()]
    conditions = [*arguments.positional, *named, *([] if arguments.complete else [UNKNOWN])]
    found = require_all(*conditions)
    return {
        "conditions": (*statement.conditions, *found.columns),
        "tests": (*statement.tests, *found.tests),
        "measures": statement.measures or found.measures,
    }


def add_values(statement: DmlElement, arguments: CallArguments) -> DmlElement:
    """`.values(a=1)`, `.values({"a": 1})`, `.values([{…}])`."""
    pairs: dict[Name, Value] = {}
    pairs.update(arguments.keyword.items())
    known = arguments.complete
    rows = [dict(pairs)] if pairs else []
    for item in arguments.positional:
        for row in item if isinstance(item, (list, tuple)) else [item]:
            if isinstance(row, dict):
                rows.append({to_name(key): value for key, value in row.items()})
                pairs.update(rows[-1])
            elif isinstance(row, tuple) and len(row) == 2:  # noqa: PLR2004 - a pair
                pairs[to_name(row[0])] = row[1]
                rows.append(dict(pairs))
            else:
                known = False
    sources = merge_sql(*pairs.values())
    columns: tuple[Name, ...] | Unknown = tuple(pairs) if known else UNKNOWN
    unread = not known or any(value is UNKNOWN for value in pairs.values())
    return dataclasses.replace(
        statement,
        columns=columns,
        # a constant reads nothing; a value that is not known may read anything
        source_columns=UNKNOWN if unread and not sources.columns else sources.columns,
        source_tables=tuple(table for table in sources.tables if table != statement.table.name),
        flows=tuple(flow for key, value in pairs.items() for flow in flows_into(key, value)) if known else UNKNOWN,
        rows=rows_of(tuple(pairs), rows[-1:] if statement.kind == "update" else rows) if known else UNKNOWN,
    )


def rows_of(columns: tuple[Name, ...], rows: Sequence[Value]) -> tuple[tuple[MaybeConstant, ...], ...] | Unknown:
    """Return the constants of rows that dictionaries give, UNKNOWN where not all of them do."""
    found = [[row.get(name, UNKNOWN) for name in columns] for row in rows if isinstance(row, dict)]
    return tuple(tuple(map(maybe_constant, row)) for row in found) if found and len(found) == len(rows) else UNKNOWN


def flows_into(column: Name, value: Value) -> Iterator[ValueFlow]:
    """Return what a column's new value is computed from; nothing for a constant."""
    if value is UNKNOWN or isinstance(value, (PossibleItem, ExternalName, OrmRow)):
        yield ValueFlow(column=column, source=UNKNOWN)
        return
    query = value if isinstance(value, SelectElement) else value.query if isinstance(value, SqlExpression) else None
    if query is not None:
        yield from _found(column, query)
        return
    read = merge_sql(value)
    table = read.tables[0] if len(read.tables) == 1 else None
    plain = is_column(value)
    yield from (ValueFlow(column=column, source=source, table=table, plain=plain, copied=plain) for source in read.columns)


def _found(column: Name, query: SelectElement) -> Iterator[ValueFlow]:
    """Return what a column gets of the rows that a query finds, where it asks for one column as it is."""
    selected = query.items[0] if len(query.items) == 1 else None
    if not is_column(selected) or len(as_sql(selected).tables) != 1:
        return
    source, (table,) = as_sql(selected).name, as_sql(selected).tables
    pairs = []
    for test in query.tests:
        sides = [(test.table, test.column), *([test.other] if test.other is not None else [])]
        own = [side for side in sides if side[0] == table]
        others = [side for side in sides if side[0] not in {table, None}]
        pairs.append((own[0][1], others[0][1]) if own and others else None)
    is_open = query.where and None not in pairs and not query.chooses
    found_by = tuple(pair for pair in pairs if pair is not None) if is_open else ()
    yield ValueFlow(column=column, source=source, table=table, copied=not query.measures, found_by=found_by)


def make_select(arguments: CallArguments, *, query: bool) -> SelectElement | SqlExpression:
    """`sa.select(…)` or `session.query(…)`; the text of the one that changes something, by `func.setval()`."""
    found: list[TableElement] = []
    whole = True
    for item in flatten(arguments.everything()):
        if isinstance(item, SqlExpression) and isinstance(item.text, str) and item.text.lower().startswith("setval("):
            return SqlExpression(f"SELECT {item.text}")
        table = as_table(item)
        if isinstance(item, SqlExpression) and item.tables:
            table, whole = TableElement(item.tables[0]), False
        if table is not None:
            found.append(table)
            whole = whole and (isinstance(item, (LocalClass, ExternalName)) or (query and isinstance(item, TableElement)))
    items = tuple(flatten(arguments.everything()))
    is_plain = all(isinstance(item, (SqlExpression, Column)) for item in items)
    return SelectElement(tuple(found), query=query, rows=whole and bool(found), items=items if is_plain else ())


def call_select_method(statement: SelectElement, name: str, arguments: CallArguments) -> Value:
    """Return the next step of a SELECT or query; `update` and `delete` of a query turn it into a statement on rows."""
    if name in ("get", "get_or_404") and statement.rows:
        return OrmRow(statement.tables[0])
    if name in FILTERS:
        return dataclasses.replace(statement, where=True, **_asked(statement, arguments))
    if name == "select_from" and (table := as_table(arguments.get(0, "from"))) is not None:
        return dataclasses.replace(statement, tables=(*statement.tables, table))
    if name in FINDING_ALL and statement.rows and statement.query:
        return OrmRows(statement.tables[0], statement.nulls)
    if name in FINDING_ONE and statement.rows and statement.query:
        return OrmRow(statement.tables[0], statement.nulls)
    if name in ("c", "scalar_subquery", "as_scalar", "label"):
        return SqlExpression(UNKNOWN, (), tuple(table.name for table in statement.tables), query=statement)
    if name in ("first", "one", "one_or_none", "scalar", "count", "exists"):
        return UNKNOWN
    return dataclasses.replace(statement, chooses=True) if name not in _KEEPING_ROWS else statement


def finish_query(statement: SelectElement, name: str, arguments: CallArguments) -> DmlElement:
    """`session.query(Model).filter(…).update({…})` or `.delete()`."""
    table = statement.tables[0] if statement.tables else TableElement(UNKNOWN)
    made = DmlElement(name, table, where=statement.where, conditions=statement.conditions, tests=statement.tests)
    made = dataclasses.replace(made, measures=statement.measures)
    values = arguments.get(0, "values")
    return add_values(made, CallArguments(positional=[values])) if name == "update" else made
