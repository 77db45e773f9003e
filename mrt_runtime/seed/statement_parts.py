"""The statements in a text of SQL: those of one call, and those in the body of PostgreSQL's DO."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.parse.sql.tokens import statements, tokens

BEGINNINGS = frozenset({"UPDATE", "DELETE", "INSERT", "SELECT", "WITH"})
LEXERS = {"postgres": "postgresql"}
"""What the linter calls a dialect, where sqlglot calls it otherwise."""


def split(sql: str, grammar: str) -> Iterator[str]:
    """Yield each statement of a text. grammar: what sqlglot calls the dialect."""
    dialect = LEXERS.get(grammar, grammar)
    for statement in statements(sql, dialect):
        if statement.tokens[0].key == "DO":
            bodies = [token.text for token in statement.tokens if token.kind == "string"]
            yield from (part for body in bodies[:1] for part in _split_body(body, dialect))
        else:
            yield statement.text


def _split_body(body: str, dialect: str) -> Iterator[str]:
    """Yield the statements of a block, without the BEGIN, IF … THEN or FOR … IN before them and the LOOP behind them."""
    start = None
    for token in tokens(body, dialect):
        if token.key in BEGINNINGS and start is None:
            start = token.start
        elif token.key in {";", "LOOP"} and start is not None:
            yield body[start : token.start]
            start = None
