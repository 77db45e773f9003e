"""ALGORITHM and LOCK: what a statement asks of MySQL in addition to the change itself."""

from __future__ import annotations

from typing import Final, TypedDict

from mrt_lint.parse.sql.cursor import TokenCursor

CLAUSES: Final = {
    "ALGORITHM": frozenset({"INSTANT", "NOCOPY", "INPLACE", "COPY"}),
    "LOCK": frozenset({"NONE", "SHARED", "EXCLUSIVE"}),
}
"""What MySQL takes among the actions though it is none, and its values besides DEFAULT."""


class MysqlClauses(TypedDict):
    """What ALGORITHM and LOCK ask for, in capitals; empty for DEFAULT and without the clause."""

    algorithm: str
    lock: str


def read_clauses(cursor: TokenCursor) -> MysqlClauses:
    """Return what ALGORITHM and LOCK ask of MySQL, at any position outside of parentheses."""
    found: MysqlClauses = {"algorithm": "", "lock": ""}
    while not cursor.done:
        clause = cursor.accept(*CLAUSES)
        if not clause:
            cursor.skip()
            continue
        cursor.accept("=")
        if cursor.key in CLAUSES[clause]:
            found["algorithm" if clause == "ALGORITHM" else "lock"] = cursor.take().key
    return found
