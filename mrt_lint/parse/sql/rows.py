"""INSERT, UPDATE, DELETE, MERGE and their kin: which table, which columns, with a WHERE or without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from mrt_lint.model.ops import Delete, Insert, Op, Statement, Truncate, Update
from mrt_lint.model.values import HOLE, UNKNOWN, MaybeName, Name, Unknown, ValueFlow
from mrt_lint.parse.sql.asked_columns import CONSTANTS, columns_asked_for
from mrt_lint.parse.sql.condition import has_where, null_columns, spares_used, takes_by_value, tests_of_where, truth_of_where
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.lookup import lookup_of
from mrt_lint.parse.sql.range_bound import bound_of
from mrt_lint.parse.sql.reference import as_used, references, tables_read
from mrt_lint.parse.sql.tokens import keywords
from mrt_lint.parse.sql.written_value import rows_of, written

_QUERIES = frozenset({"SELECT", "WITH", "TABLE", "("})
_CLAUSES = ("FROM", "WHERE", "RETURNING", "ORDER", "LIMIT", "OUTPUT", "OPTION")
# with any of these a name in an expression may be no column
_HARD = keywords(
    "SELECT CASE CAST CONVERT AS FROM INTERVAL AT USING OVER COLLATE ARRAY ROW EXTRACT DATE TIME TIMESTAMP DISTINCT FILTER "
    "BETWEEN WITHIN SEPARATOR EXISTS ANY ALL :: ["
)
_KEEPING = keywords(
    "JSON_BUILD_OBJECT JSONB_BUILD_OBJECT JSON_OBJECT JSON_BUILD_ARRAY JSONB_BUILD_ARRAY JSON_ARRAY TO_JSON TO_JSONB"
)
"""Functions that put values into another one, out of which they can be taken again."""
_QUALIFIED = 3
"""The tokens of `alias.column`."""


class _ColumnAssignment:
    """`alias.column = value`; `alias` is "" for a column alone."""

    def __init__(self, alias: str, column: Name, value: TokenCursor) -> None:
        self.alias = alias
        self.column = column
        self.value = value

    @cached_property
    def read(self) -> tuple[tuple[str | None, Name], ...] | Unknown:
        """The columns that the value reads, each with the table or alias before it."""
        return _read(self.value)

    @cached_property
    def lookup(self) -> ValueFlow | None:
        """The column that the value is, of the rows that a subquery finds; None for any other value."""
        return lookup_of(self.column, self.value)

    @property
    def keeps_values(self) -> bool:
        """Whether every value but NULL stays: `column = coalesce(column, …)`."""
        value = self.value.rest()
        is_first = value.accept("COALESCE", "IFNULL") != "" and next((item.path()[1] for item in value.group()), "") == self.column
        return is_first and (value.done or (value.accept("::") != "" and value.path() is not None and value.done))


def read_insert(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows INSERT or REPLACE; an upsert is an UPDATE, too."""
    start = cursor.position
    _modifiers(cursor)
    ignores = any(token.key == "IGNORE" for token in cursor.tokens[start : cursor.position])
    schema, table = cursor.path()
    if cursor.accept("AS"):
        cursor.take()
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    if cursor.key == "(" and cursor.peek(1).key not in _QUERIES:
        columns = cursor.names()
    elif cursor.at("SET"):
        columns = tuple(assigned.column for assigned in _assignments(cursor))
    rest = cursor.rest()
    cursor.until("CONFLICT", "DUPLICATE")
    source = TokenCursor(rest.statement, rest.dialect, rest.position, cursor.position)
    query = source.key == "(" or any(source.has(key) for key in ("SELECT", "WITH", "TABLE"))
    flows: tuple[ValueFlow, ...] | Unknown = (
        _flows_of_query(source, columns) if query else () if _is_written_out(source) else UNKNOWN
    )
    values = UNKNOWN if columns is UNKNOWN else rows_of(source, len(columns)) or UNKNOWN
    read = tables_read(source)
    spares = ignores or (cursor.at("CONFLICT") and not cursor.has("UPDATE")) or (table in read and spares_used(source))
    yield Insert(
        table=table, schema=schema, columns=columns, query=query, source_tables=read, flows=flows, values=values, spares=spares
    )
    if cursor.has("UPDATE"):
        cursor.to("UPDATE").take()
        changes = _assignments(cursor)
        changed = tuple(_flows(changes, {}))
        yield Update(
            table=table, schema=schema, columns=_columns(changes), source_columns=_sources(changes), where=True, flows=changed
        )


def _flows_of_query(source: TokenCursor, columns: tuple[Name, ...] | Unknown) -> tuple[ValueFlow, ...] | Unknown:
    """Return what each inserted column is selected from, UNKNOWN unless the query is one plain SELECT of as many values."""
    query = source.rest()
    if columns is UNKNOWN or not query.accept("SELECT") or any(source.has(key) for key in ("UNION", "EXCEPT", "INTERSECT")):
        return UNKNOWN
    query.accept("DISTINCT", "ALL")
    values = list(query.until("FROM").items())
    if len(values) != len(columns) or any(value.tokens[value.stop - 1].key == "*" for value in values):
        return UNKNOWN
    tables = references(query.until("WHERE", "GROUP", "ORDER", "LIMIT")) if query.accept("FROM") else {}
    selected = [_ColumnAssignment("", column, value.until("AS")) for column, value in zip(columns, values, strict=True)]
    found = _flows(selected, {alias: name for alias, (_, name) in tables.items()})
    return tuple(replace(flow, plain=flow.plain and _takes_all(source, flow)) for flow in found)


