"""Changes of mapped objects: the line that makes one is not the line from which its statement is sent."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mrt_lint.parse.sql.tokens import statements
from mrt_runtime.migration_file import parse_file
from mrt_runtime.verify.same_values import read_update


@dataclass(frozen=True, slots=True)
class Change:
    """A change of rows that the file says: its first and last line, the table, the columns and whether rows are deleted."""

    first: int
    last: int
    table: str
    columns: tuple[str, ...] = ()
    deletes: bool = False

    def covers(self, line: int) -> bool:
        """Whether the line is one of its lines."""
        return self.first <= line <= self.last


def find_sent(
    file: str, changes: Iterable[Change], lines: Mapping[int, Mapping[str, int]], dialect: str
) -> tuple[set[Change], set[Change]]:
    """Return the changes that are made of objects, and those of them whose statement was sent, from whichever line that was.

    SQLAlchemy sends it at the next query, flush() or commit(). What the line of another change executed is that change's.
    lines: the statements that each line executed, and how many rows each of them changed.
    """
    known = list(changes)
    of_objects = {one for one in known if any(one.covers(line) for line in _find_lines(file))}
    taken = {line for line in lines for one in known if one not in of_objects and one.covers(line)}
    sent = {text for line, counts in lines.items() if line not in taken for text, rows in counts.items() if rows}
    read = [(*read_update(text, dialect), _find_deleted(text, dialect)) for text in sent] if of_objects else []
    return of_objects, {
        one
        for one in of_objects
        for tables, columns, deleted in read
        if (one.table.lower() == deleted if one.deletes else one.table.lower() in tables and _share(one.columns, columns))
    }


def _share(said: tuple[str, ...], sent: tuple[str, ...]) -> bool:
    return not said or not {name.lower() for name in said}.isdisjoint(sent)


def _find_deleted(text: str, dialect: str) -> str | None:
    """Return the table from which a statement deletes; None for any other."""
    found = [part.tokens for part in statements(text, dialect)]
    tokens = found[0] if len(found) == 1 else ()
    if [token.key for token in tokens[:2]] != ["DELETE", "FROM"]:
        return None
    place = 2
    while [token.key for token in tokens[place + 1 : place + 2]] == ["."]:
        place += 2
    return tokens[place].text.lower() if place < len(tokens) else None


@lru_cache(maxsize=8)
def _find_lines(file: str) -> frozenset[int]:
    """Return the lines that assign an attribute, call setattr(), or hand an object to delete()."""
    parsed = parse_file(file)
    nodes = ast.walk(parsed[1]) if parsed is not None else ()
    return frozenset(node.lineno for node in nodes if isinstance(node, ast.stmt | ast.expr) and _changes_object(node))


def _changes_object(node: ast.stmt | ast.expr) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(inner, ast.Attribute) for target in node.targets for inner in ast.walk(target))
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        return isinstance(node.target, ast.Attribute)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "setattr"
    return isinstance(node.func, ast.Attribute) and node.func.attr == "delete" and len(node.args) == 1
