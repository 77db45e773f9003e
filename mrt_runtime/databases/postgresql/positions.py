"""The positions of sequences, which no transaction takes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import Schema
from mrt_runtime.compare.schema import Sequence as CatalogueSequence
from mrt_runtime.databases.batch import fetch_all
from mrt_runtime.databases.postgresql.quoting import literal, name_in_schema

BATCH = 100  # sequences that one statement reads


@contextmanager
def keep_positions(connection: Connection, schema: Schema) -> Iterator[None]:
    """See `DatabaseBackend`; it ends the connection's transaction."""
    before = read_positions(connection.connection.cursor(), schema.sequences)
    connection.connection.rollback()
    yield
    cursor = connection.connection.cursor()
    after = read_positions(cursor, schema.sequences)
    for one, (last, is_called), now in zip(schema.sequences, before, after, strict=True):
        if now != (last, is_called):
            cursor.execute(f"SELECT pg_catalog.setval({literal(name_in_schema(one))}, {last}, {str(is_called).lower()})")
    connection.connection.rollback()  # the positions stay


def set_positions(connection: Connection, schema: Schema, numbers: Mapping[tuple[str, ...], int]) -> None:
    """See `DatabaseBackend`."""
    cursor = connection.connection.cursor()
    for one in schema.sequences:
        number = numbers.get(one.owner or (f"Sequence '{one.label}'",))
        if number is not None:
            cursor.execute(f"SELECT pg_catalog.setval({literal(name_in_schema(one))}, {number}, false)")
    connection.connection.rollback()  # the positions stay


def read_positions(cursor: Any, sequences: Sequence[CatalogueSequence]) -> list[tuple[int, bool]]:
    """Return the last number of each sequence, and whether it was handed out; reading does not move them."""
    return find_positions(fetch_all(cursor, write_positions(sequences)))


def write_positions(sequences: Sequence[CatalogueSequence]) -> list[str]:
    """Write the queries whose answers `find_positions` takes."""
    return [write_some(sequences[start : start + BATCH], start) for start in range(0, len(sequences), BATCH)]


def write_some(sequences: Sequence[CatalogueSequence], first: int = 0) -> str:
    """Write one query for some of them, each with its number, from the first one's."""
    selects = (f"SELECT {at}, last_value, is_called FROM {name_in_schema(one)}" for at, one in enumerate(sequences, first))
    return " UNION ALL ".join(selects)


def find_positions(answers: Iterable[Iterable[Any]]) -> list[tuple[int, bool]]:
    """Return the last number of each sequence, and whether it was handed out, in the order of the sequences."""
    found = {at: (last, is_called) for rows in answers for at, last, is_called in rows}
    return [found[at] for at in range(len(found))]
