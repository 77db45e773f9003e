"""Columns by which SQL joins two tables that no foreign key binds: rows hang together by them, as far as the application goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from mrt_runtime.seed.condition import parse_sql

if TYPE_CHECKING:
    from sqlglot import exp

Place: TypeAlias = tuple[str, str]
"""A table and a column of it."""
JOINS = re.compile(r"\bJOIN\b|\bUSING\b|\bFROM\b.*(?:\bSELECT\b|\.)|\bSELECT\b.*\bSELECT\b", re.IGNORECASE | re.DOTALL)
SCOPES = frozenset({"Select", "Update", "Delete"})
WRAPPERS = frozenset({"Lower", "Upper", "Trim", "Cast", "Paren", "TryCast"})


def find_joined(sql: str, grammar: str) -> Iterator[tuple[Place, Place]]:
    """Yield each column of a table with the column of another that a statement looks it up in.

    That is the one of the inner query, or of the table that is named later.
    """
    tree = parse_sql(sql, grammar) if JOINS.search(sql) else None
    if tree is None:
        return
    tables = Tables(tree)
    for node in tree.walk():
        kind = type(node).__name__
        sides: tuple[exp.Expr | None, ...] = ()
        if kind in {"EQ", "NullSafeEQ"} and type(node.parent).__name__ != "Update":
            sides = (column_in(node.this), column_in(node.expression))
        elif kind == "In" and node.args.get("query") is not None:
            chosen = node.args["query"].find(*kinds("Select"))
            sides = (column_in(node.this), column_in(chosen.expressions[0]) if chosen is not None else None)
        found = [tables.of(column) for column in sides if column is not None]
        ranked = sorted((rank, table, name) for rank, table, name in filter(None, found))
        if len(ranked) == len(("one", "other")) and ranked[0][1] != ranked[1][1]:
            yield ranked[0][1:], ranked[1][1:]


class Tables:
    """The tables of one statement, each by the name that its columns are written with."""

    def __init__(self, tree: exp.Expr) -> None:
        self._ranks: dict[str, tuple[int, int]] = {}
        self._names: dict[str, str] = {}
        self._scopes: dict[int, list[str]] = {}
        for place, table in enumerate(tree.find_all(*kinds("Table"))):
            scope = scope_of(table)
            alias = table.alias_or_name
            self._names[alias] = table.name
            self._ranks[alias] = (scope.depth if scope is not None else 0, place)
            self._scopes.setdefault(id(scope), []).append(alias)

    def of(self, column: exp.Expr) -> tuple[tuple[int, int], str, str] | None:
        """Return how far inside the table of a column is, with the table and the column; None where it is not known."""
        near = self._scopes.get(id(scope_of(column)), [])
        alias = column.args["table"].name if column.args.get("table") is not None else near[0] if len(near) == 1 else ""
        return (self._ranks[alias], self._names[alias], column.name) if alias in self._names else None


def scope_of(node: exp.Expr) -> exp.Expr | None:
    """Return the query that a node is in."""
    found = node.parent
    while found is not None and type(found).__name__ not in SCOPES:
        found = found.parent
    return found


def column_in(node: exp.Expr) -> exp.Expr | None:
    """Return the column of an expression that is one, whatever its case, its blanks or its type; None for any other."""
    while type(node).__name__ in WRAPPERS:
        node = node.this
    return node if type(node).__name__ == "Column" else None


def kinds(*names: str) -> tuple[type[exp.Expr], ...]:
    """Return sqlglot's classes of these names."""
    from sqlglot import exp  # noqa: PLC0415 slow to import

    return tuple(getattr(exp, name) for name in names)
