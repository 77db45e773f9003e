"""The databases that a statement names: `other.t` where a table, routine or other object is written to or called.

A qualified name is also `alias.column`, so the place in the statement decides: behind FROM, JOIN, INTO, TABLE and their like the
first part is a database. Elsewhere it is one if the statement mentions no table, alias or variable of that name. What is only
read (behind SELECT, or in a group that begins with it) is left out, for reading elsewhere changes nothing; a view is not left
out, for what is written to it arrives in its tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mrt_lint.parse.sql.tokens import SqlToken, keywords

OPENING = frozenset(
    {
        *("JOIN", "STRAIGHT_JOIN", "TABLE", "TABLES", "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "PACKAGE"),
        *("BODY", "CALL", "REFERENCES", "RENAME", "TO", "HANDLER"),
    }
)
"""Keywords behind which the name of an object is next."""
VERBS = frozenset({"INSERT", "REPLACE", "DELETE", "UPDATE", "TRUNCATE"})
BEFORE_NO_VERB = frozenset({"ON", "BEFORE", "AFTER", "OR", "FOR", "KEY"})
"""What is before UPDATE, DELETE or INSERT where these are no verbs: ON DELETE CASCADE, FOR UPDATE, BEFORE INSERT."""
LISTS = frozenset({"FROM", "DELETE", "UPDATE", "TABLE", "TABLES", "VIEW", "USING"})
"""Keywords that a list of tables may follow."""
CLOSING = frozenset({"WHERE", "SET", "GROUP", "ORDER", "HAVING", "LIMIT", "WINDOW", "RETURNING", "VALUES", "VALUE", "ADD", "LIKE"})
PASSED = keywords(
    "LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK IGNORE IF NOT EXISTS LATERAL ONLY LOCAL NO_WRITE_TO_BINLOG TEMPORARY CONCURRENT"
)
"""Keywords between one of these and the name."""
BOUNDARIES = frozenset({";", "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW", "ATOMIC"})
"""Where another statement begins inside a routine."""
READABLE = frozenset({"information_schema", "sys"})
"""Databases that nothing can be written to, by a table or a function."""
SEQUENCE_VALUES = frozenset({"NEXTVAL", "CURRVAL"})


@dataclass(slots=True)
class Span:
    """What is known at a place of a statement, inside one pair of parentheses.

    expects: whether the name of an object is next. lists: whether a comma makes it next again. reads: whether what is named here is
    only read. is_query: whether FROM is a clause here, and no word of EXTRACT or TRIM.
    """

    expects: bool = False
    lists: bool = False
    reads: bool = False
    is_query: bool = True


class TargetReader:
    """Reads the databases of one statement's written or called objects, in order."""

    def __init__(self, tokens: Sequence[SqlToken], source: str) -> None:
        self._tokens = tokens
        self._source = source
        self._spans = [Span()]
        self._first = self._at(0)
        self._is_view = False
        self._ons = 0
        self._mentioned: set[str] = set()
        for place in range(len(tokens)):
            if self._is_name(place) and self._at(place + 1) != ".":
                self._mentioned.add(tokens[place].text.lower())

    def databases(self) -> Iterator[str]:
        """Yield each database that something is written to or called in by its name."""
        place = 0
        while place < len(self._tokens):
            if self._is_name(place) and self._at(place + 1) == "." and self._at(place - 1) != ".":
                end = self._end_of_chain(place)
                if end > place + 1 and self._is_target(place, end):
                    yield self._tokens[place].text
                self._spans[-1].expects = False
                place = end
            else:
                self._step(place)
                place += 1

    def _at(self, place: int) -> str:
        return self._tokens[place].key if 0 <= place < len(self._tokens) else ""

    def _is_name(self, place: int) -> bool:
        """Whether a name is here; a text in double quotes is one under ANSI_QUOTES, and then part of a qualified name."""
        token = self._tokens[place]
        if token.kind == "string":
            return self._source[token.start] == '"' and "." in {self._at(place + 1), self._at(place - 1)}
        return token.kind == "name" or (token.kind == "word" and not token.text.startswith("@"))

    def _end_of_chain(self, place: int) -> int:
        end = place + 1
        while self._at(end) == "." and end + 1 < len(self._tokens) and self._at(end + 1) != "*":  # DELETE t.* FROM t
            end += 2
        return end

    def _is_target(self, place: int, end: int) -> bool:
        span, name = self._spans[-1], self._tokens[place].text.lower()
        last = self._tokens[end - 1]
        if name in READABLE:
            return False
        if span.expects:
            return not span.reads or self._at(end) == "("
        if self._at(end) == "(":  # a function's call
            return self._at(place - 1) != "INTO"
        if span.reads or last.key in SEQUENCE_VALUES or self._at(place - 1) == "LIKE":
            return False
        is_column = name in self._mentioned or self._tokens[place].key in {"NEW", "OLD"}
        return end - place > 3 or not is_column  # noqa: PLR2004  database.table.column

    def _step(self, place: int) -> None:
        token, span = self._tokens[place], self._spans[-1]
        if token.key == "(":
            opened = self._at(place + 1)
            is_query = opened in {"SELECT", "WITH", "("}
            self._spans.append(Span(span.expects, span.expects, span.reads, is_query or span.expects))
        elif token.key == ")":
            if len(self._spans) > 1:
                self._spans.pop()
            self._spans[-1].expects = False
        elif token.key == ",":
            span.expects = span.lists
        elif token.key in BOUNDARIES and (token.key != "REPEAT" or self._at(place + 1) != "("):
            span.expects = span.lists = span.reads = False
        elif token.kind in {"name", "string"} or (token.kind == "word" and not self._keyword(place, span)):
            span.expects = False

    def _keyword(self, place: int, span: Span) -> bool:
        """Take notice of a keyword; return False for any other word, which is a name."""
        key, following = self._at(place), self._at(place + 1)
        if key in PASSED:
            return True
        if key in CLOSING:
            span.expects = span.lists = False
        elif key in VERBS and following != "(":
            if self._at(place - 1) not in BEFORE_NO_VERB:
                span.expects, span.lists, span.reads = True, key in LISTS, False
        elif key in OPENING:
            self._is_view = self._is_view or (key == "VIEW" and not span.reads)
            span.expects = True
            span.lists = span.lists or key in LISTS
        else:
            return self._clause(key, following, span)
        return True

    def _clause(self, key: str, following: str, span: Span) -> bool:
        """Do the same for the keywords of clauses."""
        if key == "SELECT":
            span.expects, span.lists, span.reads = False, False, not self._is_view
        elif key == "FROM":
            span.expects = span.lists = span.is_query
        elif key == "INTO":
            span.expects = not span.reads
        elif key == "USING":
            span.expects = span.lists = following != "("
        elif key == "ON":
            self._ons += 1
            span.expects = self._ons == 1 and self._first in {"CREATE", "DROP"} and not span.lists and not span.reads
        else:
            return False
        return True
