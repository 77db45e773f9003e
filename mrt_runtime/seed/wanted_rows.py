"""Rows that meet the conditions of one migration's statements, so that a change of data has something to change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from mrt_runtime.compare.schema import CatalogueColumn, Table
from mrt_runtime.seed.code_reader import CodeReading, read_code
from mrt_runtime.seed.condition import parse_statements, read_condition, split_path
from mrt_runtime.seed.convertible_texts import ConvertibleTexts
from mrt_runtime.seed.json_texts import ITEM, LEAVES, JsonTexts
from mrt_runtime.seed.numbered_rows import find_given_back, find_numbered, is_named, number_columns
from mrt_runtime.seed.own_rows import is_inserted
from mrt_runtime.seed.statement_conditions import find_changes, find_conditions
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.table_plan import TablePlan, sample
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row, Value
from mrt_runtime.seed.value_kind import Choices, Composed, Raw, ValueKind

EMPTINESS = re.compile(r"\bIS\s+(?:NOT\s+)?NULL\b|\b(?:COALESCE|IFNULL|NULLIF)\s*\(", re.IGNORECASE)
SIGNS = re.compile(r"\bABS\s*\(", re.IGNORECASE)
MOST_ROWS = 12  # for one table and one migration
MOST_OF_A_CONDITION = 4
MOST_TYPICAL = 3
MOST_VALUES, MOST_VALUES_ALONE = 12, 120  # of each column in a condition on several, and on one


def write_wanted_rows(filler: TableFiller, table: Table, reading: CodeReading) -> list[Row]:
    """Insert a row for each condition that no row of the table meets, and return what was inserted."""
    if table.name not in reading.words:
        return []
    plan = filler.planner.plan_table(table, start=0, count=10)
    there = filler.writer.read(table, insertable(table))
    written: list[Row] = []
    numbers = number_columns(table, plan.kinds)
    together = list(_of_code_together(table, plan, reading))
    apart = (
        *find_numbered(table, numbers, reading),
        *_of_statements(filler, table, plan, reading),
        *_of_code(table, plan, reading),
        *_of_documents(plan, reading),
        *_of_emptiness(table, plan, reading, filler.writer.dialect.grammar),
        *_of_signs(table, plan, reading, filler.writer.dialect.grammar),
    )
    # A row that meets all comparisons of the code does not replace one that meets a single comparison.
    for rows, present in ((together, list(there)), (apart, list(there))):
        for row in rows:
            if any(all(_reads_as(other.get(n), value) for n, value in row.items()) for other in present):
                continue
            named = {name: row[name] for name in numbers & row.keys()}
            if named and not _is_of_application(filler, table, named, reading):
                continue
            if is_inserted(row, table, reading, filler.writer.dialect):
                continue
            found = _write(filler, plan, row, named, reading) if len(written) < MOST_ROWS else []
            present.extend(found)
            written += found
    return written


def _is_of_application(filler: TableFiller, table: Table, named: Row, reading: CodeReading) -> bool:
    """Whether an application may have written the row of a number: no migration does, and a row can have it."""
    hints = filler.planner.migration_hints
    return all(
        isinstance(value, int) and value > 0 and not hints.may_number(reading.file, table.label, name, value)
        for name, value in named.items()
    )


def _write(filler: TableFiller, plan: TablePlan, row: Row, numbers: Row, reading: CodeReading) -> list[Row]:
    """Insert a row; one that the migration names by numbers holds what its downgrade writes there, if the table takes that."""
    writer, table = filler.writer, plan.table
    if not numbers:
        return filler.write(table, row).rows
    back = read_code(reading.file, left_out="upgrade")
    given = {
        name: value
        for name, raw in find_given_back(table, numbers, back, writer.dialect.grammar)
        if name in plan.kinds
        for value in list(plan.kinds[name].fit(raw))[:1]
    }
    found = (filler.write(table, {**given, **row}).rows if given else []) or filler.write(table, row).rows
    for name, value in numbers.items() if found else ():
        writer.attempt(writer.dialect.pass_number, writer.connection, table, name, int(str(value)))
    return found


def _of_statements(filler: TableFiller, table: Table, plan: TablePlan, reading: CodeReading) -> Iterator[Row]:
    """Yield values that meet each condition of a statement, and values that each UPDATE changes where it changes none now."""
    dialect, numbers = filler.writer.dialect, number_columns(table, plan.kinds)
    for expression in dict.fromkeys(find_conditions(reading, table, dialect.grammar)):
        found = list(find_meeting(filler, table, plan, expression))
        named = [row for row in found if is_named(row, numbers, expression, dialect.grammar)]
        # of a range of numbers any row will do
        yield from named or ([] if filler.writer.has_row(table, expression) else found[:1])
    for expression in dict.fromkeys(find_changes(reading, table, dialect)):
        if not filler.writer.has_row(table, expression):
            yield from islice(find_meeting(filler, table, plan, expression), 1)


def find_meeting(filler: TableFiller, table: Table, plan: TablePlan, expression: str) -> Iterator[Row]:
    """Yield values that meet a condition; the database itself says which do."""
    condition = read_condition(expression, insertable(table), filler.writer.dialect.grammar)
    choices: list[tuple[CatalogueColumn, tuple[Value, ...]]] = []
    for name in condition.columns:
        column, pool = table.column(name), plan.pools.get(name)
        if column is not None and pool is not None and name in plan.kinds:
            hints = tuple(dict.fromkeys((*condition.hints(plan.kinds[name], pool.typical[:1]), *pool.hints)))
            most = MOST_VALUES if len(condition.columns) > 1 else MOST_VALUES_ALONE
            choices.append((column, sample(replace(pool, typical=pool.typical[:MOST_TYPICAL], hints=hints, edges=()), most)))
    if not choices or len(choices) != len(condition.columns):
        return
    # One row for each constant of an IN list, not for each combination of everything else.
    seen: set[object] = set()
    for row in filler.writer.find_readable(f"({expression}) IS TRUE", choices):
        named = tuple(value for value in row.values() if value in condition.constants)
        if named not in seen and len(seen) < MOST_OF_A_CONDITION:
            seen.add(named)
            yield row


def _of_emptiness(table: Table, plan: TablePlan, reading: CodeReading, grammar: str) -> Iterator[Row]:
    """Yield the empty text, or 0, for each column that a statement compares with NULL or fills: it may be taken for NULL."""
    for tree in parse_statements(reading.statements, EMPTINESS, table.name, grammar):
        for node in tree.walk():
            if type(node).__name__ in {"Is", "Coalesce", "Nullif"} and type(node.this).__name__ == "Column":
                pool = plan.pools.get(node.this.name)
                if pool is not None and pool.null:
                    for value in pool.bare:
                        if value in {"", 0}:
                            yield {node.this.name: value}


def _of_signs(table: Table, plan: TablePlan, reading: CodeReading, grammar: str) -> Iterator[Row]:
    """Yield a negative number for each column whose sign a statement takes away: those of everyday rows are positive."""
    for tree in parse_statements(reading.statements, SIGNS, table.name, grammar):
        for node in tree.walk():
            if type(node).__name__ == "Abs" and type(node.this).__name__ == "Column":
                name = node.this.name
                typical = plan.pools[name].typical if name in plan.kinds else ()
                negative = [-value for value in typical[-1:] if isinstance(value, int | float | Decimal)]
                yield from ({name: value} for one in negative for value in list(plan.kinds[name].fit(as_raw(one)))[:1])


def as_raw(number: float | Decimal) -> Raw:
    """Return a number as a constant of a constraint is given."""
    return Decimal(str(number)) if isinstance(number, float) else number


def _of_code(table: Table, plan: TablePlan, reading: CodeReading) -> Iterator[Row]:
    """Yield for each constant that Python code compares a column with one that equals it, and one that begins with it."""
    for name, constant in find_compared(table, plan, reading):
        kind = plan.kinds[name]
        is_listed = isinstance(kind.other if isinstance(kind, ConvertibleTexts) else kind, Choices)
        shapes = (constant, f"{constant}1/") if isinstance(constant, str) and not is_listed else (constant,)
        if isinstance(constant, str) and constant.isspace():  # it is between words
            shapes = (f"one{constant}two",)
        for shape in shapes:
            yield from ({name: value} for value in list(kind.fit(shape))[:1])


def _of_documents(plan: TablePlan, reading: CodeReading) -> Iterator[Row]:
    """Yield documents that hold what Python code compares with a part of them: under the keys that it reads, or as a key."""
    for name, constant in dict.fromkeys(reading.compared):
        kind = plan.kinds.get(name)
        if kind is None or not holds_json(kind) or not isinstance(kind, Composed) or isinstance(constant, bool):
            continue
        read = (
            tuple(key for key in path if key not in LEAVES) for column, path in reading.keys if column == name and ITEM not in path
        )
        paths = list(dict.fromkeys(filter(None, read)))
        if not any(constant in path for path in paths):
            for path in paths[:MOST_OF_A_CONDITION] or [split_path(str(constant))]:
                yield from ({name: value} for value in islice(kind.compose([path], [constant]), 1))


def _of_code_together(table: Table, plan: TablePlan, reading: CodeReading) -> Iterator[Row]:
    """Yield rows that meet comparisons of several columns at once: `key == "theme"`, and then `value in {…}`.

    They come first, for code often asks for one row only. The column with the most constants takes one after the other.
    """
    choices: dict[str, list[Value]] = {}
    for name, constant in find_compared(table, plan, reading):
        choices.setdefault(name, []).extend(list(plan.kinds[name].fit(constant))[:1])
    keys = key_columns(table)
    choices = {name: values for name, values in choices.items() if values and name not in keys}
    if len(choices) > 1:
        most = max(choices, key=lambda name: len(choices[name]))
        for value in choices[most][:MOST_OF_A_CONDITION]:
            yield {**{name: values[0] for name, values in choices.items()}, most: value}


def find_compared(table: Table, plan: TablePlan, reading: CodeReading) -> Iterator[tuple[str, Raw]]:
    """Yield each column of the table with each constant that Python code compares it with; not numbers of its key."""
    known = {column.name for column in table.columns} - number_columns(table, plan.kinds)
    for name, constant in dict.fromkeys(reading.compared):
        # What code compares with a constant is something in a JSON document, not the whole.
        if name in known and name in plan.kinds and not isinstance(constant, bool) and not holds_json(plan.kinds[name]):
            yield name, constant


def holds_json(kind: ValueKind) -> bool:
    """Whether values of the kind are JSON documents."""
    return isinstance(kind.other if isinstance(kind, ConvertibleTexts) else kind, JsonTexts)


def _reads_as(found: Value, wanted: Value) -> bool:
    return found == wanted or (found is not None and wanted is not None and str(found) == str(wanted))
