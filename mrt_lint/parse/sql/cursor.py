"""A position in a statement's tokens, and the small steps that every reader takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from mrt_lint.model.values import HOLE, UNKNOWN, MaybeName, Name
from mrt_lint.parse.sql.tokens import GROUPS, SqlToken, StatementTokens

# PostgreSQL folds names without quotes to lower case; these keep them as they are written
_AS_WRITTEN = frozenset({"mysql", "mariadb", "sqlite", "mssql"})
_END = SqlToken("end", "", "", 0, 0)


class TokenCursor:
    """Reads a span of tokens from left to right; what is past its end is an empty token, so reading never fails."""

    def __init__(self, statement: StatementTokens, dialect: str | None, start: int = 0, stop: int | None = None) -> None:
        self.statement = statement
        self.dialect = dialect
        self.tokens = statement.tokens
        self.position = start
        self.stop = len(statement.tokens) if stop is None else stop

    @property
    def token(self) -> SqlToken:
        """The token that comes next."""
        return self.peek()

    @property
    def key(self) -> str:
        """The keyword or mark that comes next, "" for anything else."""
        return self.peek().key

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.position >= self.stop

    def peek(self, ahead: int = 0) -> SqlToken:
        """Return the token so many places ahead."""
        place = self.position + ahead
        return self.tokens[place] if place < self.stop else _END

    def take(self) -> SqlToken:
        """Step over one token."""
        token = self.peek()
        self.position += 1
        return token

    def at(self, phrase: str) -> bool:
        """Return whether these keywords come next: "IF NOT EXISTS"."""
        return all(self.peek(ahead).key == key for ahead, key in enumerate(_words(phrase)))

    def accept(self, *phrases: str) -> str:
        """Step over the first of these phrases that comes next; "" where none does."""
        key = self.key
        for phrase in phrases if key else ():
            # nearly all phrases fail here, before they are taken apart
            if phrase.startswith(key) and self.at(phrase):
                self.position += len(_words(phrase))
                return phrase
        return ""

    def name(self) -> Name:
        """Step over one identifier; UNKNOWN if none comes next or a part of it could not be read."""
        token = self.peek()
        if token.kind not in {"word", "name", "string"}:
            if token.kind == "bind":
                self.position += 1
            return UNKNOWN
        self.position += 1
        return self.fold(token)

    def fold(self, token: SqlToken) -> Name:
        """Return an identifier as the database keeps it, in the case SQLAlchemy would write it in."""
        if HOLE in token.text:
            return UNKNOWN
        return token.text.lower() if token.kind == "word" and self.dialect not in _AS_WRITTEN else token.text

    def path(self) -> tuple[MaybeName, Name]:
        """Step over a name that may be qualified; return its schema (None without one) and the name itself."""
        *schemas, name = self.parts()
        return schemas[-1] if schemas else None, name

    def parts(self) -> list[Name]:
        """Step over a name that may be qualified; return its parts."""
        found = [self.name()]
        while self.accept("."):
            found.append(self.name())
        return found

    def names(self) -> tuple[Name, ...]:
        """Step over a list of plain names in parentheses; sort orders and lengths of prefixes are skipped."""
        return tuple([item.name() for item in self.group()])

    def group(self) -> Iterator[TokenCursor]:
        """Step over a parenthesised list and return a cursor for each of its items; nothing if no "(" comes next."""
        yield from self.inside().items()

    def inside(self) -> TokenCursor:
        """Step over a group in parentheses; return a cursor for what it holds, an empty one where no "(" comes next."""
        if self.key != "(":
            return TokenCursor(self.statement, self.dialect, self.position, self.position)
        start, self.position = self.position + 1, self.closing() + 1
        return TokenCursor(self.statement, self.dialect, start, min(self.position - 1, self.stop))

    def items(self) -> Iterator[TokenCursor]:
        """Return a cursor for each part between the commas outside of parentheses, up to the end."""
        start = self.position
        while self.position < self.stop:
            if self.key == ",":
                yield TokenCursor(self.statement, self.dialect, start, self.position)
                start = self.position + 1
            self.skip()
        if start < self.stop:
            yield TokenCursor(self.statement, self.dialect, start, self.stop)

    def skip(self) -> None:
        """Step over one token or one whole group: (…), […] or CASE … END."""
        self.position = self.closing() + 1 if self.key in GROUPS else self.position + 1

    def closing(self) -> int:
        """Find where the group that comes next is closed; the end where it never is."""
        return min(self.statement.groups.get(self.position, self.stop), self.stop)

    def until(self, *keys: str) -> TokenCursor:
        """Step to the first of these keywords outside of parentheses; return a cursor for what was passed."""
        start = self.position
        while self.position < self.stop and self.key not in keys:
            self.skip()
        self.position = min(self.position, self.stop)
        return TokenCursor(self.statement, self.dialect, start, self.position)

    def rest(self) -> TokenCursor:
        """Return a cursor for all that is left."""
        return TokenCursor(self.statement, self.dialect, self.position, self.stop)

    def has(self, key: str) -> bool:
        """Return whether a keyword is left outside of parentheses."""
        return not self.rest().to(key).done

    def to(self, *keys: str) -> TokenCursor:
        """Step to the first of these keywords and return the same cursor."""
        self.until(*keys)
        return self

    def text(self) -> MaybeName:
        """Return what is left as SQL text, comments dropped and white space squeezed; None if nothing is, UNKNOWN with a hole."""
        left = self.tokens[self.position : self.stop]
        if not left:
            return None
        if any(HOLE in token.text for token in left):
            return UNKNOWN
        source, parts = self.statement.source, [source_of(self.statement.source, left[0])]
        for before, token in pairwise(left):
            parts.append(" " if token.start > before.end else "")
            parts.append(source_of(source, token))
        return "".join(parts)

    def capitals(self) -> MaybeName:
        """Return what is left as `text` does, in capitals: what an ALTER does that has no operation of its own."""
        text = self.text()
        return text.upper() if isinstance(text, str) else text


@cache
def _words(phrase: str) -> tuple[str, ...]:
    return tuple(phrase.split(" "))


def source_of(source: str, token: SqlToken) -> str:
    """Return a token as it was written, the escapes of `sa.text` and of Python's formatting undone."""
    return token.key if token.kind == "mark" else source[token.start : token.end]