def _takes_all(source: TokenCursor, flow: ValueFlow) -> bool:
    """Return whether a query returns every row, or leaves out those only that hold NULL in the column that a value is from."""
    chooses = any(source.has(key) for key in ("GROUP", "HAVING", "LIMIT", "OFFSET", "FETCH"))
    if chooses or not source.has("WHERE"):
        return not chooses
    condition = str(source.rest().to("WHERE").until("ORDER", ";").text()).replace('"', "").upper()
    return re.fullmatch(rf"WHERE (\w+\.)?{re.escape(str(flow.source).upper())} IS NOT NULL", condition) is not None


def _is_written_out(source: TokenCursor) -> bool:
    """Return whether the values are in the statement itself: none comes from Python."""
    tokens = source.tokens[source.position : source.stop]
    return bool(tokens) and all(token.kind != "bind" and HOLE not in token.text for token in tokens)


def read_update(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows UPDATE; where it writes several tables, one operation for each."""
    whole = cursor.rest()
    _modifiers(cursor)
    # a hole may hold SET and all that follows
    targets = references(cursor.until("SET", "WHERE", HOLE)) or {"": (None, UNKNOWN)}
    changes = _assignments(cursor)
    tables = {**targets, **(references(cursor.until("WHERE", "RETURNING")) if cursor.accept("FROM") else {})}
    if truth_of_where(whole).never_true:
        yield Statement(command="UPDATE", effect=False, text=str(whole.text()))
        return
    where = has_where(whole.rest())
    for alias, mine in _by_target(changes, tuple(targets)).items():
        schema, table = tables[alias]
        reads = (*(tables[other][1] for other in targets), *tables_read(whole))
        yield Update(
            table=table,
            schema=schema,
            columns=_columns(mine),
            source_columns=_sources(mine),
            source_tables=tuple(dict.fromkeys(name for name in reads if name != table)),
            where=where,
            flows=tuple(_flows(mine, {alias: name for alias, (_, name) in tables.items()}, whole=where is False)),
            fills=(*null_columns(whole, alias), *(change.column for change in mine if change.keeps_values)),
            conditions=tuple(columns_asked_for(whole, tables, alias)),
            tests=tests_of_where(whole, alias),
            writes=tuple(write for change in mine for write in written(change.column, change.value.rest(), alias)),
        )


def _by_target(changes: list[_ColumnAssignment], targets: tuple[str, ...]) -> dict[str, list[_ColumnAssignment]]:
    """Part assignments by the table they write, by its alias; what names none of several writes the first."""
    found: dict[str, list[_ColumnAssignment]] = {}
    for change in changes:
        alias = change.alias.lower()
        found.setdefault(alias if alias in targets else targets[0], []).append(change)
    return found or {targets[0]: []}


def read_delete(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows DELETE; MySQL names the tables before FROM or between FROM and USING."""
    whole = cursor.rest()
    _modifiers(cursor)
    named = references(cursor.until("FROM", "WHERE"))
    cursor.accept("FROM")
    listed = references(cursor.until("WHERE", "USING", "RETURNING", "ORDER", "LIMIT", "OUTPUT"))
    listed = listed if named else as_used(listed, cursor.rest())
    # `DELETE a FROM users AS a`: what is named before FROM may be an alias
    targets = [listed.get(alias, place) for alias, place in named.items()] or list(listed.values())[:1] or [(None, UNKNOWN)]
    if truth_of_where(whole).never_true:
        yield Statement(command="DELETE", effect=False, text=str(whole.text()))
        return
    where, by_value, spares = has_where(whole.rest()), takes_by_value(whole), spares_used(whole)
    alias = next((name for name, place in listed.items() if place == targets[0]), "")
    tables = {**listed, alias: targets[0]}
    reads_others = len(targets) > 1 or any(name != targets[0][1] for name in tables_read(cursor.rest()))
    asked = (*columns_asked_for(whole, tables, alias), *([UNKNOWN] if reads_others else []))
    tests = tests_of_where(cursor.rest(), alias)
    for schema, table in targets:
        yield Delete(table=table, schema=schema, where=where, by_value=by_value, spares_used=spares, conditions=asked, tests=tests)


def read_merge(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows MERGE: one operation for each branch."""
    cursor.accept("INTO")
    tables = references(cursor.until("USING", "ON", "WHEN")) or {"": (None, UNKNOWN)}
    target, (schema, table) = next(iter(tables.items()))
    reads = tuple(name for name in tables_read(cursor.rest()) if name != table)
    if cursor.accept("USING"):
        tables = {**references(cursor.until("ON", "WHEN")), target: (schema, table)}
    aliases = {alias: name for alias, (_, name) in tables.items()}
    cursor.until("WHEN")
    while not cursor.done:
        cursor.take()
        branch = cursor.until("WHEN").to("THEN")
        branch.take()
        if branch.accept("UPDATE"):
            changes = _assignments(branch)
            sources = _sources(changes)
            yield Update(
                table=table,
                schema=schema,
                columns=_columns(changes),
                source_columns=sources,
                source_tables=reads,
                where=True,
                flows=tuple(_flows(changes, aliases)),
            )
        elif branch.accept("DELETE"):
            yield Delete(table=table, schema=schema, where=True)
        elif branch.accept("INSERT"):
            yield Insert(table=table, schema=schema, columns=branch.names() or UNKNOWN, query=True, source_tables=reads)


def read_truncate(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows TRUNCATE."""
    cursor.accept("TABLE")
    paths: list[tuple[MaybeName, Name]] = []
    for item in cursor.items():
        item.accept("ONLY")
        paths.append(item.path())
    # CASCADE comes once, behind the last table
    cascade, together = cursor.statement.tokens[-1].key == "CASCADE", tuple(table for _, table in paths)
    for schema, table in paths:
        yield Truncate(table=table, schema=schema, cascade=cascade, together=together)


def _modifiers(cursor: TokenCursor) -> None:
    """Step over what may come between the verb and the table."""
    while cursor.accept("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", "OVERWRITE", "INTO", "ONLY"):
        pass
    # SQLite: INSERT OR IGNORE INTO
    if cursor.accept("OR"):
        cursor.take()
        cursor.accept("INTO")
    # SQL Server: DELETE TOP (1000) FROM
    if cursor.accept("TOP"):
        cursor.skip()


def _assignments(cursor: TokenCursor) -> list[_ColumnAssignment]:
    """Step over SET a = 1, (b, c) = (2, 3)."""
    cursor.accept("SET")
    found = []
    for item in cursor.until(*_CLAUSES).items():
        if item.key == "(":
            columns = item.names()
            item.accept("=")
            found += [_ColumnAssignment("", column, item) for column in columns]
            continue
        alias, column = item.path()
        item.until("=", ":=")
        item.take()
        found.append(_ColumnAssignment(alias if isinstance(alias, str) else "", column, item))
    return found


def _columns(changes: list[_ColumnAssignment]) -> tuple[Name, ...] | Unknown:
    return tuple(change.column for change in changes) or UNKNOWN


def _sources(changes: list[_ColumnAssignment]) -> tuple[Name, ...] | Unknown:
    """Return the columns that the values are computed from; UNKNOWN if an expression could not be read."""
    found: dict[Name, None] = {}
    for change in changes:
        if change.read is UNKNOWN:
            return UNKNOWN
        found.update((name, None) for _, name in change.read)
    return tuple(found)


def _flows(changes: list[_ColumnAssignment], tables: dict[str, Name], *, whole: bool = False) -> Iterator[ValueFlow]:
    """Return for each column what its new value is computed from; `tables` are the statement's by alias in lower case.

    A parameter is a constant where all rows get it: `whole`.
    """
    for change in changes:
        read = change.read
        tokens = change.value.tokens[change.value.position : change.value.stop]
        if read is UNKNOWN or (not whole and any(token.kind == "bind" for token in tokens)):
            yield ValueFlow(column=change.column, source=UNKNOWN)
        if change.lookup is not None:
            yield change.lookup
        for alias, name in () if read is UNKNOWN else read:
            table = tables.get(alias.lower(), alias) if alias is not None else None
            if change.lookup is not None and (change.lookup.source, change.lookup.table) == (name, table):
                continue
            plain = len(tokens) == 1 or (len(tokens) == _QUALIFIED and tokens[1].key == ".") or tokens[0].key in _KEEPING
            bound = bound_of(change.value.rest(), name)
            yield ValueFlow(column=change.column, source=name, table=table, plain=plain, copied=plain, bound=bound)


def _read(value: TokenCursor) -> tuple[tuple[str | None, Name], ...] | Unknown:
    """Return the columns that an expression reads, each with the table or alias before it.

    Names, literals and plain function calls are read here; more needs a parser of expressions, which is imported only then.
    """
    tokens = value.tokens[value.position : value.stop]
    if any(HOLE in token.text and token.kind != "string" for token in tokens):
        return UNKNOWN
    if any(token.key in _HARD for token in tokens):
        from mrt_lint.parse.sql.expression import columns_read  # noqa: PLC0415 - imports sqlglot

        return columns_read(value)
    found: dict[tuple[str | None, Name], None] = {}
    for place, token in enumerate(tokens):
        behind = tokens[place + 1].key if place + 1 < len(tokens) else ""
        if token.kind in {"word", "name"} and token.key not in CONSTANTS and behind not in {"(", "."}:
            qualified = place > 1 and tokens[place - 1].key == "."
            found[tokens[place - 2].text if qualified else None, value.fold(token)] = None
    return tuple(found)
