"""Joins of an UPDATE that ask something of the other table: `SET a = s.a FROM s WHERE s.id = t.s_id AND s.parent_id IS NULL`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrt_runtime.seed.condition import parse_statements

if TYPE_CHECKING:
    from sqlglot import exp

UPDATES = re.compile(r"\bUPDATE\b.*\b(?:FROM|JOIN)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class PartialJoin:
    """What an UPDATE asks of rows that it joins: `asked`, and the condition of rows whose match does not meet that.

    `met` is the condition of those whose match does.
    """

    asked: str
    unmet: str
    met: str


def find_partial_joins(statements: Iterable[str], table: str, grammar: str) -> Iterator[PartialJoin]:
    """Yield each join of an UPDATE of the table that asks something of rows of others alone."""
    for kept in parse_statements(statements, UPDATES, table, grammar):
        tree = kept.copy()  # the tree of a statement is that of all who read it
        target = tree.this
        if type(tree).__name__ != "Update" or target.name.lower() != table.lower():
            continue
        for column in list(tree.find_all(type(target.this))):  # an alias that the table has in the statement
            if column.name == target.alias and column.arg_key == "table":
                column.replace(target.this.copy())
        for sources, condition in _joins(tree):
            found = _write(tree, sources, condition, grammar)
            if found is not None and all(source.name.lower() != table.lower() for source in sources):
                yield found


def _joins(tree: exp.Expr) -> Iterator[tuple[list[exp.Expr], list[exp.Expr]]]:
    """Yield the tables that an UPDATE takes values from, with the parts of the condition: FROM, JOIN, a subquery as a value."""
    where = tree.args.get("where")
    own = _conjuncts(where.this) if where is not None else []
    joined = tree.this.args.get("joins") or []
    source = tree.args.get("from_") or tree.args.get("from")
    if source is not None:
        yield [source.this], own
    elif joined:
        yield (
            [one.this for one in joined],
            [*own, *(part for one in joined if one.args.get("on") for part in _conjuncts(one.args["on"]))],
        )
    for value in (one.expression for one in tree.expressions if type(one.expression).__name__ == "Subquery"):
        select = value.this
        source, inner = select.args.get("from_") or select.args.get("from"), select.args.get("where")
        if source is not None and inner is not None and not select.args.get("joins"):
            yield [source.this], _conjuncts(inner.this)


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    return list(condition.flatten()) if type(condition).__name__ == "And" else [condition]


def _write(tree: exp.Expr, sources: list[exp.Expr], parts: list[exp.Expr], grammar: str) -> PartialJoin | None:
    """Return a join in SQL; None where it asks nothing of the other tables alone."""
    names = {source.alias_or_name for source in sources}
    asked = [part for part in parts if _is_of(part, names)]
    head, heads = tree.args.get("with_") or tree.args.get("with"), ["", ""]
    if head is not None:
        whole = head.copy()
        for cte in whole.expressions:
            inner = cte.this.args.get("where")
            if inner is not None and cte.alias in names:
                asked.append(inner.this)
                cte.this.set("where", None)
        heads = [one.sql(dialect=grammar) for one in (whole, head)]
    if not asked or len(parts) == len([part for part in parts if part in asked]):
        return None
    tables = ", ".join(source.sql(dialect=grammar) for source in sources)
    exists = [
        f"EXISTS ({start} SELECT 1 FROM {tables} WHERE {' AND '.join(f'({part.sql(dialect=grammar)})' for part in chosen)})"
        for start, chosen in zip(heads, ([part for part in parts if part not in asked], parts), strict=True)
    ]
    words = " AND ".join(part.sql(dialect=grammar) for part in asked)
    return PartialJoin(words, f"{exists[0]} AND NOT {exists[1]}", exists[1])


def _is_of(part: exp.Expr, names: set[str]) -> bool:
    """Whether an expression is on columns of these tables only."""
    columns = [node for node in part.walk() if type(node).__name__ == "Column"]
    return bool(columns) and all(column.args.get("table") is not None and column.args["table"].name in names for column in columns)
