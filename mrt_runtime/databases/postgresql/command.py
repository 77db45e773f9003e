"""SQL text cut into commands: those of the text itself, and those in the bodies of DO blocks and routines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.tokens import SqlToken, StatementTokens, tokens

DIALECT = "postgresql"
NOTHING = "DO 'BEGIN END'"
"""A command that does nothing, in plain SQL and in PL/pgSQL."""
OPENERS = {";", "THEN", "ELSE", "LOOP", "BEGIN"}
"""What a command of a PL/pgSQL body can follow. Source: PostgreSQL's manual, PL/pgSQL, Control Structures."""
MOST_DEPTH = 3
"""Bodies in bodies that are looked into."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command, and where it begins in the whole text.

    offset: what is to be added to a token's place for its place in the whole text.
    is_inner: whether it is part of a body, where the server runs it later or under a condition.
    is_quoted: whether it is the string of an EXECUTE, where every quote is written twice.
    """

    statement: StatementTokens
    offset: int
    is_inner: bool
    is_quoted: bool = False

    def cursor(self) -> TokenCursor:
        """Return a cursor in front of the command's first word."""
        return TokenCursor(self.statement, DIALECT)

    def span(self, first: SqlToken, last: SqlToken) -> tuple[int, int]:
        """Return the place of some tokens in the whole text."""
        return first.start + self.offset, last.end + self.offset

    @property
    def whole(self) -> tuple[int, int]:
        """The command's place in the whole text, without its semicolon."""
        return self.span(self.statement.tokens[0], self.statement.tokens[-1])


def read_commands(text: str, offset: int = 0, depth: int = 0) -> Iterator[Command]:
    """Yield every command of a text, one after those in its body; what EXECUTE is given is read where it is a mere string."""
    found: list[SqlToken] = []
    for token in tokens(text, DIALECT):
        if token.key in OPENERS:
            yield from _close(found, text, offset, depth)
            found = []
        else:
            found.append(token)
            if depth < MOST_DEPTH and token.kind == "string" and text[token.start] == "$":
                opening = text.index("$", token.start + 1) + 1
                yield from read_commands(token.text, offset + opening, depth + 1)
    yield from _close(found, text, offset, depth)


def _close(found: list[SqlToken], text: str, offset: int, depth: int) -> Iterator[Command]:
    if depth and [token.kind for token in found] == ["word", "string"] and found[0].key == "EXECUTE":
        token = found[1]
        if text[token.start : token.end] == f"'{token.text}'":  # no quote in it is written twice, so its places are the text's
            for command in read_commands(token.text, offset + token.start + 1, MOST_DEPTH):
                yield replace(command, is_quoted=True)
    elif found:
        yield Command(StatementTokens(tuple(found), text), offset, is_inner=depth > 0)
