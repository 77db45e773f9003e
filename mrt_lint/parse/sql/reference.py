"""The tables that a piece of SQL names: what follows FROM, JOIN and USING."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.model.values import MaybeName, Name
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.tokens import keywords

_JOINS = frozenset({"JOIN", "STRAIGHT_JOIN", ","})
_NO_ALIAS = keywords(
    "SET WHERE ON USING JOIN INNER LEFT RIGHT FULL CROSS NATURAL OUTER STRAIGHT_JOIN GROUP ORDER LIMIT HAVING UNION EXCEPT "
    "INTERSECT RETURNING VALUES SELECT WHEN FOR OFFSET FETCH WINDOW WITH LATERAL OUTPUT PARTITION TABLESAMPLE DO DEFAULT"
)
# whose arguments have a FROM of their own
_FUNCTIONS = frozenset({"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"})


def references(cursor: TokenCursor) -> dict[str, tuple[MaybeName, Name]]:
    """Step through a list of tables with joins; return (schema, table) by alias in lower case, in order.

    A subquery in the list has no place in it.
    """
    found: dict[str, tuple[MaybeName, Name]] = {}
    fresh = True
    while not cursor.done:
        if fresh and cursor.accept("ONLY", "LATERAL"):
            continue
        if fresh and cursor.token.kind in {"word", "name", "string", "bind"}:
            schema, table = cursor.path()
            alias = _alias(cursor)
            found.setdefault((alias or (table if isinstance(table, str) else "")).lower(), (schema, table))
            fresh = False
        else:
            fresh = cursor.key in _JOINS
            cursor.skip()
    return found


def as_used(listed: dict[str, tuple[MaybeName, Name]], behind: TokenCursor) -> dict[str, tuple[MaybeName, Name]]:
    """Return the tables that DELETE lists as what the USING behind calls them: MySQL's `DELETE FROM a USING users AS a`."""
    if not behind.accept("USING"):
        return listed
    used = references(behind.until("WHERE", "RETURNING", "ORDER", "LIMIT"))
    bare = {alias for alias, (schema, table) in listed.items() if schema is None and str(table).lower() == alias}
    return {alias: used.get(alias, where) if alias in bare else where for alias, where in listed.items()}


def tables_read(cursor: TokenCursor) -> tuple[Name, ...]:
    """Return the tables behind every FROM, JOIN and USING of what is left, in subqueries too, without common table expressions."""
    found: dict[Name, None] = {}
    whole = TokenCursor(cursor.statement, cursor.dialect)
    # common table expressions come before the verb
    start = 0 if whole.at("WITH") else cursor.position
    local = set(_common(whole))
    opened: list[str] = []
    for place in range(start, cursor.stop):
        key, before = cursor.tokens[place].key, cursor.tokens[place - 1].key if place else ""
        if key == "(":
            opened.append(before)
        elif key == ")" and opened:
            opened.pop()
        # `IS DISTINCT FROM b` and `EXTRACT(year FROM b)` name no table
        elif key in {"FROM", "JOIN", "USING"} and before != "DISTINCT" and not (opened and opened[-1] in _FUNCTIONS):
            listed = TokenCursor(cursor.statement, cursor.dialect, place + 1, cursor.stop)
            found.update((table, None) for table in _listed(listed) if table not in local)
    return tuple(found)


def _listed(cursor: TokenCursor) -> Iterator[Name]:
    """Return the tables of one comma-separated list, up to the first item that is none."""
    while True:
        cursor.accept("ONLY")
        if cursor.token.kind not in {"word", "name"} or cursor.key in _NO_ALIAS:
            return
        _, table = cursor.path()
        if cursor.key == "(":  # a function that returns rows
            return
        yield table
        _alias(cursor)
        if not cursor.accept(","):
            return


def _alias(cursor: TokenCursor) -> str:
    if cursor.accept("AS") or (cursor.token.kind in {"word", "name"} and cursor.key not in _NO_ALIAS):
        return cursor.take().text
    return ""


def _common(cursor: TokenCursor) -> Iterator[Name]:
    """Return the names of common table expressions: everything before AS (SELECT …."""
    if not any(token.key == "WITH" for token in cursor.tokens):
        return
    while not cursor.done:
        token = cursor.take()
        if token.kind in {"word", "name"} and (
            cursor.at("AS (") or cursor.at("AS MATERIALIZED (") or cursor.at("AS NOT MATERIALIZED")
        ):
            yield cursor.fold(token)
        elif token.kind in {"word", "name"} and cursor.key == "(":
            behind = cursor.rest()
            behind.skip()
            if behind.at("AS ("):
                yield cursor.fold(token)
