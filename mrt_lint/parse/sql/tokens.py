"""SQL text as tokens, and tokens as statements. Standard library only.

Comments disappear here and the content of string literals and dollar quotes stays in one token, so nothing downstream can
mistake either for a keyword. The lexical rules are those of the PostgreSQL manual (4.1), the MySQL manual (11.1 and 11.7) and
SQLite's "SQL As Understood By SQLite".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from mrt_lint.model.values import HOLE

LONGEST_STATEMENT = 20_000
"""Tokens of one statement that are kept."""
MOST_STATEMENTS = 10_000
"""Statements of one text that are read."""

GROUPS = {"(": ")", "[": "]", "CASE": "END"}
MYSQL = frozenset({"mysql", "mariadb"})
_BODIES = frozenset({"TRIGGER", "FUNCTION", "PROCEDURE", "PROC", "EVENT", "PACKAGE"})
_LOOPS = frozenset({"IF", "LOOP", "WHILE", "REPEAT", "FOR"})
# after BEGIN these belong to a transaction, and anything else to a body
_TRANSACTIONS = frozenset({"TRAN", "TRANSACTION", "WORK", "ISOLATION", "READ", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", ";"})


class SqlToken(NamedTuple):
    """A token: `kind` is "word", "name" (a quoted identifier), "string", "number", "bind" or "mark".

    `text` is a word as written, and a quoted name or string without its quotes. `key` is what keywords and marks are compared
    with: the word in capitals, the mark itself, nothing for the others. `start` and `end` are offsets in the source.
    """

    kind: str
    text: str
    key: str
    start: int
    end: int


@dataclass(frozen=True)
class StatementTokens:
    """One statement's tokens, without its semicolon, and the text they were read from."""

    # no slots: the groups are worked out when first asked for

    tokens: tuple[SqlToken, ...]
    source: str

    @property
    def text(self) -> str:
        """The statement as written."""
        return self.source[self.tokens[0].start : self.tokens[-1].end] if self.tokens else ""

    @cached_property
    def groups(self) -> dict[int, int]:
        """Where each group that is opened, (…), […] or CASE … END, is closed; those that never are, are left out."""
        closed: dict[int, int] = {}
        opened: dict[str, list[int]] = {ending: [] for ending in GROUPS.values()}
        for place, token in enumerate(self.tokens):
            if token.key in GROUPS:
                opened[GROUPS[token.key]].append(place)
            elif opened.get(token.key):
                closed[opened[token.key].pop()] = place
        return closed


def keywords(words: str) -> frozenset[str]:
    """Make a set of keywords from a line of them."""
    return frozenset(words.split())


def statements(source: str, dialect: str | None = None) -> Iterator[StatementTokens]:
    """Split SQL into its statements; the semicolons inside of a routine's body do not part them.

    Any text is accepted: what closes nowhere (a string, a comment, a dollar quote) reaches to the end. Of a statement or a text
    beyond the limits above, the rest is one HOLE.
    """
    scan = _TokenScanner(source, dialect)
    kept: list[SqlToken] = []
    depth = blocks = count = 0
    routine = False
    for token in scan:
        key = token.key
        if key == ";" and depth <= 0 and not (routine and blocks > 0):
            if kept:
                yield StatementTokens(tuple(kept), source)
                count += 1
            if count == MOST_STATEMENTS:
                kept = [SqlToken("word", HOLE, HOLE, token.end, len(source))]
                break
            kept, depth, blocks, routine, scan.coarse = [], 0, 0, False, False
            continue
        if scan.coarse:
            continue
        kept.append(token)
        if len(kept) == LONGEST_STATEMENT:
            kept.append(SqlToken("word", HOLE, HOLE, token.end, token.end))
            scan.coarse, depth, blocks = True, 0, 0
            continue
        depth += (key == "(") - (key == ")")
        if token.kind == "word":
            routine = routine or _opens_routine(kept)
            blocks += _block(kept) if routine else 0
    if kept:
        yield StatementTokens(tuple(kept), source)


def tokens(source: str, dialect: str | None = None) -> Iterator[SqlToken]:
    """Return all tokens of a text, semicolons included."""
    yield from _TokenScanner(source, dialect)


def backticked(source: str) -> bool:
    """Return whether SQL of an undeclared dialect quotes names in MySQL's way."""
    return "`" in source and any(token.key == "`" for token in _TokenScanner(source, "postgresql"))


def _opens_routine(kept: list[SqlToken]) -> bool:
    first, key = kept[0].key, kept[-1].key
    if first in {"CREATE", "ALTER"}:
        return key in _BODIES
    return len(kept) == 2 and first == "BEGIN" and key not in _TRANSACTIONS  # noqa: PLR2004 - the second word decides


def _block(kept: list[SqlToken]) -> int:
    """Return by how much the last word opens or closes a block; `END IF` and its like are counted at neither end."""
    key = kept[-1].key
    before = kept[-2].key if len(kept) > 1 else ""
    if key in _LOOPS and before == "END":
        return 1
    if len(kept) == 2 and kept[0].key == "BEGIN":  # noqa: PLR2004 - the second word showed that BEGIN opened a block
        return 1 + (key in {"BEGIN", "CASE"})
    if key in {"BEGIN", "CASE"}:
        return 0 if before == "END" else 1
    if key == "END":
        return -1
    return 0


