"""Rows that migrations name by their number, `WHERE id = 1`: which of them are an application's, and not a migration's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mrt_runtime.compare.schema import Table
from mrt_runtime.migration_file import parse_file, read_migration
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import find_listed, parse_sql
from mrt_runtime.seed.filled_table import FILLS
from mrt_runtime.seed.parsed_text import name_of
from mrt_runtime.seed.statement_parts import split
from mrt_runtime.seed.syntax_nodes import list_nodes
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row, Value
from mrt_runtime.seed.value_kind import Integers, Raw, ValueKind, as_number

ASKS = frozenset({"filter_by", "get", "get_one", "bindparams"})
"""Calls whose keyword arguments ask for a number."""
UPDATES = re.compile(r"\bUPDATE\b", re.IGNORECASE)
INSERTS = re.compile(r"\bINSERT\b", re.IGNORECASE)


def number_columns(table: Table, kinds: Mapping[str, ValueKind]) -> frozenset[str]:
    """Return the columns of a table's key that hold numbers."""
    return frozenset(name for name in key_columns(table) if isinstance(kinds.get(name), Integers))


def is_named(row: Row, names: frozenset[str], expression: str, grammar: str) -> bool:
    """Whether a condition names the numbers of a row one by one, so that no other row will do."""
    listed = find_listed(expression, grammar)
    wanted = {name: {as_number(raw) for raw in listed.get(name, ())} for name in names & row.keys()}
    return all(as_number(as_raw(row[name])) in found for name, found in wanted.items())


def as_raw(value: Value) -> Raw:
    """Return a value as a constant is given."""
    return value if isinstance(value, int | str) else str(value)


def find_numbered(table: Table, names: frozenset[str], reading: CodeReading) -> Iterator[Row]:
    """Yield the numbers by which Python code asks for rows of a table: `t.c.id == 1`, `filter_by(id=1)`, `session.get(T, 1)`."""
    for (label, column), number in dict.fromkeys(reading.numbered):
        name = column or next(iter(names), "")
        if label.lower() == table.name.lower() and name in names and (column or len(key_columns(table)) == 1):
            yield {name: number}


def find_given_back(table: Table, numbers: Row, downgrade: CodeReading, grammar: str) -> Iterator[tuple[str, Raw]]:
    """Yield each column with the constant that a downgrade writes into the row of these numbers: a version that was there."""
    known = {column.name.lower(): column.name for column in table.columns}
    for sql in dict.fromkeys(filter(UPDATES.search, downgrade.statements)):
        for part in split(sql, grammar):
            tree = parse_sql(part, grammar)
            where = tree.args.get("where") if tree is not None and type(tree).__name__ == "Update" else None
            if tree is None or where is None or tree.this.name.lower() != table.name.lower():
                continue
            asked = find_listed(where.this.sql(dialect=grammar), grammar)
            if {name.lower(): [as_number(as_raw(number))] for name, number in numbers.items()} != {
                name.lower(): list(map(as_number, found)) for name, found in asked.items()
            }:
                continue
            for one in tree.expressions:
                name, value = known.get(one.this.name.lower()), one.expression
                if name is not None and name not in numbers and type(value).__name__ == "Literal":
                    yield name, value.name if value.is_string else Decimal(value.name)


@dataclass(frozen=True, slots=True)
class Written:
    """Numbers of rows that one file inserts; whether there are such that cannot be read, and such that the database chooses."""

    numbers: frozenset[int] = frozenset()
    is_open: bool = False
    is_automatic: bool = False


class WrittenNumbers:
    """The numbers that the migrations of a history give rows which they insert. A file is read when it is first asked about."""

    def __init__(self, files: Sequence[str], dialect: str, grammar: str) -> None:
        self._files = files
        self._dialect = dialect
        self._grammar = grammar
        self._known: dict[tuple[str, str, str], Written] = {}

    def may_write(self, here: str, label: str, column: str, number: Value, read: Callable[[str], CodeReading]) -> bool:
        """Whether a migration may insert the row with that number.

        The one that comes next, `here`, may do so under a number that the database chooses. read: what a file says.
        """
        for file in dict.fromkeys((here, *self._files)):
            key = (file, label, column)
            if key not in self._known:
                self._known[key] = self._read(file, label.rpartition(".")[2], column, read)
            found = self._known[key]
            if found.is_open or number in found.numbers or (found.is_automatic and file == here):
                return True
        return False

    def _read(self, file: str, table: str, column: str, read: Callable[[str], CodeReading]) -> Written:
        parsed = parse_file(file)
        if parsed is None or table.encode() not in parsed[0] or not FILLS.search(parsed[0]):
            return Written()
        from mrt_lint.model.ops import BulkInsert, Insert  # noqa: PLC0415 slow to import

        migration = read_migration(file, self._dialect)
        ops = [op for op in migration.upgrade_ops if isinstance(op, Insert | BulkInsert)] if migration is not None else []
        ops = [op for op in ops if not isinstance(op.table, str) or op.table.lower() == table.lower()]
        numbered = [op for op in ops if not isinstance(op.columns, tuple) or column in op.columns]
        found = [*_in_statements(read(file).statements, table, column, self._grammar), *_in_code(parsed[1], column)]
        is_copied = any(isinstance(op, Insert) and op.query for op in numbered)
        return Written(
            frozenset(number for number in found if number is not None) if numbered else frozenset(),
            is_open=bool(numbered) and (is_copied or not found or None in found),
            is_automatic=len(numbered) < len(ops),
        )


def _in_statements(statements: Iterable[str], table: str, column: str, grammar: str) -> Iterator[int | None]:
    """Yield the numbers that each INSERT gives a column; None for one that cannot be read."""
    for sql in dict.fromkeys(filter(INSERTS.search, statements)):
        for part in split(sql, grammar):
            tree = parse_sql(part, grammar)
            target = tree.this if tree is not None and type(tree).__name__ == "Insert" else None
            if tree is None or target is None:
                continue
            names = [node.name.lower() for node in target.expressions] if type(target).__name__ == "Schema" else []
            into = target.this if names else target
            if into.name.lower() != table.lower():
                continue
            rows = tree.expression.expressions if type(tree.expression).__name__ == "Values" else ()
            for row in rows:
                if not names:
                    yield from (int(node.name) for node in row.expressions if node.is_int)
                elif column.lower() in names:
                    place = names.index(column.lower())
                    value = row.expressions[place] if place < len(row.expressions) else None
                    yield int(value.name) if value is not None and value.is_int else None


def _in_code(tree: ast.Module, column: str) -> Iterator[int | None]:
    """Yield the numbers that dictionaries and calls give a column outside of downgrade(); None for one that cannot be read."""
    asks = {
        id(word) for node in list_nodes(tree) if isinstance(node, ast.Call) and name_of(node.func) in ASKS for word in node.keywords
    }
    for top in (node for node in tree.body if getattr(node, "name", None) != "downgrade"):
        for node in ast.walk(top):
            given: list[ast.expr] = []
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                given = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == column]
            elif isinstance(node, ast.keyword) and node.arg == column and id(node) not in asks:
                given = [node.value]
            for value in given:
                yield value.value if isinstance(value, ast.Constant) and isinstance(value.value, int) else None
