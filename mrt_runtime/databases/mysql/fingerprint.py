"""MySQL's and MariaDB's rows as fingerprints that the server computes, and as sorted streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.engine import Connection

from mrt_runtime.compare.fingerprint import DatabaseFingerprint, TableFingerprint, choose_columns
from mrt_runtime.compare.rows import holds_rows
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.databases.mysql.content import write_as_text
from mrt_runtime.databases.mysql.quoting import quote
from mrt_runtime.databases.mysql.row_sum import IN_UTC, asking, sum_rows

STREAMED = {"stream_results": True, "yield_per": 2000}


def read_fingerprint(
    connection: Connection,
    schema: Schema,
    previous: DatabaseFingerprint | None = None,  # noqa: ARG001  nothing shows cheaply what has not changed
    columns: Mapping[str, Sequence[str]] | None = None,
) -> DatabaseFingerprint:
    """See `DatabaseBackend`."""
    connection.exec_driver_sql(IN_UTC)
    found: dict[str, TableFingerprint] = {}
    for table in filter(holds_rows, schema.tables):
        found[table.label] = _hash(connection, table, choose_columns(table, (columns or {}).get(table.label)))
    return DatabaseFingerprint(found)


def _hash(connection: Connection, table: Table, columns: Sequence[str]) -> TableFingerprint:
    [(count, digest)] = sum_rows(asking(connection), [(quote(table.name), _type(table, columns))])
    return TableFingerprint(table.label, tuple(columns), count, digest)


def stream_rows(
    connection: Connection, table: Table, order: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[tuple[bytes, ...], tuple[str | None, ...]]]:
    """See `DatabaseBackend`."""
    connection.exec_driver_sql(IN_UTC)
    keys = [f"CAST(COALESCE({text}, '') AS BINARY)" for text in _write(table, order)]
    query = f"SELECT {', '.join((*keys, *_write(table, columns)))} FROM {quote(table.name)} ORDER BY {', '.join(keys) or 1}"
    for row in connection.exec_driver_sql(query, execution_options=STREAMED):
        yield tuple(map(bytes, row[: len(keys)])), tuple(row[len(keys) :])


def _write(table: Table, columns: Sequence[str]) -> list[str]:
    return [write_as_text(name, base) for name, base in _type(table, columns)]


def _type(table: Table, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return the columns with their types."""
    found = {column.name: column.type.base for column in table.columns}
    return [(name, found[name]) for name in columns]
