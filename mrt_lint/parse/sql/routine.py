"""Functions and procedures that a migration makes and runs itself: what their bodies do, as operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mrt_lint.model.ops import CreateObject, DropObject, Op, Statement
from mrt_lint.model.values import HOLE, UNKNOWN
from mrt_lint.parse.sql.anonymous_block import read_block, read_do
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.statement import read_statement
from mrt_lint.parse.sql.tokens import StatementTokens, statements, tokens

_DEEPEST: Final = 6
"""Routines that run one another."""
_KINDS: Final = frozenset({"function", "procedure"})
_CALL: Final = re.compile(r'\s*(?:select|call|perform)\s+(?:[^(]*\bfrom\s+)?(?:"?\w+"?\s*\.\s*)?"?(\w+)"?\s*\(', re.IGNORECASE)


class Routines:
    """The routines that a migration has made so far: language and code by name, None where a name has several or is running."""

    def __init__(self) -> None:
        self._code: dict[str, tuple[str, str] | None] = {}

    def read_sql(self, text: str, dialect: str | None) -> tuple[Op, ...]:
        """Return the operations of SQL text, with those of the routines that it runs."""
        return tuple(replace(op, sql=True) for one in statements(text, dialect) for op in self.read_statement(one, dialect))

    def read_statement(self, statement: StatementTokens, dialect: str | None, depth: int = 0) -> Iterator[Op]:
        """Return the operations of one statement, with those of the routines that it runs."""
        is_block = bool(self._code) and statement.tokens[0].key == "DO" and dialect in {None, "postgresql"}
        found = tuple(read_do(TokenCursor(statement, dialect), depth, self.read_statement)) if is_block else ()
        for op in found or read_statement(statement, dialect, depth):
            if isinstance(op, CreateObject | DropObject) and op.kind in _KINDS and isinstance(op.name, str):
                self._remember(op, op.name.lower(), dialect)
            yield from self._run(op, dialect, depth) if isinstance(op, Statement) and self._code else (op,)

    def _remember(self, op: CreateObject | DropObject, name: str, dialect: str | None) -> None:
        if isinstance(op, DropObject):
            self._code.pop(name, None)
            return
        words = list(tokens(op.body, dialect)) if isinstance(op.body, str) and HOLE not in op.body else []
        places = {token.key: place for place, token in enumerate(words[:-1]) if token.key in {"AS", "LANGUAGE"}}
        code = words[places["AS"] + 1] if "AS" in places else None
        language = words[places["LANGUAGE"] + 1].text.lower() if "LANGUAGE" in places else ""
        is_read = code is not None and code.kind == "string" and language in {"sql", "plpgsql"}
        is_alone = op.or_replace or name not in self._code
        self._code[name] = (language, code.text) if code is not None and is_read and is_alone else None

    def _run(self, call: Statement, dialect: str | None, depth: int) -> Iterator[Op]:
        """Yield what a call of a routine does, and the call itself where it may do more, or does nothing."""
        named = _CALL.match(call.text)
        name = named[1].lower() if named else ""
        routine = self._code.get(name)
        if routine is None or depth >= _DEEPEST:
            yield call
            return
        self._code[name] = None
        language, code = routine
        if language == "plpgsql":
            found, is_read = read_block(code, dialect, depth + 1, self.read_statement)
        else:
            read = [op for one in statements(code, dialect) for op in self.read_statement(one, dialect, depth + 1)]
            is_read = not any(isinstance(op, Statement) and op.effect is UNKNOWN for op in read)
            found = [op for op in read if not isinstance(op, Statement)]
        self._code[name] = routine
        yield from found
        if not is_read or not found:
            yield replace(call, effect=UNKNOWN if not is_read else False)
