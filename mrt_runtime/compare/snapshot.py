"""A snapshot of a database: its whole catalogue and every row, taking over from an earlier one what did not change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.registry import backend_of


class HasDialect(Protocol):
    """What names its dialect, such as a Database."""

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the dialect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a database holds at one moment."""

    schema: Schema
    rows: Rows


def take_snapshot(
    connection: Connection,
    database: HasDialect,
    previous: Snapshot | None = None,
    ignored: Collection[str] = (),
    schema: Schema | None = None,
) -> Snapshot:
    """Return the catalogue and all rows, as committed.

    previous: an earlier snapshot of the same scratch database; what has provably not changed since is shared with it, so the cost
        goes with the change and not with the size.
    ignored: names of tables that are left out (Alembic's version table, our own mark).
    schema: the catalogue, where nothing but rows can have changed since it was read.
    """
    schema = schema or read_schema(connection, database, ignored, previous.schema if previous else None)
    rows = backend_of(database.dialect).read_content(connection, schema, previous.rows if previous else None)
    return Snapshot(schema=schema, rows=rows)


def find_again(connection: Connection, database: HasDialect, snapshot: Snapshot) -> Snapshot | None:
    """Return a snapshot of a database as one of its copy, for later ones to share with; None where that is impossible."""
    moved = backend_of(database.dialect).move_reading(connection, snapshot.schema, snapshot.rows)
    return Snapshot(schema=moved[0], rows=moved[1]) if moved is not None else None


def read_schema(
    connection: Connection, database: HasDialect, ignored: Collection[str] = (), previous: Schema | None = None
) -> Schema:
    """Return the whole catalogue, read in a few bulk queries; the parameters are those of `take_snapshot`."""
    return backend_of(database.dialect).read_catalogue(connection, ignored, previous)
