"""An UPDATE that meets rows and writes what they hold already: such rows prove as little as none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from mrt_lint.parse.sql.tokens import SqlToken, statements
from mrt_runtime.compare.rows import TableRows
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.seed.statement_parts import split

BEFORE_THE_TABLE = frozenset({"ONLY", "LOW_PRIORITY", "IGNORE"})
SEVERAL_TABLES = frozenset({"JOIN", ",", "INNER", "LEFT"})


def find_same(text: str, dialect: str, before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield the UPDATEs in a text that changed no value; nothing where it is not known.

    It is not known of columns that the upgrade made, nor where the upgrade adds or removes rows of the table. A column that is
    set to itself is meant to stay as it is: that fires triggers.
    """
    for part in split(text, dialect):
        tables, columns = read_update(part, dialect)
        if columns and _holds_same(tables, columns, before, after):
            yield part


def _holds_same(tables: Collection[str], columns: tuple[str, ...], before: Snapshot, after: Snapshot) -> bool:
    """Whether the tables of these names hold the same in these columns, those of them that have such columns."""
    looks = [
        {label: rows for label, rows in look.rows.tables.items() if label.rpartition(".")[2].lower() in tables}
        for look in (before, after)
    ]
    if looks[0].keys() != looks[1].keys() or len({label.rpartition(".")[2].lower() for label in looks[0]}) != len(looks[0]):
        return False
    was, now = ({label: count_values(rows, columns) for label, rows in look.items()} for look in looks)
    known = [label for label in was if was[label] is not None or now[label] is not None]
    return any(was[label] for label in known) and all(was[label] == now[label] for label in known)


def read_update(statement: str, dialect: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the tables one of which an UPDATE changes, and the columns that it sets to something else; no columns for none."""
    found = [part.tokens for part in statements(statement, dialect)]
    tokens = found[0] if len(found) == 1 else ()
    start = find_update(tokens)
    keys = [token.key for token in tokens[start:]]
    if start is None or "SET" not in keys:
        return frozenset(), ()
    head = [token for token in tokens[start + 1 : start + keys.index("SET")] if token.key not in BEFORE_THE_TABLE]
    while [token.key for token in head[1:2]] == ["."]:
        head = head[2:]
    names = head if SEVERAL_TABLES & {token.key for token in head} else head[:1]
    return frozenset(token.text.lower() for token in names), tuple(_assigned(tokens[start + keys.index("SET") + 1 :]))


def find_update(tokens: Sequence[SqlToken]) -> int | None:
    """Return where a statement's UPDATE is, behind its common table expressions; None where it is none."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.key == "UPDATE":
            return place
        if place == 0 and token.key != "WITH":
            return None
    return None


def _assigned(tokens: tuple[SqlToken, ...]) -> Iterator[str]:
    """Yield the columns of a SET clause, but those that are set to themselves."""
    depth = 0
    start = True
    for place, token in enumerate(tokens):
        if depth == 0 and token.key in {"WHERE", "FROM", "RETURNING", "ORDER", "LIMIT"}:
            return
        if start and token.key == "(":
            start = False
            listed = tokens[place : next((at for at, other in enumerate(tokens) if at > place and other.key == "="), place)]
            yield from (other.text.lower() for other in listed if other.kind in {"word", "name"})
        elif start and [other.key for other in tokens[place + 1 : place + 2]] == ["="]:
            start = False
            to, ending = tokens[place + 2 : place + 3], tokens[place + 3 : place + 4]
            is_itself = bool(to) and to[0].text.lower() == token.text.lower() and (not ending or ending[0].key in {",", "WHERE"})
            if not is_itself:
                yield token.text.lower()
        depth += (token.key == "(") - (token.key == ")")
        start = start or (depth == 0 and token.key == ",")


def count_values(table: TableRows, columns: tuple[str, ...]) -> Counter[str] | None:
    """Count the values that rows hold in their key and in these columns together; None where a column is not there."""
    names = [name.lower() for name in table.columns]
    if not set(columns) <= set(names):
        return None
    places = [names.index(name) for name in (*(key.lower() for key in table.key), *columns)]
    return Counter(repr([row[place] for place in places]) for row in table.rows)
