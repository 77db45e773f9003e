"""Rows that an upgrade leaves alone and its downgrade does not: they hold before the one what the other looks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.code_reader import quote
from mrt_runtime.seed.held_values import HeldValues, name_set
from mrt_runtime.seed.partition import with_inherited
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.statement_conditions import find_changed, join
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.table_plan import TablePlan
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row
from mrt_runtime.seed.value_kind import Raw
from mrt_runtime.seed.wanted_rows import find_compared, find_meeting
from mrt_runtime.seed.way_back import WayBack

MOST_ROWS = 6  # for one table and one migration


def note_held_rows(filler: TableFiller, tables: Iterable[Table], way: WayBack, seeded: Seeded) -> bool:
    """Write such rows into the tables, and return whether any were missing; those are noted that no migration shows to be there."""
    has_written = False
    for table in tables:
        with suppress(DBAPIError):
            for row, is_shown in write_held_rows(filler, with_inherited(table, filler.parents.tables), way):
                key, has_written = seeded.note_key(table, row), True
                if not is_shown:
                    seeded.held[table.label] = (*seeded.held.get(table.label, ()), key)
    return has_written


def write_held_rows(filler: TableFiller, table: Table, way: WayBack) -> Iterator[tuple[Row, bool]]:
    """Insert a row for each change of the downgrade that meets none of the table, unless only one row may hold such values.

    Yield what was inserted, and whether migrations show that such rows are there before the upgrade.
    """
    if table.name not in way.downgrade.words:
        return
    plan = filler.planner.plan_table(table, start=0, count=10)
    values = HeldValues(table, way.upgrade, filler.writer.dialect.grammar, way.earlier)
    keys = set(key_columns(table))
    for row, deletes in islice(_meet(filler, table, plan, way, values), MOST_ROWS):
        is_single = keys & row.keys() or any(set(unique.columns) <= row.keys() for unique in plan.uniques)
        is_shown = all(values.is_shown(name, value, deletes=deletes) for name, value in row.items())
        # without a key no row can be taken out again
        if is_single or (deletes and way.inserts_into(table.name)) or not (keys or is_shown):
            continue
        yield from ((written, is_shown) for written in filler.write(table, row).rows)


def _meet(filler: TableFiller, table: Table, plan: TablePlan, way: WayBack, values: HeldValues) -> Iterator[tuple[Row, bool]]:
    """Yield what a row has to hold for each change of the downgrade, and whether that deletes it.

    Where it writes to a column that the upgrade gave a constant, a row holds that as well: the upgrade changes nothing about it.
    """
    writer = filler.writer

    def equal(name: str, constant: Raw) -> str:
        return f"{writer.quote(name)} = {quote(constant if isinstance(constant, int) else str(constant))}"

    asked = dict(find_changed(way.downgrade, table, writer.dialect.grammar))
    compared = list(find_compared(table, plan, way.downgrade))
    # whether the linter reads the same is asked last: that takes longer than all the rest
    changes = way.list_changes(table.name) if asked or compared else set()
    if not changes:
        return
    asked |= {equal(name, constant): changes == {"delete"} for name, constant in compared}
    set_back = name_set(way.downgrade, table, writer.dialect.grammar)
    given = [
        (name, equal(name, constant))
        for name, constants in values.written.items()
        if name.lower() in set_back and name in plan.kinds
        for constant in constants
    ]
    for expression, deletes in asked.items():
        beside = [one for name, one in given if not deletes and not re.search(rf"\b{re.escape(name)}\b", expression)]
        for whole in (expression, *(join([expression, one]) for one in beside)):
            if not writer.has_row(table, whole):
                yield from ((row, deletes) for row in islice(find_meeting(filler, table, plan, whole), 1))
