"""A sample of a MySQL or MariaDB database: some rows of each table, dumped by conditions, and the rows that these refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.subset import BATCH, SubsetKey, choose, complete

KEYS = """SELECT constraint_name, table_name, column_name, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = {name} AND referenced_table_schema = {name} ORDER BY table_name, constraint_name, ordinal_position"""
PRIMARY = """SELECT column_name FROM information_schema.key_column_usage
WHERE table_schema = {name} AND table_name = {table} AND constraint_name = 'PRIMARY' ORDER BY ordinal_position"""
TYPES = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = {name} AND table_name = {table}"
OF_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit"})
Dump = Callable[[str, str], None]
"""Copies the rows of a table that meet a condition."""


class MySQLSample:
    """Fills the tables of a copy through `dump`, whose programs check no keys meanwhile. Both connections only read."""

    def __init__(self, source: Connection, copy: Connection, rows: int, dump: Dump) -> None:
        self._source = source
        self._copy = copy
        self._rows = rows
        self._dump = dump
        self._name = literal(str(source.engine.url.database))

    def fill(self, tables: Sequence[str]) -> None:
        """Copy the rows."""
        for table in tables:
            self._take(table)
        complete(self._read_keys({table.lower(): table for table in tables}), self._bring)

    def _take(self, table: str) -> None:
        key = self._source.exec_driver_sql(PRIMARY.format(name=self._name, table=literal(table))).scalars().all()
        names = [quote(str(name)) for name in key]
        for ending in choose(lambda query: self._source.exec_driver_sql(query).scalar_one(), quote(table), names, self._rows):
            self._dump(table, f"1 = 1{ending}")

    def _read_keys(self, known: Mapping[str, str]) -> Iterator[SubsetKey]:
        """Yield the foreign keys; servers differ in the letter case of the names that they show."""
        found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for name, child, column, parent, referred in self._source.exec_driver_sql(KEYS.format(name=self._name)).all():
            found.setdefault((child, name), []).append((column, parent, referred))
        for (child, _), parts in found.items():
            ends = known.get(child.lower()), known.get(parts[0][1].lower())
            if ends[0] is not None and ends[1] is not None:
                yield SubsetKey(ends[0], tuple(part[0] for part in parts), ends[1], tuple(part[2] for part in parts))

    def _bring(self, key: SubsetKey) -> int:
        """Bring the rows that one foreign key lacks."""
        types = dict(map(tuple, self._source.exec_driver_sql(TYPES.format(name=self._name, table=literal(key.child))).all()))
        wanted = ", ".join(
            f"concat('0x', hex(c.{quote(column)}))" if str(types[column]).lower() in OF_BYTES else f"quote(c.{quote(column)})"
            for column in key.columns
        )
        present = " AND ".join(f"c.{quote(column)} IS NOT NULL" for column in key.columns)
        same = " AND ".join(f"p.{quote(to)} = c.{quote(own)}" for own, to in zip(key.columns, key.referred, strict=True))
        absent = f"NOT EXISTS (SELECT 1 FROM {quote(key.parent)} AS p WHERE {same})"
        missing = f"SELECT DISTINCT {wanted} FROM {quote(key.child)} AS c WHERE {present} AND {absent}"
        values = [tuple(map(str, row)) for row in self._copy.exec_driver_sql(missing).all()]
        if not values:
            return 0
        before = self._count(key.parent)
        for start in range(0, len(values), BATCH):
            listed = ", ".join(f"({', '.join(row)})" for row in values[start : start + BATCH])
            self._dump(key.parent, f"({', '.join(map(quote, key.referred))}) IN ({listed})")
        return self._count(key.parent) - before

    def _count(self, table: str) -> int:
        return int(self._copy.exec_driver_sql(f"SELECT count(*) FROM {quote(table)}").scalar_one())
