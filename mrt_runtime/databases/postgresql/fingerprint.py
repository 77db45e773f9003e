"""PostgreSQL's rows as fingerprints that the server computes, and as sorted streams where two databases differ.

The rows of a table are hashed again only where something can have changed: its file, its columns' places, or the server's own
counts of the rows that were inserted, updated and deleted. Sessions add to these counts as they end, at once since version 15.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.engine import Connection

from mrt_runtime.compare.fingerprint import DatabaseFingerprint, TableFingerprint, choose_columns
from mrt_runtime.compare.rows import holds_rows
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.databases.postgresql.content import SETTINGS, write_source
from mrt_runtime.databases.postgresql.quoting import quote

COUNTS_AT_ONCE = 150000
"""Version since which the counts are in shared memory. Source: the release notes of PostgreSQL 15."""
STATES = """SELECT c.oid::bigint, n.nspname::text, c.relname::text, pg_catalog.pg_relation_filenode(c.oid)::bigint,
  pg_catalog.pg_stat_get_tuples_inserted(c.oid), pg_catalog.pg_stat_get_tuples_updated(c.oid),
  pg_catalog.pg_stat_get_tuples_deleted(c.oid),
  (SELECT string_agg(a.attnum || ' ' || a.attname || ' ' || a.atttypid || ' ' || a.atttypmod, ',' ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT coalesce(array_agg(i.inhrelid::bigint), '{}') FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid),
  n.nspname = current_schema()
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'"""
ABOUT = "current_setting('server_version_num')::int, current_setting('track_counts') = 'on', current_database()::text"
OTHERS = (
    "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()"
    " AND pid <> pg_catalog.pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend'"
)
PATIENCE = 2.0
"""Seconds that the sessions of migrations get to end before the counts are not believed."""
STREAMED = {"stream_results": True, "yield_per": 2000}
HASHED_RECORDS = 140000
"""Version since which rows can be hashed, three times as fast as their text. Source: the release notes of PostgreSQL 14."""
EXACT = {
    "smallint",
    "integer",
    "bigint",
    "oid",
    "boolean",
    "date",
    "uuid",
    "bytea",
    "timestamp without time zone",
    "timestamp with time zone",
}
"""Types of which two values are equal only if they are written the same."""
State: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CountedTables:
    """Which state each table was in when it was hashed; `states` is empty where the server's counts cannot be relied on."""

    database: str
    types: object
    states: Mapping[str, State]


def read_fingerprint(
    connection: Connection,
    schema: Schema,
    previous: DatabaseFingerprint | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> DatabaseFingerprint:
    """See `DatabaseBackend`."""
    cursor = connection.connection.cursor()
    cursor.execute(f"SELECT {ABOUT}, {SETTINGS}")
    [(version, counts, database, *_)] = cursor.fetchall()
    is_counted = version >= COUNTS_AT_ONCE and counts and _is_alone(cursor)
    states = _read_states(cursor) if is_counted else {}
    parents = {parent for table in schema.tables if table.kind == "table" for parent in table.parents}
    basis = previous.basis if previous is not None else None
    known: Mapping[str, State] = {}
    if isinstance(basis, CountedTables) and basis.database == database and basis.types == schema.types:
        known = basis.states
    found: dict[str, TableFingerprint] = {}
    for table in filter(holds_rows, schema.tables):
        wanted = choose_columns(table, (columns or {}).get(table.label))
        former = previous.tables.get(table.label) if previous is not None else None
        is_same = table.label in states and states[table.label] == known.get(table.label)
        if is_same and former is not None and former.columns == wanted:
            found[table.label] = former
        else:
            found[table.label] = _hash(cursor, table, wanted, parents, by_type=version >= HASHED_RECORDS)
    return DatabaseFingerprint(found, CountedTables(database, schema.types, states))


def _is_alone(cursor: Any) -> bool:
    """Wait until the migrations' sessions have ended, which is when they have counted; False where one stays."""
    deadline = time.monotonic() + PATIENCE
    while True:
        cursor.execute(OTHERS)
        if cursor.fetchone()[0] == 0:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)


def _read_states(cursor: Any) -> dict[str, State]:
    """Return by label what changes whenever a table's rows do, those of its parts included."""
    cursor.execute("SELECT pg_catalog.pg_stat_clear_snapshot()")
    cursor.execute(STATES)
    rows = {row[0]: tuple(row) for row in cursor.fetchall()}

    def with_parts(oid: int) -> State:
        row = rows[oid]
        return (*row[:8], *(with_parts(part) for part in sorted(row[8]) if part in rows))

    return {(row[2] if row[9] else f"{row[1]}.{row[2]}"): with_parts(oid) for oid, row in rows.items()}


def _hash(cursor: Any, table: Table, columns: Sequence[str], parents: Collection[str], *, by_type: bool) -> TableFingerprint:
    hashed = f"hash_record_extended(ROW({', '.join(_write(table, name) for name in columns)}), 0)"
    if not (by_type and columns):
        hashed = f'hashtextextended((ROW({", ".join(map(quote, columns))})::text) COLLATE "C", 0)'
    # the sum of 64-bit numbers is a numeric: nothing overflows, and no order is needed
    cursor.execute(f"SELECT count(*), sum({hashed}) FROM {write_source(table, parents)}")
    count, digest = cursor.fetchone()
    return TableFingerprint(table.label, tuple(columns), int(count), str(digest or 0))


def _write(table: Table, name: str) -> str:
    """Write a column so that two values have the same hash only if they are the same: 1.0 equals 1.00, and is not the same text."""
    column = table.column(name)
    base = column.type.base if column is not None and column.type.kind == "base" else ""
    if base in EXACT:
        return quote(name)
    return f'({quote(name)}::text) COLLATE "C"'


def stream_rows(
    connection: Connection, table: Table, order: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], tuple[str | None, ...]]]:
    """See `DatabaseBackend`."""
    keys = [f"coalesce({quote(name)}::text, '')" for name in order]
    texts = [f"{quote(name)}::text" for name in columns]
    # by bytes, which for UTF-8 is the order of Python's strings
    collated = ", ".join(f'({key}) COLLATE "C"' for key in keys) or "1"
    connection.exec_driver_sql(f"SELECT {SETTINGS}")
    values = f"ARRAY[{', '.join(keys)}]::text[], ARRAY[{', '.join(texts)}]::text[]"
    query = f"SELECT {values} FROM {write_source(table, ())} ORDER BY {collated}"
    for key, row in connection.exec_driver_sql(query, execution_options=STREAMED):
        yield tuple(key), tuple(row)
