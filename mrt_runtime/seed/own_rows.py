"""Rows that a migration inserts itself: what it then asks for, or takes out before, are these, and none of an application."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from mrt_runtime.compare.schema import Table
from mrt_runtime.migration_file import parse_file, read_migration
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import parse_sql
from mrt_runtime.seed.numbered_rows import ASKS
from mrt_runtime.seed.parsed_text import name_of
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.statement_parts import split
from mrt_runtime.seed.value import Row

INSERTS = re.compile(r"\bINSERT\b", re.IGNORECASE)


def is_inserted(row: Row, table: Table, reading: CodeReading, dialect: SeedDialect) -> bool:
    """Whether a migration inserts a row into the table that holds all of these values."""
    texts = {(name.lower(), value) for name, value in row.items() if isinstance(value, str)}
    if len(texts) != len(row):
        return False
    return texts <= _find_inserted(reading.file, table.name.lower(), dialect.grammar, tuple(dict.fromkeys(reading.statements)))


@lru_cache(maxsize=64)
def _find_inserted(file: str, table: str, grammar: str, statements: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Return the columns of a table with each text that an upgrade inserts there."""
    found = {pair for sql in statements if INSERTS.search(sql) for pair in _in_statement(sql, table, grammar)}
    parsed = parse_file(file)
    if parsed is not None and table.encode() in parsed[0].lower():
        given = set(_in_code(parsed[1]))
        names = {name for name, _ in given} & _find_columns(file, table) if given else set()
        found.update((name, text) for name, text in given if name in names)
    return frozenset(found)


def _find_columns(file: str, table: str) -> set[str]:
    """Return the columns that Python code inserts values into."""
    from mrt_lint.model.ops import BulkInsert, Insert  # noqa: PLC0415 slow to import

    migration = read_migration(file)
    ops = [op for op in migration.upgrade_ops if isinstance(op, Insert | BulkInsert)] if migration is not None else []
    named = (op.columns for op in ops if isinstance(op.table, str) and op.table.lower() == table)
    return {str(name).lower() for columns in named if isinstance(columns, tuple) for name in columns}


def _in_statement(sql: str, table: str, grammar: str) -> Iterator[tuple[str, str]]:
    for part in split(sql, grammar):
        tree = parse_sql(part, grammar)
        target = tree.this if tree is not None and type(tree).__name__ == "Insert" else None
        if tree is None or type(target).__name__ != "Schema" or target is None or target.this.name.lower() != table:
            continue
        rows = tree.expression.expressions if type(tree.expression).__name__ == "Values" else [tree.expression]
        for row in rows:
            for column, value in zip(target.expressions, getattr(row, "expressions", ()), strict=False):
                literal = value.this if type(value).__name__ == "Alias" else value
                if type(literal).__name__ == "Literal" and literal.is_string:
                    yield column.name.lower(), literal.name


def _in_code(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the texts that dictionaries and the calls of classes give a name outside of downgrade()."""
    for top in (node for node in tree.body if getattr(node, "name", None) != "downgrade"):
        for node in ast.walk(top):
            if isinstance(node, ast.Dict):
                named = [
                    (key.value, value) for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
                ]
            elif isinstance(node, ast.Call) and name_of(node.func) not in ASKS:
                named = [(word.arg, word.value) for word in node.keywords]
            else:
                continue
            for name, value in named:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield str(name).lower(), value.value
