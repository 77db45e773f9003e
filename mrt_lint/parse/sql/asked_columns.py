"""The columns by which a statement chooses the rows that it changes."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.model.values import MaybeName, Name
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.reference import references
from mrt_lint.parse.sql.tokens import keywords

CONSTANTS = keywords(
    "NULL TRUE FALSE DEFAULT CURRENT_TIMESTAMP CURRENT_DATE CURRENT_TIME LOCALTIMESTAMP LOCALTIME CURRENT_USER AND OR NOT "
    "IS IN LIKE"
)
"""Words that are no columns."""


def columns_asked_for(whole: TokenCursor, tables: dict[str, tuple[MaybeName, Name]], target: str) -> Iterator[Name]:
    """Return the columns of the table that is written which come behind WHERE and ON, outside of what is set.

    Where rows are taken by the key under which the same table is asked for them, those of that question alone.
    """
    is_condition = False
    keys = _own_keys(whole, tables[target])
    for place in range(whole.position, whole.stop):
        token, before = whole.tokens[place], whole.tokens[place - 1].key if place else ""
        behind = whole.tokens[place + 1].key if place + 1 < whole.stop else ""
        if token.key in {"WHERE", "ON", "SET", "FROM", "JOIN"}:
            is_condition = token.key in {"WHERE", "ON"}
        elif is_condition and place not in keys and token.kind in {"word", "name"} and behind not in {"(", "."}:
            alias = whole.tokens[place - 2].text.lower() if before == "." else target
            is_own = alias == target or (alias in tables and tables[alias] == tables.get(target))
            if is_own and token.key not in CONSTANTS:
                yield whole.fold(token)


def _own_keys(whole: TokenCursor, table: tuple[MaybeName, Name]) -> range:
    """Return the places of `(a, b)` in `WHERE (a, b) IN (SELECT a, b FROM same_table WHERE …)`, of nothing for another WHERE."""
    where = whole.rest().to("WHERE")
    where.take()
    start, columns = where.position, where.until("IN", "AND", "OR", "NOT")
    if where.take().key != "IN" or where.key != "(":
        return range(0)
    query = where.inside()
    if not query.accept("SELECT"):
        return range(0)
    selected = query.until("FROM")
    query.take()
    asked = list(references(query.until("WHERE", "GROUP", "ORDER", "LIMIT")).values())
    alone = where.done or where.key in {"RETURNING", ";"}
    same = alone and query.key == "WHERE" and asked == [table] and _names(columns) == _names(selected)
    return range(start, query.position) if same else range(0)


def _names(columns: TokenCursor) -> list[Name]:
    """Return the names in a list, with or without parentheses."""
    inner = columns.inside() if columns.key == "(" else columns
    return [item.path()[1] for item in inner.items()]
