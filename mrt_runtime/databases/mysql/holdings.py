"""What a lent MySQL or MariaDB database holds, each object with a fingerprint of its definition and its rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mrt_runtime.databases.mysql.copy import KINDS, read_columns
from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.row_sum import Columns, RowSum, shown_alike, sum_rows

PROGRAMS = """SELECT 'TRIGGER', TRIGGER_NAME,
    CONCAT_WS(' ', ACTION_TIMING, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_STATEMENT),
    UNIX_TIMESTAMP(CREATED) FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {name}
UNION ALL SELECT ROUTINE_TYPE, ROUTINE_NAME, CONCAT_WS(' ', DTD_IDENTIFIER, ROUTINE_COMMENT, LAST_ALTERED, ROUTINE_DEFINITION),
    UNIX_TIMESTAMP(CREATED) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name}
UNION ALL SELECT 'EVENT', EVENT_NAME, CONCAT_WS(' ', STATUS, LAST_ALTERED, EVENT_DEFINITION),
    UNIX_TIMESTAMP(CREATED) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name}"""
TABLES = """SELECT TABLE_TYPE, TABLE_NAME, UNIX_TIMESTAMP(CREATE_TIME) FROM information_schema.TABLES
WHERE TABLE_SCHEMA = {name} ORDER BY TABLE_NAME"""
COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
"""What inserting a row changes in a table's definition."""
COLUMNS: dict[tuple[str, str, str], Columns] = {}
"""Those of each table by its database, name and definition: the server takes longer to list them than to add up a few rows."""


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """An object under its name, as it is at one moment.

    definition: what it was made with, its time of creation included. count: how many rows it holds; checksum: what they add up to.
    """

    kind: str
    name: str
    definition: str = ""
    made: int = 0
    count: int = 0
    checksum: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it among the others that there are."""
        return self.kind, self.name

    @property
    def digest(self) -> str:
        """Twelve characters for all that it is."""
        return shorten(self.kind, self.name, self.definition, self.made, self.count, self.checksum)

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.name}"


def read_holdings(cursor: Any, database: str, mark: str) -> list[Holding]:
    """Read all that a database holds but the run's mark."""
    found = read_tables(cursor, database)
    cursor.execute(PROGRAMS.format(name=literal(database)))
    found += [Holding(str(kind), str(name), str(text), int(made or 0)) for kind, name, text, made in cursor.fetchall()]
    return sorted(holding for holding in found if holding.name != mark)


def read_tables(cursor: Any, database: str, among: Collection[str] | None = None) -> list[Holding]:
    """Read the tables, views and sequences of a database, or some of them."""
    cursor.execute(TABLES.format(name=literal(database)))
    tables = [(KINDS.get(str(kind), "TABLE"), str(name), int(made or 0)) for kind, name, made in cursor.fetchall()]
    tables = [table for table in tables if among is None or table[1] in among]
    found = []
    for kind, name, made in tables:
        cursor.execute(f"SHOW CREATE {kind} {quote(database)}.{quote(name)}")
        found.append(Holding(kind, name, COUNTER.sub("", str(cursor.fetchall()[0][1])), made))
    rows = read_rows(cursor, database, {one.name: one for one in found if one.kind == "TABLE"})
    return [replace(one, count=rows[one.name][0], checksum=rows[one.name][1]) if one.name in rows else one for one in found]


def read_rows(cursor: Any, database: str, tables: Mapping[str, Holding]) -> dict[str, RowSum]:
    """Count the rows of tables, and add them up."""

    def ask(query: str) -> Iterable[Sequence[Any]]:
        cursor.execute(query)
        rows: Iterable[Sequence[Any]] = cursor.fetchall()
        return rows

    with shown_alike(ask):
        definitions = {name: (database, name, table.definition) for name, table in tables.items()}
        if not all(definition in COLUMNS for definition in definitions.values()):
            known = read_columns(ask, database)
            COLUMNS.update({definitions[name]: columns for name, columns in known.items() if name in definitions})
        found = sum_rows(ask, [(f"{quote(database)}.{quote(name)}", COLUMNS[defined]) for name, defined in definitions.items()])
    return dict(zip(definitions, found, strict=True))


def find_needed(holdings: Iterable[Holding], others: Collection[Holding]) -> set[tuple[str, str]]:
    """Find what is named in the definition of something that others made: a view over it, a foreign key to it."""
    texts = [other.definition for other in others]
    return {holding.key for holding in holdings if any(re.search(rf"\b{re.escape(holding.name)}\b", text) for text in texts)}


def shorten(*parts: object) -> str:
    """Compute twelve characters that represent a value."""
    return hashlib.blake2s(repr(parts).encode(), digest_size=6).hexdigest()
