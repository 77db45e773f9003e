"""Rows that share values with others, for statements that merge or delete duplicates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import parse_statements
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row, comparable

if TYPE_CHECKING:
    from sqlglot import exp


MOST_GROUPS = 4  # of one table and one migration
GROUPS = re.compile(r"\bGROUP\s+BY\b|\bPARTITION\s+BY\b|\bDISTINCT\s+ON\b|\bJOIN\b|\bUSING\b|,", re.IGNORECASE)


def find_groups(reading: CodeReading, table: Table, grammar: str) -> Iterator[tuple[str, ...]]:
    """Yield the columns by which statements group the rows of the table, or compare them with one another; each set once."""
    known = {column.name.lower(): column.name for column in table.columns}
    found: dict[frozenset[str], None] = {}
    for tree in parse_statements(reading.statements, GROUPS, table.name, grammar):
        for columns in read_groups(tree):
            if columns and columns <= known.keys() and not columns & {name.lower() for name in key_columns(table)}:
                found[columns] = None
    own = {name.lower() for name in key_columns(table)}
    for names in reading.keyed if table.name in reading.words else ():
        columns = frozenset(name.lower() for name in names)
        if columns <= known.keys() and not columns & own:
            found[columns] = None
    yield from (tuple(sorted(known[name] for name in columns)) for columns in found)


def read_groups(tree: exp.Expr) -> Iterator[frozenset[str]]:
    """Yield the lower-case columns of each GROUP BY, PARTITION BY and DISTINCT ON, and those that a self-join compares."""
    joined: set[str] = set()
    for node in tree.walk():
        kind = type(node).__name__
        if kind == "Group":
            yield names_of(node.expressions)
        elif kind == "Window":
            yield names_of(node.args.get("partition_by") or ())
        elif kind == "Distinct" and node.args.get("on") is not None:
            yield names_of(node.args["on"].expressions or (node.args["on"],))
        elif kind in {"EQ", "NullSafeEQ"} and {type(node.this).__name__, type(node.expression).__name__} == {"Column"}:
            one, other = node.this, node.expression
            if one.name.lower() == other.name.lower() and one.table != other.table:
                joined.add(one.name.lower())
    yield frozenset(joined)


def names_of(expressions: Sequence[exp.Expr]) -> frozenset[str]:
    """Return the lower-case names of the columns in some expressions."""
    return frozenset(node.name.lower() for one in expressions for node in one.walk() if type(node).__name__ == "Column")


def write_repeated_rows(filler: TableFiller, table: Table, reading: CodeReading) -> list[Row]:
    """Insert a row that shares its values with another one in the columns of each group, and return what was inserted."""
    groups = list(find_groups(reading, table, filler.writer.dialect.grammar))[:MOST_GROUPS] if table.name in reading.words else []
    written: list[Row] = []
    for columns in groups:
        values = repeat(columns, filler.writer.read(table, insertable(table)))
        written += filler.write(table, values).rows if values else []
    return written


def repeat(columns: Sequence[str], rows: Sequence[Row]) -> Row:
    """Return the values that a new row has to share with one that is there; none where two rows share theirs already."""
    whole = [row for row in rows if all(row.get(name) is not None for name in columns)]
    keys = {tuple(comparable(row[name]) for name in columns) for row in whole}
    return {name: whole[0][name] for name in columns} if whole and len(keys) == len(whole) else {}
