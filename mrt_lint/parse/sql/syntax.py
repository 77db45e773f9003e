"""SQL that no server parses, as far as its brackets and quotes show."""

from __future__ import annotations

from typing import Final

from mrt_lint.model.values import HOLE
from mrt_lint.parse.sql.tokens import tokens

_READERS: Final = ("postgresql", "mysql", "sqlite")
"""Dialects whose lexical rules differ; a text of an undeclared one is broken where all of them find it broken."""
_SENTINEL: Final = "\n;"
_SHOWN: Final = 40
"""Characters before a fault that are shown."""


def find_syntax_error(text: str, dialect: str | None) -> str:
    """Return why a text is not SQL, as one clause; nothing where that is not certain.

    Looked for is what is wrong whatever the statement is: a parenthesis too many or too few, a text, name or comment without its
    end. SQL with unknown parts is never at fault.
    """
    # nearly every text is even in all of these, and need not be cut into tokens once more
    if text.count("(") == text.count(")") and not any(text.count(quote) % 2 for quote in "'\"`") and "/*" not in text:
        return ""
    if HOLE in text or (dialect is not None and dialect not in {*_READERS, "mariadb"}):
        return ""
    found = [_find(text, reader) for reader in (_READERS if dialect is None else (dialect,))]
    return found[0] if all(found) else ""


def _find(text: str, dialect: str) -> str:
    opened = 0
    last = None
    # whatever is still open at the end swallows this semicolon
    for last in tokens(text + _SENTINEL, dialect):
        if last.kind != "mark":
            continue
        opened += (last.key == "(") - (last.key == ")")
        if opened < 0:
            return f"a parenthesis closes that was never opened: “{_before(text, last.end)}”"
    if last is None or last.start < len(text):
        # SQLite ends a comment with the text
        swallowed = last.kind if last is not None and last.end > len(text) else ""
        what = {"string": "a text", "name": "a name"}.get(swallowed, "" if dialect == "sqlite" else "a comment")
        return what and f"{what} in it has no end"
    return "a parenthesis is never closed" if opened else ""


def _before(text: str, end: int) -> str:
    """Return the last words before a place, on one line."""
    words = " ".join(text[max(0, end - _SHOWN) : end].split())
    return words if end <= _SHOWN else f"…{words.partition(' ')[2] or words}"
