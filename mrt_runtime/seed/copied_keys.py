"""Keys of a table that a migration makes and copies another one into: the rows of that one have to keep them already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import qualified
from mrt_runtime.seed.condition import parse_sql
from mrt_runtime.seed.constraint_ahead import KeyAhead
from mrt_runtime.seed.single_row import source_of
from mrt_runtime.seed.statement_parts import split

if TYPE_CHECKING:
    from sqlglot import exp

    from mrt_lint.model.ops import CreateTable

COPIES = re.compile(r"\bINSERT\s+INTO\b.*\bSELECT\b", re.IGNORECASE | re.DOTALL)
CHOOSES = ("joins", "distinct", "group", "having", "limit", "where", "laterals")
"""What makes a SELECT take other rows than those of its table, one by one."""


def find_copied_keys(made: Iterable[CreateTable], statements: Iterable[str], grammar: str) -> Iterator[KeyAhead]:
    """Yield the keys of the tables that are made on the columns of the tables that are copied into these."""
    tables = {op.table.lower(): op for op in made if isinstance(op.table, str)}
    texts = filter(COPIES.search, dict.fromkeys(statements)) if tables else ()
    for tree in (parse_sql(part, grammar) for sql in texts for part in split(sql, grammar)):
        target = tree.this if tree is not None and type(tree).__name__ == "Insert" else None
        select = tree.expression if tree is not None and target is not None else None
        if target is None or select is None or tree is None or type(select).__name__ != "Select" or tree.args.get("conflict"):
            continue
        op = tables.get((target.this if type(target).__name__ == "Schema" else target).name.lower())
        source = source_of(select)
        table = source.this if source is not None else None
        if op is None or type(table).__name__ != "Table" or table is None or any(select.args.get(part) for part in CHOOSES):
            continue
        names = (
            [node.name for node in target.expressions] if type(target).__name__ == "Schema" else [str(c.name) for c in op.columns]
        )
        taken = dict(_pair(names, select.expressions))
        for columns in _keys(op):
            if columns and all(name in taken for name in columns):
                yield KeyAhead(
                    label=qualified(table.name, table.text("db") or None), columns=tuple(taken[name] for name in columns)
                )


def _pair(names: list[str], expressions: list[exp.Expr]) -> Iterator[tuple[str, str]]:
    """Yield each column that is written with the one that is copied there as it is."""
    if len(expressions) == 1 and type(expressions[0]).__name__ == "Star":
        yield from zip(names, names, strict=True)
    elif len(names) == len(expressions):
        for name, node in zip(names, expressions, strict=True):
            column = node.this if type(node).__name__ == "Alias" else node
            if type(column).__name__ == "Column":
                yield name, column.name


def _keys(op: CreateTable) -> Iterator[tuple[str, ...]]:
    """Yield the columns of each key of a table."""
    for key in op.constraints:
        if key.kind in {"primary", "unique"} and isinstance(key.columns, tuple):
            yield tuple(map(str, key.columns))
    yield tuple(str(column.name) for column in op.columns if column.primary_key is True)
    yield from ((str(column.name),) for column in op.columns if column.unique is True)
