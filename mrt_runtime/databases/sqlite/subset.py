"""A sample of a SQLite file, in a new file. The given one is attached for reading."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.sqlite.catalogue import NUMBERS
from mrt_runtime.databases.sqlite.content import quote
from mrt_runtime.databases.sqlite.copying import reported, write_uri
from mrt_runtime.databases.subset import SubsetKey, choose, complete

DEFINITIONS = """SELECT type, name, sql FROM given.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid"""
SETTINGS = ("page_size", "encoding", "auto_vacuum")  # a file has them from its first table on


def copy_sample(source: Path, target: Path, rows: int) -> None:
    """Copy some rows of each table with all that they refer to. Raises ConfigurationError where the file cannot be read."""
    with reported(source), contextlib.closing(sqlite3.connect(target.resolve().as_uri(), uri=True, isolation_level=None)) as copy:
        copy.execute("ATTACH DATABASE ? AS given", (write_uri(source),))
        for name in SETTINGS:
            copy.execute(f"PRAGMA main.{name} = {literal(copy.execute(f'PRAGMA given.{name}').fetchone()[0])}")
        copy.execute("PRAGMA foreign_keys = OFF")
        copy.execute("BEGIN")
        SQLiteSample(copy, rows).make()
        copy.execute("COMMIT")
        for name in NUMBERS:
            copy.execute(f"PRAGMA main.{name} = {copy.execute(f'PRAGMA given.{name}').fetchone()[0]}")


class SQLiteSample:
    """Fills `main` from `given`, which one connection has both open."""

    def __init__(self, connection: sqlite3.Connection, rows: int) -> None:
        self._connection = connection
        self._rows = rows

    def make(self) -> None:
        """Make the tables, fill them, and then all that would react to rows or check them."""
        found = self._connection.execute(DEFINITIONS).fetchall()
        virtual = [name for kind, name, sql in found if kind == "table" and sql.upper().startswith("CREATE VIRTUAL")]
        if virtual:
            raise ConfigurationError(f"Table {virtual[0]} is a virtual one, of which no sample is taken: leave --subset out.")
        tables = [name for kind, name, _ in found if kind == "table"]
        for kind, _, sql in found:
            if kind == "table":
                self._connection.execute(sql)
        for table in tables:
            self._take(table)
        known = {table.lower(): table for table in tables}
        complete([key for table in tables for key in self._read_keys(table, known)], self._bring)
        self._copy_counters()
        for kind, _, sql in found:
            if kind != "table":
                self._connection.execute(sql)

    def _take(self, table: str) -> None:
        place = f"given.{quote(table)}"
        for ending in choose(lambda query: self._connection.execute(query).fetchone()[0], place, self._order(table), self._rows):
            self._insert(table, ending)

    def _order(self, table: str) -> list[str]:
        key = [(row[5], quote(row[1])) for row in self._connection.execute(f"PRAGMA given.table_info({quote(table)})") if row[5]]
        return [name for _, name in sorted(key)] or ["rowid"]

    def _columns(self, table: str) -> str:
        """Return the columns that can be written to."""
        listed = self._connection.execute(f"PRAGMA given.table_xinfo({quote(table)})")
        return ", ".join(quote(row[1]) for row in listed if row[6] == 0)

    def _read_keys(self, table: str, known: Mapping[str, str]) -> Iterator[SubsetKey]:
        """Yield the foreign keys of a table that point at one that is there; letter case means nothing in their names."""
        listed: dict[int, list[tuple[int, str, str, str | None]]] = {}
        for number, place, parent, column, referred, *_ in self._connection.execute(
            f"PRAGMA given.foreign_key_list({quote(table)})"
        ):
            listed.setdefault(number, []).append((place, parent, column, referred))
        for parts in listed.values():
            parts.sort()
            parent = known.get(parts[0][1].lower())
            if parent is None:
                continue
            own = self._order(parent)
            names = [quote(referred) if referred is not None else own[place] for place, _, _, referred in parts]
            yield SubsetKey(table, tuple(quote(part[2]) for part in parts), parent, tuple(names))

    def _bring(self, key: SubsetKey) -> int:
        pairs = list(zip(key.columns, key.referred, strict=True))
        needed = " AND ".join(f"c.{column} = p.{referred}" for column, referred in pairs)
        there = " AND ".join(f"m.{referred} = p.{referred}" for _, referred in pairs)
        return self._insert(
            key.parent,
            f" AS p WHERE EXISTS (SELECT 1 FROM main.{quote(key.child)} AS c WHERE {needed})"
            f" AND NOT EXISTS (SELECT 1 FROM main.{quote(key.parent)} AS m WHERE {there})",
        )

    def _insert(self, table: str, condition: str) -> int:
        columns = self._columns(table)
        rows = f"SELECT {columns} FROM given.{quote(table)}{condition}"
        return self._connection.execute(f"INSERT INTO main.{quote(table)} ({columns}) {rows}").rowcount

    def _copy_counters(self) -> None:
        """Take over how far AUTOINCREMENT has counted."""
        if self._connection.execute("SELECT 1 FROM given.sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            self._connection.execute("DELETE FROM main.sqlite_sequence")
            self._connection.execute("INSERT INTO main.sqlite_sequence SELECT * FROM given.sqlite_sequence")


def literal(value: object) -> str:
    """Return the value of a pragma as it is written."""
    return str(value) if isinstance(value, int) else f"'{value}'"
