"""A sample of a PostgreSQL database: its definitions by pg_dump, some rows of each table, and the rows that these refer to.

Rows travel as COPY writes them, so every type comes across as it is. Keys, triggers and indexes are made when all rows are there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.databases.postgresql.quoting import literal, quote
from mrt_runtime.databases.subset import BATCH, SubsetKey, choose, complete

TABLES = """SELECT c.oid, c.oid::regclass::text, c.relkind::text,
  ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
  ARRAY(SELECT a.attname::text FROM pg_catalog.pg_index AS i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.place)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY c.oid"""
KEYS = """SELECT f.conrelid::regclass::text, f.confrelid::regclass::text,
  ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.number ORDER BY k.place),
  ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.number ORDER BY k.place),
  ARRAY(SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.number ORDER BY k.place)
FROM pg_catalog.pg_constraint AS f WHERE f.contype = 'f' AND f.conparentid = 0"""
SEQUENCES = """SELECT c.oid::regclass::text FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')"""
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
NAMES_IN_FULL = "SET search_path = pg_catalog"


class PostgresSample:
    """Fills the tables of `copy`, which have no keys yet, from `source`; both connections commit by themselves."""

    def __init__(self, source: Connection, copy: Connection, rows: int) -> None:
        self._source = source
        self._copy = copy
        self._rows = rows
        self._columns: dict[str, tuple[str, ...]] = {}
        self._partitioned: set[str] = set()
        self._types: dict[SubsetKey, tuple[str, ...]] = {}
        for connection in (source, copy):
            connection.exec_driver_sql(NAMES_IN_FULL)
        source.exec_driver_sql(READING)

    @property
    def snapshot(self) -> str:
        """The name under which pg_dump sees what this sees."""
        return str(self._source.exec_driver_sql("SELECT pg_catalog.pg_export_snapshot()").scalar_one())

    def fill(self) -> None:
        """Copy the rows, and where the sequences are."""
        for _, table, kind, columns, key in self._source.exec_driver_sql(TABLES).all():
            self._columns[table] = tuple(map(quote, columns))
            if kind == "p":
                self._partitioned.add(table)
            elif columns:
                self._take(table, [quote(name) for name in key])
        complete(self._read_keys(), self._bring)
        for (sequence,) in self._source.exec_driver_sql(SEQUENCES).all():
            value, is_called = self._source.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()
            self._copy.exec_driver_sql(f"SELECT pg_catalog.setval({literal(sequence)}, {value}, {is_called})")

    def _take(self, table: str, key: Sequence[str]) -> None:
        columns = ", ".join(self._columns[table])
        for ending in choose(lambda query: self._source.exec_driver_sql(query).scalar_one(), f"ONLY {table}", key, self._rows):
            self._transfer(f"SELECT {columns} FROM ONLY {table}{ending}", table)

    def _read_keys(self) -> Iterator[SubsetKey]:
        for child, parent, columns, referred, types in self._source.exec_driver_sql(KEYS).all():
            if child in self._columns and parent in self._columns:
                key = SubsetKey(child, tuple(map(quote, columns)), parent, tuple(map(quote, referred)))
                self._types[key] = tuple(types)
                yield key

    def _bring(self, key: SubsetKey) -> int:
        """Bring the rows that one foreign key lacks."""
        pairs = list(zip(key.columns, key.referred, strict=True))
        wanted = ", ".join(f"c.{column}::text" for column in key.columns)
        present = " AND ".join(f"c.{column} IS NOT NULL" for column in key.columns)
        same = " AND ".join(f"p.{referred} = c.{column}" for column, referred in pairs)
        missing = self._copy.exec_driver_sql(
            f"SELECT DISTINCT {wanted} FROM {key.child} AS c WHERE {present}"
            f" AND NOT EXISTS (SELECT FROM {key.parent} AS p WHERE {same})"
        ).all()
        brought = 0
        columns = ", ".join(f"p.{name}" for name in self._columns[key.parent])
        only = "" if key.parent in self._partitioned else "ONLY "
        for start in range(0, len(missing), BATCH):
            values = list(zip(*missing[start : start + BATCH], strict=True))
            arrays = ", ".join(f"ARRAY[{', '.join(literal(value) for value in column)}]::text[]" for column in values)
            names = ", ".join(f"k{place}" for place in range(len(pairs)))
            match = " AND ".join(
                f"p.{referred} = v.k{place}::{kind}"
                for place, (referred, kind) in enumerate(zip(key.referred, self._types[key], strict=True))
            )
            brought += self._transfer(
                f"SELECT {columns} FROM {only}{key.parent} AS p JOIN unnest({arrays}) AS v ({names}) ON {match}", key.parent
            )
        return brought

    def _transfer(self, rows: str, table: str) -> int:
        """Copy the rows of a query into a table, and return how many there are."""
        reading, writing = f"COPY ({rows}) TO STDOUT", f"COPY {table} ({', '.join(self._columns[table])}) FROM STDIN"
        given, own = raw(self._source).cursor(), raw(self._copy).cursor()
        try:
            if hasattr(given, "copy"):  # psycopg
                with given.copy(reading) as pieces, own.copy(writing) as target:
                    for piece in pieces:
                        target.write(piece)
            else:
                with tempfile.TemporaryFile() as file:
                    given.copy_expert(reading, file)
                    file.seek(0)
                    own.copy_expert(writing, file)
            return int(own.rowcount)
        finally:
            given.close()
            own.close()


def raw(connection: Connection) -> Any:
    """Return the driver's own connection."""
    return connection.connection.dbapi_connection
