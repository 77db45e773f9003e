"""What the statements of a migration ask of the rows of one table, each as a condition that the database can evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import parse_statements
from mrt_runtime.seed.seed_dialect import SeedDialect

if TYPE_CHECKING:
    from sqlglot import exp

ASKS = re.compile(r"\b(?:WHERE|CASE|JOIN)\b", re.IGNORECASE)
UPDATES = re.compile(r"\bUPDATE\b", re.IGNORECASE)
CHANGED = re.compile(r"\b(?:UPDATE|DELETE)\b", re.IGNORECASE)
STATEMENTS = frozenset({"Select", "Update", "Delete", "Insert"})
ELSEWHERE = frozenset({"Select", "Placeholder", "Parameter"})


def find_conditions(reading: CodeReading, table: Table, grammar: str) -> Iterator[str]:
    """Yield, for each statement on the table, what it asks of a row in this table alone, and each WHEN of a CASE."""
    for tree in parse_statements(reading.statements, ASKS, table.name, grammar):
        for node in tree.walk():
            kind = type(node).__name__
            if kind == "Where":
                parts = [_plain(part, grammar) for part in _conjuncts(node.this) if is_about(part, table)]
                if parts:
                    yield join(parts)
            elif kind == "Case":
                yield from _branches(node, table, grammar)


def _branches(case: exp.Expr, table: Table, grammar: str) -> Iterator[str]:
    """Yield what each WHEN of a CASE asks of the rows of a table."""
    for branch in case.args.get("ifs", ()):
        if case.this is not None:
            yield f"{_plain(case.this, grammar)} = {_plain(branch.this, grammar)}"
        elif is_about(branch.this, table):
            yield _plain(branch.this, grammar)


def find_changed(reading: CodeReading, table: Table, grammar: str) -> Iterator[tuple[str, bool]]:
    """Yield what each UPDATE and DELETE on the table asks of its rows, in each WHEN of a CASE, too, and whether it deletes them."""
    for tree in parse_statements(reading.statements, CHANGED, table.name, grammar):
        kind, where = type(tree).__name__, tree.args.get("where")
        if kind not in {"Update", "Delete"} or tree.this.name.lower() != table.name.lower():
            continue
        parts = [_plain(part, grammar) for part in _conjuncts(where.this) if is_about(part, table)] if where is not None else []
        cases = (
            [node for one in tree.expressions for node in one.walk() if type(node).__name__ == "Case"] if kind == "Update" else []
        )
        branches = [branch for case in cases for branch in _branches(case, table, grammar)]
        for part in branches or [""]:
            if asked := [*parts, *filter(None, [part])]:
                yield join(asked), kind == "Delete"


def find_changes(reading: CodeReading, table: Table, dialect: SeedDialect) -> Iterator[str]:
    """Yield, for each UPDATE that computes a column from its own value, the condition that this gives it another value."""
    columns = {column.name.lower(): column for column in table.columns}
    for tree in parse_statements(reading.statements, UPDATES, table.name, dialect.grammar):
        for update in (node for node in tree.walk() if type(node).__name__ == "Update"):
            where = update.args.get("where")
            asked = [_plain(part, dialect.grammar) for part in _conjuncts(where.this) if is_about(part, table)] if where else []
            for one in update.expressions:
                column = columns.get(one.this.name.lower()) if type(one.this).__name__ == "Column" else None
                if column is None or not is_about(one.expression, table) or not _mentions(one.expression, column.name):
                    continue
                change = dialect.differ(_plain(one.expression, dialect.grammar), _plain(one.this, dialect.grammar), column)
                yield join([*asked, change])


def find_asked(tree: exp.Expr, table: Table, grammar: str) -> str:
    """Return all that a statement asks of a row in this table alone, in its joins too; "" where it asks nothing."""
    parts: list[str] = []
    for node in tree.walk():
        condition = {"Where": node.this, "Join": node.args.get("on")}.get(type(node).__name__)
        found = _conjuncts(condition) if condition is not None else ()
        parts += [_plain(part, grammar) for part in found if is_about(part, table)]
    return join(list(dict.fromkeys(parts)))


def join(parts: list[str]) -> str:
    """Return one condition that is met where all parts are."""
    return " AND ".join(f"({part})" for part in parts)


def is_about(node: exp.Expr, table: Table) -> bool:
    """Whether an expression is on columns of this table only, without a subquery or a value that is passed in."""
    if any(type(inner).__name__ in ELSEWHERE for inner in node.walk()):
        return False
    columns = [inner for inner in node.walk() if type(inner).__name__ == "Column"]
    known = {column.name.lower() for column in table.columns}
    return bool(columns) and all(inner.name.lower() in known and _may_be_of(inner, table.name.lower()) for inner in columns)


def _may_be_of(column: exp.Expr, table: str) -> bool:
    """Whether a column may be one of this table, by its qualifier, or else by the tables of the statement that it is in."""
    root, statement = column.root(), column.parent
    while statement is not None and type(statement).__name__ not in STATEMENTS:
        statement = statement.parent
    names = {node.alias_or_name.lower(): node.name.lower() for node in root.walk() if type(node).__name__ == "Table"}
    if column.text("table"):
        return names.get(column.text("table").lower(), table) == table
    return statement is None or table in {node.name.lower() for node in _tables_of(statement)}


def _tables_of(statement: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the tables that a statement names itself, those of its subqueries left out."""
    for node in statement.walk(prune=lambda inner: inner is not statement and type(inner).__name__ in STATEMENTS):
        if type(node).__name__ == "Table":
            yield node


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    kind = type(node).__name__
    if kind == "And":
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    elif kind == "Paren":
        yield from _conjuncts(node.this)
    else:
        yield node


def _mentions(node: exp.Expr, name: str) -> bool:
    return any(type(inner).__name__ == "Column" and inner.name.lower() == name.lower() for inner in node.walk())


def _plain(node: exp.Expr, grammar: str) -> str:
    """Return SQL in which columns are not qualified: they are asked about without their table."""
    copied = node.copy()
    for inner in copied.walk():
        if type(inner).__name__ == "Column":
            inner.set("table", None)
    return copied.sql(dialect=grammar)
