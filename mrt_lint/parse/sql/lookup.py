"""Values that a subquery finds: `(SELECT column FROM table WHERE …)`."""

from __future__ import annotations

from typing import Final

from mrt_lint.model.values import Name, ValueFlow
from mrt_lint.parse.sql.condition import tests_of_where
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.reference import references

_CHOOSING: Final = ("GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "UNION", "EXCEPT", "INTERSECT")
"""Clauses by which a query may find one row of several."""


def lookup_of(column: Name, value: TokenCursor) -> ValueFlow | None:
    """Return what a column gets of the rows that its new value finds; None for a value that is no subquery for one column."""
    query = value.rest()
    if query.key != "(" or query.closing() != query.stop - 1:
        return None
    query = query.inside()
    if not query.accept("SELECT"):
        return None
    selected = query.until("FROM")
    of_table, source = selected.path()
    query.take()
    tables = references(query.until("WHERE", *_CHOOSING))
    if not selected.done or not isinstance(source, str) or len(tables) != 1:
        return None
    (alias, (_, table)), *_ = tables.items()
    if of_table is not None and str(of_table).lower() != alias:
        return None
    pairs = [test.other and (test.column, test.other[1]) for test in tests_of_where(query, alias)]
    is_open = query.at("WHERE") and None not in pairs and not any(query.has(key) for key in _CHOOSING)
    found_by = tuple(pair for pair in pairs if pair is not None) if is_open else ()
    return ValueFlow(column=column, source=source, table=table, copied=True, found_by=found_by)
