"""What SQLite keeps only as the text of CREATE statements: constraint names, checks, collations, generated expressions.

The pragmas do not show them (https://sqlite.org/pragma.html), so the stored text is read by its grammar
(https://sqlite.org/lang_createtable.html). Pure: the same text yields the same value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mrt_lint.parse.sql.tokens import SqlToken, tokens
from mrt_runtime.compare.schema import Check, ForeignKey, Key

PLAIN_NAME = re.compile(r"[^\W\d][\w$]*")
TIGHT_BEFORE = frozenset("),.;")
TIGHT_AFTER = frozenset("(.")
SPACED_PARENTHESIS = frozenset(
    {"AND", "AS", "BETWEEN", "CHECK", "ELSE", "IN", "KEY", "NOT", "ON", "OR", "THEN", "VALUES", "WHEN", "WHERE"}
)
COLUMN_CONSTRAINTS = frozenset(
    {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS"}
)
TABLE_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})


class DefinitionToken(NamedTuple):
    """A token: `text` as shown (a quoted plain name loses its quotes), `word` in upper case for a bare word, else ""."""

    text: str
    word: str
    name: str


def tokens_of(sql: str) -> list[DefinitionToken]:
    """Split SQL into tokens, without spaces and comments."""
    return [_definition_token(token, sql) for token in tokens(sql, "sqlite")]


def _definition_token(token: SqlToken, sql: str) -> DefinitionToken:
    if token.kind == "word":
        return DefinitionToken(token.text, token.key, token.text)
    written = sql[token.start : token.end]
    if token.kind == "name":
        shown = token.text if PLAIN_NAME.fullmatch(token.text) else '"' + token.text.replace('"', '""') + '"'
        return DefinitionToken(shown, "", token.text)
    return DefinitionToken(written, "", token.text)


def rendered(tokens: Sequence[DefinitionToken]) -> str:
    """Write tokens in one fixed spacing and quoting, so that only a change of meaning changes the text."""
    parts: list[str] = []
    previous = DefinitionToken("(", "", "(")
    for token in tokens:
        # f(x) and t(a, b) are written tight, `IN (…)` and `CHECK (…)` are not
        called = token.text == "(" and previous.name[-1:].isalnum() and previous.word not in SPACED_PARENTHESIS
        signed = len(parts) == 1 and parts[0] in {"+", "-"}
        tight = token.text in TIGHT_BEFORE or previous.text in TIGHT_AFTER or called or signed
        parts.append(token.text if tight else " " + token.text)
        previous = token
    return "".join(parts)


class TokenReader:
    """A place in a list of tokens."""

    def __init__(self, tokens: Sequence[DefinitionToken]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def word(self) -> str:
        """The upper-case word here, "" at the end or before anything else."""
        return self.tokens[self.at].word if self.at < len(self.tokens) else ""

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.tokens)

    def take(self) -> DefinitionToken:
        """Step over one token and return it; an empty one at the end."""
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else DefinitionToken("", "", "")

    def accept(self, *words: str) -> bool:
        """Step over these words if they come next in this order."""
        here = tuple(token.word for token in self.tokens[self.at : self.at + len(words)])
        if here == words:
            self.at += len(words)
        return here == words

    def at_group(self) -> bool:
        """Whether an opening parenthesis comes next."""
        return not self.ended and self.tokens[self.at].text == "("

    def group(self) -> list[DefinitionToken]:
        """Step over a parenthesised group, if one comes next, and return what is inside."""
        if not self.at_group():
            return []
        depth, start = 0, self.at + 1
        while not self.ended:
            depth += {"(": 1, ")": -1}.get(self.take().text, 0)
            if depth == 0:
                break
        return list(self.tokens[start : self.at - 1])


def split(tokens: Sequence[DefinitionToken]) -> list[list[DefinitionToken]]:
    """Split at the commas outside parentheses."""
    parts: list[list[DefinitionToken]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


@dataclass(slots=True)
class TableDefinition:
    """What a CREATE TABLE says beyond the pragmas; the mappings are by column."""

    primary_key: Key | None = None
    uniques: list[Key] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    collations: dict[str, str] = field(default_factory=dict)
    generated: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    autoincrement: bool = False
    descending_key: bool = False
    options: tuple[tuple[str, str], ...] = ()


def read_table(sql: str) -> TableDefinition:
    """Read the text of CREATE TABLE; of a virtual table only that it is one and by which module."""
    reader = TokenReader(tokens_of(sql))
    found = TableDefinition()
    if reader.accept("CREATE", "VIRTUAL"):
        using = [token.word for token in reader.tokens].index("USING")
        found.options = (("virtual", rendered(reader.tokens[using + 1 :])),)
        return found
    while not reader.ended and not reader.at_group():
        reader.take()
    for part in split(reader.group()):
        item = TokenReader(part)
        if item.word in TABLE_CONSTRAINTS:
            while not item.ended:
                _constraint(item, found, None)
        else:
            _column(item, found)
    words = [token.word for token in reader.tokens[reader.at :]]
    found.options = tuple((name, "yes") for name in ("without rowid", "strict") if name.upper() in " ".join(words))
    return found


def _column(reader: TokenReader, found: TableDefinition) -> None:
    name = reader.take().name
    while not reader.ended and reader.word not in COLUMN_CONSTRAINTS:
        reader.take()
    while not reader.ended:
        _constraint(reader, found, name)


def _constraint(reader: TokenReader, found: TableDefinition, column: str | None) -> None:
    """Read one constraint of a column, or of the table where `column` is None."""
    name = reader.take().name if reader.accept("CONSTRAINT") else None
    own = (column,) if column is not None else ()
    if reader.accept("PRIMARY", "KEY"):
        columns = own or _names(reader.group())
        found.descending_key = reader.accept("DESC")
        reader.accept("ASC")
        found.primary_key = Key(name=name, named=name is not None, columns=columns, options=_conflict(reader))
        found.autoincrement |= reader.accept("AUTOINCREMENT")
    elif reader.accept("UNIQUE"):
        columns = own or _names(reader.group())
        found.uniques.append(Key(name=name, named=name is not None, columns=columns, options=_conflict(reader)))
    elif reader.accept("CHECK"):
        found.checks.append(Check(name=name, named=name is not None, expression=rendered(reader.group())))
        _conflict(reader)
    elif reader.accept("FOREIGN", "KEY"):
        columns = _names(reader.group())
        reader.accept("REFERENCES")
        found.foreign_keys.append(_reference(reader, name, columns))
    elif reader.accept("REFERENCES"):
        found.foreign_keys.append(_reference(reader, name, own))
    elif column is not None:
        _attribute(reader, found, column)
    else:
        reader.take()


def _attribute(reader: TokenReader, found: TableDefinition, column: str) -> None:
    if reader.accept("NOT", "NULL"):
        for _, action in _conflict(reader):
            found.conflicts[column] = action
    elif reader.accept("COLLATE"):
        found.collations[column] = reader.take().name.upper()
    elif reader.accept("DEFAULT"):
        if not reader.group() and reader.take().text in {"+", "-"}:
            reader.take()
    elif reader.accept("GENERATED", "ALWAYS", "AS") or reader.accept("AS"):
        found.generated[column] = rendered(reader.group())
    else:
        reader.take()


def _names(tokens: Sequence[DefinitionToken]) -> tuple[str, ...]:
    return tuple(part[0].name for part in split(tokens))


def _conflict(reader: TokenReader) -> tuple[tuple[str, str], ...]:
    return (("on conflict", reader.take().word),) if reader.accept("ON", "CONFLICT") else ()


def _reference(reader: TokenReader, name: str | None, columns: tuple[str, ...]) -> ForeignKey:
    table = reader.take().name
    referred = _names(reader.group())
    actions = {"DELETE": "NO ACTION", "UPDATE": "NO ACTION"}
    match, deferrable, deferred = "SIMPLE", False, False
    while not reader.ended:
        if reader.accept("ON", "DELETE") or reader.accept("ON", "UPDATE"):
            event = reader.tokens[reader.at - 1].word
            action = reader.take().word
            actions[event] = f"{action} {reader.take().word}" if action in {"SET", "NO"} else action
        elif reader.accept("MATCH"):
            match = reader.take().word
        elif reader.accept("NOT", "DEFERRABLE"):
            deferrable = False
        elif reader.accept("DEFERRABLE"):
            deferrable = True
        elif reader.accept("INITIALLY"):
            deferred = reader.take().word == "DEFERRED"
        else:
            break
    return ForeignKey(
        name=name,
        named=name is not None,
        columns=columns,
        referred_table=table,
        referred_columns=referred,
        on_delete=actions["DELETE"],
        on_update=actions["UPDATE"],
        match=match,
        deferrable=deferrable,
        initially_deferred=deferrable and deferred,
    )
