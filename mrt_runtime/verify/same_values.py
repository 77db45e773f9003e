"""An UPDATE that meets rows and writes what they hold already: such rows prove as little as none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mrt_lint.parse.sql.tokens import SqlToken, statements
from mrt_runtime.compare.rows import TableRows
from mrt_runtime.compare.snapshot import Snapshot

BEFORE_THE_TABLE = frozenset({"ONLY", "LOW_PRIORITY", "IGNORE"})
SEVERAL_TABLES = frozenset({"JOIN", ",", "INNER", "LEFT"})


def writes_same_values(statement: str, dialect: str, before: Snapshot, after: Snapshot) -> bool:
    """Whether an UPDATE changed no value; False for any other statement, and where it is not known.

    It is not known of columns that the upgrade made, nor where the upgrade adds or removes rows of the table. A column that is
    set to itself is meant to stay as it is: that fires triggers.
    """
    table, columns = read_update(statement, dialect)
    looks = [
        [rows for label, rows in look.rows.tables.items() if label.rpartition(".")[2].lower() == table] for look in (before, after)
    ]
    if not columns or any(len(found) != 1 for found in looks):
        return False
    was, now = (count_values(found[0], columns) for found in looks)
    return bool(was) and was == now


def read_update(statement: str, dialect: str) -> tuple[str, tuple[str, ...]]:
    """Return the table that a single UPDATE changes and the columns that it sets to something else; no columns where unclear."""
    tokens = next(iter(found := [part.tokens for part in statements(statement, dialect)]), ())
    keys = [token.key for token in tokens]
    if len(found) != 1 or keys[:1] != ["UPDATE"] or "SET" not in keys:
        return "", ()
    head = [token for token in tokens[1 : keys.index("SET")] if token.key not in BEFORE_THE_TABLE]
    while [token.key for token in head[1:2]] == ["."]:
        head = head[2:]
    if not head or SEVERAL_TABLES & {token.key for token in head}:
        return "", ()
    return head[0].text.lower(), tuple(_assigned(tokens[keys.index("SET") + 1 :]))


def _assigned(tokens: tuple[SqlToken, ...]) -> Iterator[str]:
    """Yield the columns of a SET clause, but those that are set to themselves."""
    depth = 0
    start = True
    for place, token in enumerate(tokens):
        if depth == 0 and token.key in {"WHERE", "FROM", "RETURNING", "ORDER", "LIMIT"}:
            return
        if start and [other.key for other in tokens[place + 1 : place + 2]] == ["="]:
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
