"""Constants that a rollback writes over what the upgrade wrote: what most rows hold before, as far as the migrations show it.

So does a text that it writes by the condition of the upgrade: `SET kind = 'custom' WHERE tags @> '["x"]'`. And so does NULL in a
column that revisions just before have added, and that nothing has written to since.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import Table
from mrt_runtime.migration_file import parse_file, read_migration
from mrt_runtime.seed.computed_back import ComputedBack, list_updates

if TYPE_CHECKING:
    from sqlglot import exp

NEAREST = 3  # revisions before it, of which the rows are none of an application's


def find_restored(file: str, earlier: Sequence[str], dialect: str, grammar: str) -> Iterator[ComputedBack]:
    """Yield each column with what rows hold before the upgrade. earlier: the files before it."""
    back = list(list_settings(file, "downgrade", grammar))
    there = list(list_settings(file, "upgrade", grammar)) if back else []
    for update, setting in back:
        table, column, value = update.this.name, setting.this.name, setting.expression
        same = [one for one in there if (one[0].this.name, one[1].this.name) == (table, column)]
        where = update.args.get("where")
        if type(value).__name__ == "Null" and same and was_added(table, column, earlier[-NEAREST:], dialect):
            yield ComputedBack(table, column, write_expression(where, value, column, grammar), frozenset())
        elif is_text(value) and where is not None and not _mentions(where, column):
            met = [one for one in same if one[0].args.get("where") == where and is_text(one[1].expression)]
            known = {value.name, *(one[1].expression.name for one in met)}
            if met and find_texts(earlier, table, column) <= known:
                yield ComputedBack(table, column, write_expression(where, value, column, grammar), frozenset())


def list_settings(file: str, function: str, grammar: str) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """Yield each UPDATE of one table in a function, with each column that it sets."""
    for update in list_updates(file, function, grammar):
        if not {type(inner).__name__ for inner in update.walk()} & {"Select", "From", "Join"}:
            yield from ((update, setting) for setting in update.expressions)


def write_expression(where: exp.Expr | None, value: exp.Expr, column: str, grammar: str) -> str:
    """Return the constant as SQL, for the rows that meet a condition."""
    constant = value.sql(dialect=grammar)
    return f"CASE WHEN {where.this.sql(dialect=grammar)} THEN {constant} ELSE {column} END" if where is not None else constant


def is_text(value: exp.Expr) -> bool:
    """Whether an expression is a text."""
    return type(value).__name__ == "Literal" and bool(value.is_string)


def _mentions(node: exp.Expr, column: str) -> bool:
    return any(type(inner).__name__ == "Column" and inner.name.lower() == column.lower() for inner in node.walk())


def find_texts(files: Collection[str], table: str, column: str) -> set[str]:
    """Return the texts that files write into a column, or ask for in it, as far as their SQL says so."""
    found = set[str]()
    for file in files:
        parsed = parse_file(file)
        source = parsed[0].decode(errors="replace") if parsed is not None else ""
        if table not in source:
            continue
        for match in re.finditer(
            rf"\b{re.escape(column)}\b\s*(?:=|<>|!=|IN)\s*\(?\s*((?:'[^']*'\s*,?\s*)+)", source, re.IGNORECASE
        ):
            found.update(re.findall(r"'([^']*)'", match[1]))
    return found


def takes_one_value(one: ComputedBack, table: Table | None) -> bool:
    """Whether the catalogue shows no other value that rows of a table hold there: no label, no default, no list of a check."""
    column = table.column(one.column) if table is not None else None
    if table is None or column is None or column.type.labels or column.type.kind == "enum":
        return False
    texts = re.findall(r"'([^']*)'", column.default or "")
    is_listed = any(re.search(rf"\b{re.escape(one.column)}\b", check.expression) for check in table.checks)
    return not is_listed and all(f"'{text}'" in one.expression for text in texts)


def was_added(table: str, column: str, files: Sequence[str], dialect: str) -> bool:
    """Whether one of these migrations adds a column without a value, and none of them writes to it."""
    from mrt_lint.model.ops import AddColumn, Insert, Update  # noqa: PLC0415 slow to import

    is_added = False
    for file in files:
        migration = read_migration(file, dialect)
        for op in migration.upgrade_ops if migration is not None else ():
            if str(getattr(op, "table", "")).lower() != table.lower():
                continue
            if isinstance(op, AddColumn) and op.column == column:
                made = op.definition
                is_added = made.nullable is not False and not made.python_default and made.server_default is None
            elif isinstance(op, Insert | Update) and (not isinstance(op.columns, tuple) or column in op.columns):
                return False
    return is_added
