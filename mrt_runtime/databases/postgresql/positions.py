"""The positions of sequences, which no transaction takes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.postgresql.content import MOST_SEQUENCES, name_in_schema
from mrt_runtime.databases.postgresql.quoting import literal


@contextmanager
def keep_positions(connection: Connection, schema: Schema) -> Iterator[None]:
    """See `DatabaseBackend`; it ends the connection's transaction."""
    names = [name_in_schema(one) for one in schema.sequences]
    before = read_positions(connection, names)
    yield
    after = read_positions(connection, names)
    cursor = connection.connection.cursor()
    for name in [name for name in names if after[name] != before[name]]:
        last, is_called = before[name]
        cursor.execute(f"SELECT pg_catalog.setval({literal(name)}, {last}, {str(is_called).lower()})")
    connection.connection.rollback()  # the positions stay


def read_positions(connection: Connection, names: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """Return the last number of each sequence, and whether it was handed out; reading does not move them."""
    found: dict[str, tuple[int, bool]] = {}
    cursor = connection.connection.cursor()
    for start in range(0, len(names), MOST_SEQUENCES):
        chosen = names[start : start + MOST_SEQUENCES]
        cursor.execute(" UNION ALL ".join(f"SELECT {at}, last_value, is_called FROM {name}" for at, name in enumerate(chosen)))
        found.update({chosen[at]: (last, is_called) for at, last, is_called in cursor.fetchall()})
    connection.connection.rollback()
    return found
