"""Rows that point at nothing, for migrations that clean a column before they make it a foreign key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import ForeignKey, Table, qualified
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import parse_statements
from mrt_runtime.seed.constraint_ahead import is_ahead
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row, Value

CHANGES = re.compile(r"\b(?:UPDATE|DELETE)\b", re.IGNORECASE)


def write_orphans(filler: TableFiller, table: Table, reading: CodeReading) -> list[Row]:
    """Insert a row for each foreign key ahead whose migration changes rows of the table, and return the keys of those inserted.

    filler: of the catalogue as it is. table: with the keys that come later.
    """
    written: list[Row] = []
    for key in table.foreign_keys:
        if not is_ahead(key) or not any(parse_statements(reading.statements, CHANGES, table.name, filler.writer.dialect.grammar)):
            continue
        plain = filler.parents.tables[table.label]
        for row in _dangling(filler, plain, key):
            written += [{name: found[name] for name in key_columns(plain)} for found in filler.write(plain, row).rows]
    return [key for key in written if key]


def _dangling(filler: TableFiller, table: Table, key: ForeignKey) -> Iterator[Row]:
    """Yield values that point at no row, unless there is such a row already."""
    parent = filler.parents.tables[qualified(key.referred_table, key.referred_schema)]
    try:
        with filler.writer.dialect.attempt(filler.writer.connection):
            if filler.writer.has_dangling_rows(table, parent, list(zip(key.columns, key.referred_columns, strict=True))):
                return
    except DBAPIError:
        return  # the types do not compare yet
    plan = filler.planner.plan_table(table, start=0, count=10)
    row: dict[str, Value] = {name: plan.pools[name].typical[-1] for name in key.columns if plan.pools.get(name)}
    if len(row) == len(key.columns):
        yield row
