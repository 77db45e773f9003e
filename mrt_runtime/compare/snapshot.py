"""A look at a database: its whole catalogue and every row, taking over from the look before what did not change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from sqlalchemy import Connection

from mrt_runtime.compare.rows import Rows, read_rows
from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases import PACKAGES


class HasDialect(Protocol):
    """Whatever can tell its dialect, such as a Database."""

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the dialect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a database holds at one moment."""

    schema: Schema
    rows: Rows


def look(connection: Connection, database: HasDialect, previous: Look | None = None, ignored: Collection[str] = ()) -> Look:
    """Read the catalogue and all rows, as committed.

    previous: an earlier look at the same scratch database; what has provably not changed since is shared with it, so the cost
        goes with the change and not with the size.
    ignored: names of tables that are not looked at (Alembic's version table, our own mark).
    """
    schema = read_schema(connection, database, ignored, previous.schema if previous else None)
    return Look(schema=schema, rows=read_rows(connection, schema, previous.rows if previous else None))


def read_schema(
    connection: Connection, database: HasDialect, ignored: Collection[str] = (), previous: Schema | None = None
) -> Schema:
    """Read the whole catalogue in a few bulk queries; the parameters are those of `look`."""
    catalogue = import_module(f"mrt_runtime.databases.{PACKAGES[database.dialect]}.catalogue")
    schema: Schema = catalogue.read_catalogue(connection, ignored, previous)
    return schema
