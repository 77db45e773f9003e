"""Columns that a rollback computes from others of the same row: they follow from those, as far as the application goes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.condition import parse_sql

if TYPE_CHECKING:
    from sqlglot import exp

UPDATES = re.compile(r"^\s*UPDATE\b", re.IGNORECASE)
DECIDES = frozenset({"Is", "Case", "If", "EQ", "NEQ", "GT", "GTE", "LT", "LTE", "In", "Not"})
"""What makes another value of a single column: a copy of it may well be another thing."""
FEWEST_COLUMNS = 2


@dataclass(frozen=True, slots=True)
class ComputedBack:
    """A column of a table, and the expression over others of it that a rollback gives it in every row."""

    table: str
    column: str
    expression: str
    sources: frozenset[str]


def find_computed_back(file: str, grammar: str) -> Iterator[ComputedBack]:
    """Yield what the downgrade of a migration computes."""
    for update in list_updates(file, "downgrade", grammar):
        yield from _read(update, grammar)


def list_updates(file: str, function: str, grammar: str) -> Iterator[exp.Expr]:
    """Yield each UPDATE that is written out in a function."""
    parsed = parse_file(file)
    functions = [node for node in parsed[1].body if getattr(node, "name", None) == function] if parsed is not None else []
    for node in (inner for one in functions for inner in ast.walk(one)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and UPDATES.search(node.value):
            tree = parse_sql(node.value, grammar)
            if type(tree).__name__ == "Update" and tree is not None:
                yield tree


def _read(update: exp.Expr, grammar: str) -> Iterator[ComputedBack]:
    if any(update.args.get(part) for part in ("where", "from_", "from")):
        return
    for setting in update.expressions:
        kinds = {type(node).__name__ for node in setting.expression.walk()}
        sources = frozenset(node.name for node in setting.expression.walk() if type(node).__name__ == "Column")
        is_computed = len(sources) >= FEWEST_COLUMNS or (sources and kinds & DECIDES)
        if is_computed and "Select" not in kinds and setting.this.name not in sources:
            yield ComputedBack(update.this.name, setting.this.name, setting.expression.sql(dialect=grammar), sources)
