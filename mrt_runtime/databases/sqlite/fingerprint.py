"""SQLite's rows as fingerprints and as sorted streams. SQLite has no function that hashes, so Python does it, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.compare.fingerprint import DatabaseFingerprint, TableFingerprint, choose_columns
from mrt_runtime.compare.rows import holds_rows
from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.databases.sqlite.content import quote

MODULUS = 2**128


def read_fingerprint(
    connection: Connection,
    schema: Schema,
    previous: DatabaseFingerprint | None = None,  # noqa: ARG001  nothing shows cheaply what has not changed
    columns: Mapping[str, Sequence[str]] | None = None,
) -> DatabaseFingerprint:
    """See `DatabaseBackend`."""
    raw: Any = connection.connection.driver_connection
    found: dict[str, TableFingerprint] = {}
    with_any_text = _AnyText(raw)
    for table in filter(holds_rows, schema.tables):
        with with_any_text:
            found[table.label] = _hash(raw, table, choose_columns(table, (columns or {}).get(table.label)))
    return DatabaseFingerprint(found)


def _hash(raw: Any, table: Table, columns: Sequence[str]) -> TableFingerprint:
    total = count = 0
    for row in raw.execute(f"SELECT {', '.join(map(quote, columns)) or 'NULL'} FROM {quote(table.name)}"):
        # repr() distinguishes 1 from 1.0 and "1"; the hash of a text is the same within a process
        total += hash(repr(row))
        count += 1
    return TableFingerprint(table.label, tuple(columns), count, str(total % MODULUS))


def stream_rows(
    connection: Connection, table: Table, order: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], tuple[Any, ...]]]:
    """See `DatabaseBackend`."""
    raw: Any = connection.connection.driver_connection
    # as SQL literals, in which every value differs from every other, and which are ordered by bytes
    keys = [f"typeof({quote(name)}) || quote({quote(name)})" for name in order] or ["1"]
    collated = ", ".join(f"{key} COLLATE BINARY" for key in keys)
    query = f"SELECT {', '.join((*keys, *map(quote, columns)))} FROM {quote(table.name)} ORDER BY {collated}"
    with _AnyText(raw):
        for row in raw.execute(query):
            yield tuple(map(str, row[: len(keys)])), tuple(row[len(keys) :])


class _AnyText:
    """Has text that is not UTF-8 read as well, which SQLite holds without asking."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._former: Any = None

    def __enter__(self) -> None:
        self._former, self._raw.text_factory = self._raw.text_factory, lambda text: text.decode(errors="surrogateescape")

    def __exit__(self, *error: object) -> None:
        self._raw.text_factory = self._former
