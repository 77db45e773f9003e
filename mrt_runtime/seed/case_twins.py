"""Texts that differ in case only, which a case-insensitive collation puts together: DISTINCT, GROUP BY, lookups by a join."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import parse_statements
from mrt_runtime.seed.joined_columns import find_joined
from mrt_runtime.seed.repeated_values import names_of
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row
from mrt_runtime.seed.value_kind import Texts

IGNORES_CASE = "mysql"
"""The databases of this grammar compare texts in whatever case, unless a collation says otherwise."""
PUTS_TOGETHER = re.compile(r"\bDISTINCT\b|\bGROUP\s+BY\b", re.IGNORECASE)
MINDS_CASE = ("_bin", "_cs")
"""How the names of collations end that do not."""
MOST_ROWS = 3  # for one table and one migration


def find_put_together(reading: CodeReading, table: Table, grammar: str) -> Iterator[str]:
    """Yield the columns of a table of which statements take each value once, or look it up in another table.

    One that deletes duplicates by them is meant to take such rows.
    """
    for tree in parse_statements(reading.statements, PUTS_TOGETHER, table.name, grammar):
        for node in tree.walk() if type(tree).__name__ != "Delete" else ():
            kind = type(node).__name__
            if kind == "Group" or (kind == "Select" and node.args.get("distinct") is not None):
                yield from names_of(node.expressions)
    for sql in dict.fromkeys(reading.statements):
        yield from (column.lower() for pair in find_joined(sql, grammar) for name, column in pair if name == table.name)


def write_case_twins(filler: TableFiller, table: Table, reading: CodeReading) -> list[Row]:
    """Insert a row that differs from another one in the case of such a text, and return what was inserted."""
    if filler.writer.dialect.grammar != IGNORES_CASE or table.name not in reading.words:
        return []
    plan = filler.planner.plan_table(table, start=0, count=10)
    wanted = set(find_put_together(reading, table, IGNORES_CASE)) - {name.lower() for name in key_columns(table)}
    referring = {name for key in table.foreign_keys for name in key.columns}
    written: list[Row] = []
    for column in table.columns:
        is_text = isinstance(plan.kinds.get(column.name), Texts) and not (column.collation or "").endswith(MINDS_CASE)
        if column.name.lower() not in wanted or not is_text or column.name in referring or len(written) >= MOST_ROWS:
            continue
        texts = [row[column.name] for row in filler.writer.read(table, (column.name,))]
        known = [text for text in texts if isinstance(text, str)]
        if len({text.lower() for text in known}) == len(set(known)):
            other = next((text.swapcase() for text in known if text.isascii() and text.swapcase() != text), None)
            written += filler.write(table, {column.name: other}).rows if other is not None else []
    return written
