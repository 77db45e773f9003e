"""ALGORITHM and LOCK: what a statement asks of MySQL beside the change itself."""

from __future__ import annotations

from typing import Final

from mrt_lint.sql.cursor import Cursor

CLAUSES: Final = {
    "ALGORITHM": frozenset({"INSTANT", "NOCOPY", "INPLACE", "COPY"}),
    "LOCK": frozenset({"NONE", "SHARED", "EXCLUSIVE"}),
}
"""What MySQL takes among the actions though it is none, and what it may ask for beside DEFAULT."""


def read_clauses(cursor: Cursor) -> dict[str, str]:
    """Give what ALGORITHM and LOCK ask of MySQL, wherever they stand outside of parentheses."""
    found: dict[str, str] = {}
    while not cursor.done:
        clause = cursor.accept(*CLAUSES)
        if not clause:
            cursor.skip()
            continue
        cursor.accept("=")
        if cursor.key in CLAUSES[clause]:
            found[clause.lower()] = cursor.take().key
    return found
