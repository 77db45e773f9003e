"""Rows that point at a row without the value that a statement copies from there: `UPDATE child SET c = parent.c FROM parent …`.

A row at the edge of its types that alone points there would be taken for the reason, where the copy is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mrt_runtime.compare.schema import Table, qualified
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import parse_statements
from mrt_runtime.seed.joined_columns import Tables
from mrt_runtime.seed.row_adjuster import holds_all
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.value import Row

if TYPE_CHECKING:
    from sqlglot import exp

COPIES = re.compile(r"\bUPDATE\b.*\b(?:FROM|JOIN)\b|\bUPDATE\b[^;]*,", re.IGNORECASE | re.DOTALL)
RowWork: TypeAlias = Callable[[TableFiller, Table, CodeReading], list[Row]]
MOST_PARENTS = 3  # that are tried


@dataclass(frozen=True, slots=True)
class CopiedColumn:
    """A column of a table that gets values of a column of another one; `is_plain` where nothing is computed of them."""

    column: str
    other: str
    source: str
    is_plain: bool


def find_copied(reading: CodeReading, table: str, grammar: str) -> Iterator[CopiedColumn]:
    """Yield the columns of a table that UPDATEs fill from other tables."""
    for tree in parse_statements(reading.statements, COPIES, table, grammar):
        if type(tree).__name__ == "Update":
            yield from (one for one in _read(tree, table) if one.other.lower() != table.lower())


def _read(tree: exp.Expr, table: str) -> Iterator[CopiedColumn]:
    tables = Tables(tree)
    for change in tree.expressions:
        target, value = change.this, change.expression
        found = tables.of(target) if target.args.get("table") is not None else None
        if (found[1] if found is not None else tree.this.name).lower() != table.lower():
            continue
        while type(value).__name__ in {"Paren", "Subquery"}:
            value = value.this
        written = value.expressions if type(value).__name__ == "Select" else [value]
        for one in written[:1]:
            for column in (node for node in one.walk() if type(node).__name__ == "Column"):
                source = tables.of(column)
                if source is not None:
                    yield CopiedColumn(target.name, source[1], source[2], column is one)


def write_children_of_nulls(filler: TableFiller, table: Table, reading: CodeReading, *, seeded: Seeded) -> list[Row]:
    """Insert an everyday row that points at one without the value, where none does, and return what was inserted."""
    if table.name not in reading.words:
        return []
    written: list[Row] = []
    for one in dict.fromkeys(find_copied(reading, table.name, filler.writer.dialect.grammar)):
        for lacking in list(_find_lacking(filler, table, one, seeded))[:MOST_PARENTS]:
            found = filler.write(table, lacking).rows
            written += found
            if found:
                break
    return written


def _find_lacking(filler: TableFiller, table: Table, one: CopiedColumn, seeded: Seeded) -> Iterator[Row]:
    """Yield how a row points at each that lacks the value; nothing where an everyday row does."""
    for key in table.foreign_keys:
        parent = filler.parents.tables.get(qualified(key.referred_table, key.referred_schema))
        column = parent.column(one.source) if parent is not None and parent.name == one.other else None
        if parent is None or column is None or not column.nullable:
            continue
        names = key.referred_columns or (parent.primary_key.columns if parent.primary_key else ())
        rows = filler.writer.read(parent, (*names, one.source))
        lacking = [dict(zip(key.columns, (row[name] for name in names), strict=False)) for row in rows if row[one.source] is None]
        lacking = [row for row in lacking if None not in row.values()]
        edges = [edge.key for edge in seeded.edges.get(table.label, ())]
        there = [row for row in filler.writer.read(table, insertable(table)) if not any(holds_all(row, edge) for edge in edges)]
        if not any(holds_all(row, parents) for row in there for parents in lacking):
            yield from lacking