class _TokenScanner:
    """Cuts text into tokens. `coarse` may be set while it does so: then only what can end a statement is cut out."""

    def __init__(self, source: str, dialect: str | None) -> None:
        self.source = source
        self.dialect = dialect
        self.coarse = False

    def __iter__(self) -> Iterator[SqlToken]:
        source, position, length = self.source, 0, len(self.source)
        fine, rough = _lexer(self.dialect).match, _lexer(self.dialect, coarse=True).match
        while position < length:
            found = (rough if self.coarse else fine)(source, position)
            if found is None:  # cannot be: any character is a mark
                return
            kind, end = found.lastgroup or "", found.end()
            if kind == "dollar":
                close = source.find(found.group(), end)
                text = source[end : close if close >= 0 else length]
                end = close + len(found.group()) if close >= 0 else length
                yield SqlToken("string", text, "", position, end)
            elif kind == "nested":
                end = _comment_end(source, end)
            elif kind != "space" and (kind == "mark" or not self.coarse):
                yield _token(kind, found.group(), position, end)
            position = end


def _token(kind: str, raw: str, start: int, end: int) -> SqlToken:
    if kind == "word":
        return SqlToken("word", raw, raw.upper(), start, end)
    if kind in {"name", "string"}:
        body = raw[raw.index(_opening(raw)) + 1 :]
        quote = "]" if raw[0] == "[" else _opening(raw)
        # one that is not closed goes on to the end of the text
        body = body[:-1] if body.endswith(quote) else body
        return SqlToken(kind, body.replace(quote * 2, quote), "", start, end)
    if kind == "cast":
        return SqlToken("mark", "::", "::", start, end)
    if kind == "percent":
        return SqlToken("mark", "%", "%", start, end)
    key = raw if kind == "mark" else ""
    return SqlToken(kind, raw, key, start, end)


def _opening(raw: str) -> str:
    """Return the character that opens a quoted token, behind a prefix such as E, N, X or U&."""
    return next(character for character in raw if character in "'\"`[")


def _comment_end(source: str, position: int) -> int:
    depth = 1
    for edge in re.compile(r"/\*|\*/").finditer(source, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(source)


@cache
def _lexer(dialect: str | None, *, coarse: bool = False) -> re.Pattern[str]:
    """Return the token patterns of a dialect, PostgreSQL's where it is undeclared; the first that matches wins.

    A coarse one passes over whatever cannot hide a semicolon.
    """
    mysql = dialect in MYSQL
    flat = mysql or dialect == "sqlite"  # their comments do not nest
    plain = r"{q}[^{q}]*(?:{q}{q}[^{q}]*)*(?:{q}|\Z)"
    escaped = r"{q}[^{q}\\]*(?:(?:{q}{q}|\\.)[^{q}\\]*)*(?:{q}|\\?\Z)"
    never = r"(?!)"
    # what MySQL runs of `/*!50100 … */` and MariaDB of `/*M!…` too, is SQL to be read: only the marks are passed over
    if mysql:
        comment = rf"/\*{'M?' if dialect == 'mariadb' else ''}!\d*" + r"|\*/|/\*.*?(?:\*/|\Z)|#[^\n]*|--(?=\s|\Z)[^\n]*"
        string = rf"(?:[nNxXbB]|_\w+\s*)?{escaped.replace('{q}', chr(39))}|{escaped.replace('{q}', chr(34))}"
        name = plain.replace("{q}", "`")
    else:
        comment = r"--[^\n]*" + (r"|/\*.*?(?:\*/|\Z)" if flat else "")
        string = rf"(?:[nNxXbB]|[uU]&)?{plain.replace('{q}', chr(39))}|[eE]{escaped.replace('{q}', chr(39))}"
        name = rf"(?:[uU]&)?{plain.replace('{q}', chr(34))}"
    if dialect in {"mssql", "sqlite"}:
        name += rf"|\[[^\]\n]*(?:\]\][^\]\n]*)*\]|{plain.replace('{q}', '`')}"
    prefix = {"mssql": "[@#]+", "oracle": "[@#]+"}.get(dialect or "", "@+" if mysql else never)
    patterns = {
        # `\:` is how sa.text() writes a colon that begins no parameter, and `%%` below how a DB-API driver wants a percent sign
        "space": rf"\s+|{comment}|\\(?=:[^:\\])",
        "nested": never if flat else r"/\*",
        "dollar": r"\$(?:[^\W\d]\w*)?\$" if dialect in {None, "postgresql"} else never,
        "string": string,
        "name": name,
        # `?` alone, for `?|` and `?&` are operators of jsonb
        "bind": r"%\(\w+\)s|%s\b|(?<![:\w\\]):[^\W\d]\w*|\$\d+|\?(?![|&?])",
        "cast": r"\\?:\\?:",
        "percent": r"%%",
        "number": r"(?:\d+\.?\d*|\.\d+)\w*(?:(?<=[eE])[+-]?\d+)?",
        "word": rf"(?:{prefix}|[^\W\d]|{HOLE})(?:[\w$]|{HOLE})*",
        "mark": r":=|<=>|[<>!]=|<>|->>?|\|\||=>|.",
    }
    if coarse:
        patterns["space"] = rf"[^'\"`;$/#\[-]+|{comment}"
        patterns["string"] = rf"(?<=[eE]){escaped.replace('{q}', chr(39))}|{string}"  # the E was passed over
        patterns = {kind: patterns[kind] for kind in ("space", "nested", "dollar", "string", "name", "mark")}
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in patterns.items()), re.DOTALL)
