"""PostgreSQL's DO: the statements inside of an anonymous block of PL/pgSQL, as operations.

Static SQL and EXECUTE of literals are read; a branch or loop leaves them in doubt, but for the two idioms that mean IF [NOT]
EXISTS: a condition that asks whether something exists, and a handler of the error that it does (not). What the block does besides
is one `Statement`. Source: https://www.postgresql.org/docs/current/plpgsql-control-structures.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, Flag
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.dynamic_sql import literal_text
from mrt_lint.parse.sql.tokens import SqlToken, StatementTokens, keywords, statements, tokens

_HARMLESS: Final = keywords("NULL RAISE RETURN EXIT CONTINUE ASSERT GET OPEN CLOSE FETCH MOVE")

StatementReader: TypeAlias = Callable[[StatementTokens, str | None, int], Iterator[Op]]
"""Reads one statement: its tokens, the dialect, and how deep it is within others."""


@dataclass(slots=True)
class _Part:
    """An open IF, LOOP, CASE or block: what its condition or handler means, and where its operations begin in the list."""

    kind: str
    begun: int
    asks: str = ""
    handling: bool = False


@dataclass(slots=True)
class _BlockReader:
    """Reads one block; `unread` becomes True where it may do what was not read.

    `left` is what a condition means for the rest, under which the block has returned: nothing of what it asked for is so any more.
    """

    source: str
    dialect: str | None
    depth: int
    read_one: StatementReader
    found: list[Op] = field(default_factory=list)
    parts: list[_Part] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    declaring: bool = False
    unread: bool = False

    def read(self) -> None:
        """Read all statements."""
        for piece in _pieces(tokens(self.source, self.dialect)):
            rest = self._peel(piece)
            if rest:
                self._statement(rest)

    def _peel(self, piece: list[SqlToken]) -> list[SqlToken]:  # noqa: C901 - one line a control structure
        """Take the words of control structures off a piece and return the statement behind them."""
        while piece:
            key = piece[0].key
            if key in {"DECLARE", "BEGIN"}:
                self.declaring = key == "DECLARE"
                if key == "BEGIN":
                    self.parts.append(_Part("BEGIN", len(self.found)))
                piece = piece[1:]
            elif self.declaring or key == "END":
                if key == "END" and not self.declaring and self.parts:
                    self.parts.pop()
                return []
            elif key in {"IF", "ELSIF", "ELSEIF", "CASE", "WHEN"}:
                piece = self._branch(key, piece)
            elif key == "ELSE":
                self._turn("")
                piece = piece[1:]
            elif key in {"FOR", "FOREACH", "WHILE", "LOOP"}:
                self.parts.append(_Part("LOOP", len(self.found)))
                piece = _after(piece, "LOOP")
            elif key == "EXCEPTION":
                piece = piece[1:]
                if self.parts:
                    self.parts[-1].handling = True
                    self._handle(piece)
            else:
                return piece
        return piece

    def _branch(self, key: str, piece: list[SqlToken]) -> list[SqlToken]:
        condition = piece[1 : len(piece) - len(_after(piece, "THEN"))]
        words = [token.key for token in condition[:2]]
        asks = "absent" if words == ["NOT", "EXISTS"] else "present" if words[:1] == ["EXISTS"] else ""
        if key in {"IF", "CASE"}:
            self.parts.append(_Part(key, len(self.found), asks))
        else:
            self._turn(asks)
        return _after(piece, "THEN")

    def _turn(self, asks: str) -> None:
        if self.parts:
            self.parts[-1].asks = asks

    def _handle(self, handler: Sequence[SqlToken]) -> None:
        """Mark what the block did so far by the errors that are handled: a thing that exists already, or does not."""
        errors = {
            token.text.lower() for token in _until(handler, "THEN") if token.kind == "word" and token.key not in {"WHEN", "OR"}
        }
        begun = self.parts[-1].begun
        if all(error.startswith("duplicate_") for error in errors):
            self.found[begun:] = [_where_absent(op) or op for op in self.found[begun:]]
        elif all(error.startswith("undefined_") for error in errors):
            self.found[begun:] = [_where_present(op) or op for op in self.found[begun:]]
        else:
            self.found[begun:] = [replace(op, certain=False) for op in self.found[begun:]]

    def _statement(self, piece: list[SqlToken]) -> None:
        keys = [token.key for token in piece[:4]]
        if keys[:2] == ["RETURN", "QUERY"]:
            piece = piece[2:]
        elif keys[:1] == ["RETURN"] and keys[1:2] != ["NEXT"]:
            self._leave()
            return
        # `x := 1`, `r.x := 1` and `x = 1` are assignments
        elif keys[0] in _HARMLESS or ":=" in keys or keys[1:2] == ["="]:
            return
        key = piece[0].key if piece else ""
        if key == "EXECUTE":
            self._execute(piece)
        elif key == "SELECT" and any(token.key == "INTO" for token in piece):  # here it sets variables
            return
        elif piece:
            first = piece[0]._replace(text="SELECT", key="SELECT") if key == "PERFORM" else piece[0]
            self._add(self._read(StatementTokens((first, *piece[1:]), self.source)))

    def _leave(self) -> None:
        """Note under which condition the block ends here."""
        doubts = [part for part in self.parts if part.kind != "BEGIN" or part.handling]
        if doubts:
            opposites = {"absent": "present", "present": "absent"}
            self.left.append(opposites.get(doubts[0].asks, "") if len(doubts) == 1 and not doubts[0].handling else "")

    def _execute(self, piece: list[SqlToken]) -> None:
        text = literal_text(_until(_until(piece[1:], "USING"), "INTO"))
        if text is None:
            self.unread = True
            return
        for statement in statements(text, self.dialect):
            self._add(self._read(statement))

    def _read(self, statement: StatementTokens) -> Iterator[Op]:
        return self.read_one(statement, self.dialect, self.depth + 1)

    def _add(self, found: Iterator[Op]) -> None:
        for op in found:
            if isinstance(op, ops.Statement) and op.effect is not True:
                self.unread = self.unread or op.effect is UNKNOWN
            else:
                self.found.append(self._in_doubt(op))

    def _in_doubt(self, op: Op) -> Op:
        """Return an operation as the open branches, loops and handlers leave it."""
        for part in self.parts:
            if part.kind == "BEGIN" and not part.handling:
                continue
            op = _under(op, "" if part.handling else part.asks)
        for asks in self.left:
            op = _under(op, asks)
        return op


def _under(op: Op, asks: str) -> Op:
    """Return an operation under a condition that asks whether something is "absent" or "present", "" for any other."""
    asked = {"absent": _where_absent, "present": _where_present}.get(asks)
    return (asked(op) if asked else None) or replace(op, certain=False)


def _where_absent(op: Op) -> Op | None:
    makes = isinstance(op, ops.CreateTable | ops.CreateObject | ops.CreateIndex | ops.AddColumn | ops.AddEnumValue)
    return replace(op, if_not_exists=True) if makes else None  # type: ignore[call-arg] # these have it


def _where_present(op: Op) -> Op | None:
    drops = isinstance(op, ops.DropTable | ops.DropObject | ops.DropIndex | ops.DropColumn | ops.DropConstraint)
    return replace(op, if_exists=True) if drops else None  # type: ignore[call-arg] # these have it


def read_block(source: str, dialect: str | None, depth: int, read_one: StatementReader) -> tuple[list[Op], bool]:
    """Return the operations of a block, and whether all that it does was read."""
    reader = _BlockReader(source, dialect, depth, read_one)
    reader.read()
    return reader.found, not reader.unread


def read_do(cursor: TokenCursor, depth: int, read_one: StatementReader) -> Iterator[Op]:
    """Read what follows DO: the operations of the block, and one `Statement` where it may do more, or does nothing."""
    text = cursor.statement.text
    body = next((token for token in cursor.tokens[cursor.position : cursor.stop] if token.kind == "string"), None)
    words = [token.key for token in cursor.tokens[cursor.position : cursor.stop] if token.kind in {"word", "name"}]
    other = "LANGUAGE" in words and "PLPGSQL" not in words
    if body is None or other:
        return
    found, is_read = read_block(body.text, cursor.dialect, depth, read_one)
    effect: Flag = False if is_read else UNKNOWN
    yield from found
    if not is_read or not found:
        yield ops.Statement(command="DO", effect=effect, text=text)


def _pieces(found: Iterator[SqlToken]) -> Iterator[list[SqlToken]]:
    """Split a block's tokens at the semicolons outside of parentheses."""
    piece: list[SqlToken] = []
    depth = 0
    for token in found:
        depth += (token.key == "(") - (token.key == ")")
        if token.key == ";" and depth <= 0:
            yield piece
            piece = []
        else:
            piece.append(token)
    yield piece


def _until(piece: Sequence[SqlToken], key: str) -> Sequence[SqlToken]:
    """Return what comes before a keyword outside of parentheses and of CASE expressions, all where it does not come."""
    depth = 0
    for place, token in enumerate(piece):
        if token.key == key and depth == 0:
            return piece[:place]
        # the first is the CASE statement whose own THEN is looked for
        depth += (token.key in {"(", "CASE"} and place > 0) - (token.key in {")", "END"})
    return piece


def _after(piece: list[SqlToken], key: str) -> list[SqlToken]:
    return piece[len(_until(piece, key)) + 1 :]
