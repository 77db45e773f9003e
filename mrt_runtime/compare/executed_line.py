"""Which line of a migration put rows into a table, by what was executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping

from mrt_runtime.migration_file import parse_file

INTO = r"\bINTO\s+(?:[\"`]?\w+[\"`]?\.)?[\"`]?{}[\"`]?(?!\w)"


def find_inserting(file: str, table: str, inserts: Mapping[int, Collection[str]]) -> int | None:
    """Return the line that put rows into a table; of several the first. inserts: the statements that each line executed.

    SQLAlchemy inserts an object at the next query, flush() or commit(): where the file makes objects of that table on a single
    line, it is that one.
    """
    into = re.compile(INTO.format(re.escape(table)), re.IGNORECASE)
    lines = sorted(line for line, texts in inserts.items() if any(map(into.search, texts)))
    if not lines:
        return None
    parsed = parse_file(file)
    made = sorted(set(_find_objects(parsed[1], table))) if parsed is not None else []
    return made[0] if len(made) == 1 else lines[0]


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
