"""Which line of a migration put rows into a table, by what was executed, and which lines are executed together."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mrt_runtime.compare.executed_upgrade import Culprit, ExecutedUpgrade
from mrt_runtime.migration_file import parse_file


def find_inserting(file: str, table: str, executed: ExecutedUpgrade) -> Culprit | None:
    """Return the line that put rows into a table; of several the first.

    SQLAlchemy inserts an object at the next query, flush() or commit(): where the file makes objects of that table on a single
    line, it is that one.
    """
    lines = executed.find_inserting(table)
    if not lines:
        return None
    parsed = parse_file(file)
    made = sorted(set(_find_objects(parsed[1], table))) if parsed is not None else []
    return Culprit(made[0] if len(made) == 1 else lines[0])


def find_block(file: str, line: int) -> range | None:
    """Return the lines in a `with` that begins on a line: what a batch collects there is executed when it ends."""
    parsed = parse_file(file)
    for node in ast.walk(parsed[1]) if parsed is not None else ():
        if isinstance(node, ast.With) and node.lineno <= line < node.body[0].lineno:
            return range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
    return None


def _find_objects(tree: ast.Module, table: str) -> Iterator[int]:
    """Yield the lines that make an object of a class that is mapped to the table."""
    mapped = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, ast.Assign)
        and isinstance(inner.value, ast.Constant)
        and inner.value.value == table
        and any(isinstance(target, ast.Name) and target.id == "__tablename__" for target in inner.targets)
    }
    for node in tree.body:
        for inner in ast.walk(node) if mapped and getattr(node, "name", None) != "downgrade" else ():
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in mapped:
                yield inner.lineno
