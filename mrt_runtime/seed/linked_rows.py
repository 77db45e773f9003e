"""Rows that are reached over the row that they point at: `DELETE … WHERE parent_id IN (SELECT id FROM parent WHERE …)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_runtime.compare.schema import ForeignKey, Table, qualified
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import parse_statements
from mrt_runtime.seed.constraint_ahead import is_ahead
from mrt_runtime.seed.statement_conditions import find_asked
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.value import Row
from mrt_runtime.seed.wanted_rows import find_meeting

LINKS = re.compile(r"\bJOIN\b|\bUSING\b|\bFROM\b|\bSELECT\b", re.IGNORECASE)
MOST_ROWS = 6  # for one table and one migration


def write_linked_rows(filler: TableFiller, table: Table, reading: CodeReading) -> list[Row]:
    """Insert a row for each condition on the row that it points at, where the database finds none, and return what was inserted."""
    if table.name not in reading.words:
        return []
    written: list[Row] = []
    for key in table.foreign_keys:
        for fixed in _unlinked(filler, table, key, reading) if not is_ahead(key) else ():
            written += filler.write(table, fixed).rows if len(written) < MOST_ROWS else []
    return written


def _unlinked(filler: TableFiller, table: Table, key: ForeignKey, reading: CodeReading) -> Iterator[Row]:
    """Yield the values of a row that a statement reaches over the key, for each that reaches none now."""
    parent = filler.parents.tables.get(qualified(key.referred_table, key.referred_schema))
    grammar = filler.writer.dialect.grammar
    if parent is None or parent.label == table.label or parent.name not in reading.words:
        return
    referred = key.referred_columns or (parent.primary_key.columns if parent.primary_key else ())
    for tree in parse_statements(reading.statements, LINKS, table.name, grammar):
        if asked := find_asked(tree, parent, grammar):
            own = find_asked(tree, table, grammar)
            found = filler.writer.find_unlinked(table, parent, list(zip(key.columns, referred, strict=False)), (own, asked))
            if found is not None:
                plan = filler.planner.plan_table(table, start=0, count=10)
                values = next((row for row in find_meeting(filler, table, plan, own)), {}) if own else {}
                yield values | dict(zip(key.columns, found, strict=False))
