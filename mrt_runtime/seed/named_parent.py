"""Rows that a migration points at by a key of its own words: `UPDATE t SET owner_id = 1` takes it that there is an owner 1."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import Table, qualified
from mrt_runtime.seed.condition import parse_statements
from mrt_runtime.seed.constraint_ahead import KeyAhead, is_ahead
from mrt_runtime.seed.table_filler import TableFiller
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row
from mrt_runtime.seed.value_kind import Integers, Raw

if TYPE_CHECKING:
    from sqlglot import exp

    from mrt_runtime.seed.code_reader import CodeReading

CHANGES = re.compile(r"\b(?:UPDATE|INSERT)\b", re.IGNORECASE)
NONE = frozenset({"", "0"})
"""What represents that there is no row to point at: sequences begin at 1."""
MOST_ROWS = 4  # of one table and one migration


def write_named_parents(
    filler: TableFiller,
    reading: CodeReading,
    ahead: Iterable[KeyAhead],
    own: Collection[str],
    find_filled: Callable[[Mapping[str, Table]], Collection[str]],
) -> Iterator[tuple[Table, Row]]:
    """Insert the rows that a migration points at by their keys and that are not there; yield each with its table.

    ahead: the foreign keys that it makes. own: the tables that get no made-up rows. find_filled: returns the tables into which
    migrations write rows themselves, which takes a while.
    """
    tables = filler.parents.tables
    found = list(_find(tables, reading, ahead, filler.writer.dialect.grammar))
    filled = {*own, *find_filled(tables)} if found else own
    for parent, name, constants in found:
        kind = filler.planner.plan_table(parent, start=0, count=2).kinds.get(name) if parent.label not in filled else None
        there = {str(row[name]) for row in filler.writer.read(parent, [name])} if kind is not None else set()
        missing = [constant for constant in constants if str(constant) not in there][:MOST_ROWS] if kind is not None else []
        for constant in missing:
            raw = int(constant) if isinstance(kind, Integers) and str(constant).isdecimal() else constant
            for value in list(kind.fit(raw))[:1] if kind is not None else ():
                yield from ((parent, row) for row in filler.write(parent, {name: value}).rows)


def _find(
    tables: Mapping[str, Table], reading: CodeReading, ahead: Iterable[KeyAhead], grammar: str
) -> Iterator[tuple[Table, str, list[Raw]]]:
    """Yield each table that is pointed at with the column of its key and the values that the migration writes for it."""
    keys = [(one.label, one.columns, one.referred, one.referred_columns) for one in ahead]
    changes = bool(reading.assigned) or any(map(CHANGES.search, reading.statements))
    keys += [
        (table.label, key.columns, qualified(key.referred_table, key.referred_schema), key.referred_columns)
        for table in (tables.values() if changes else ())
        for key in (table.foreign_keys if table.name in reading.words else ())
        if not is_ahead(key)
    ]
    for label, columns, referred, names in dict.fromkeys(keys):
        parent = tables.get(referred) if referred is not None else None
        if parent is None or len(columns) != 1:
            continue
        named = names or key_columns(parent)
        constants = [value for name, value in reading.assigned if name == columns[0]]
        constants += _of_statements(reading.statements, label.rpartition(".")[2], columns[0], grammar)
        found = [value for value in dict.fromkeys(constants) if not isinstance(value, bool) and str(value) not in NONE]
        if found and len(named) == 1:
            yield parent, named[0], found


def _of_statements(statements: Iterable[str], table: str, column: str, grammar: str) -> Iterator[Raw]:
    """Yield the constants that SQL sets a column of the table to, or inserts there."""
    for tree in parse_statements(statements, CHANGES, table, grammar):
        for node in tree.walk():
            kind = type(node).__name__
            if kind == "Update":
                for one in node.expressions:
                    if type(one).__name__ == "EQ" and one.this.name.lower() == column.lower():
                        yield from _constants(one.expression)
            elif kind == "Insert" and type(node.this).__name__ == "Schema":
                names = [one.name.lower() for one in node.this.expressions]
                values = node.args.get("expression")
                rows = values.expressions if values is not None and column.lower() in names else ()
                for row in rows if type(values).__name__ == "Values" else filter(None, [values]) if rows else ():
                    # a part of a text that Python puts together, or SELECT *, has fewer values than there are columns
                    if len(row.expressions) == len(names):
                        yield from _constants(row.expressions[names.index(column.lower())])


def _constants(node: exp.Expr) -> Iterator[Raw]:
    """Yield the constants that an expression may come to: it is one, or one takes the place of NULL."""
    kind = type(node).__name__
    if kind == "Literal":
        yield str(node.this) if node.is_string else int(node.this) if str(node.this).isdecimal() else str(node.this)
    elif kind == "Coalesce":
        for inner in node.expressions:
            yield from _constants(inner)
    elif kind in {"Paren", "Cast"}:
        yield from _constants(node.this)
