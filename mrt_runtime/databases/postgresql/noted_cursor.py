"""Cursors of psycopg that note each statement before it is sent, whether SQLAlchemy made them or the project itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

METHODS = ("execute", "executemany", "stream", "copy")
FACTORIES = ("cursor_factory", "server_cursor_factory")
"""Attributes of a connection that hold the classes of its cursors."""


def note_statements(connection: Any, note: Callable[[str], None]) -> None:
    """Show every statement that cursors of this connection are given from now on; any other kind of connection is let alone."""
    from psycopg import Connection  # noqa: PLC0415  only there where the driver is

    if isinstance(connection, Connection):
        for factory in FACTORIES:
            setattr(connection, factory, _noting(getattr(connection, factory), note))


def _noting(cursor_class: Any, note: Callable[[str], None]) -> Any:
    """Return a class that is like another, and notes what its methods are given."""
    methods = {name: _note_first(getattr(cursor_class, name), note) for name in METHODS if hasattr(cursor_class, name)}
    named = {name: getattr(cursor_class, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(cursor_class.__name__, (cursor_class,), {"__slots__": (), **named, **methods})


def _note_first(method: Callable[..., Any], note: Callable[[str], None]) -> Callable[..., Any]:
    @functools.wraps(method)
    def noting(self: Any, query: Any, *arguments: Any, **settings: Any) -> Any:
        note(_write(query, self.connection))
        return method(self, query, *arguments, **settings)

    return noting


def _write(query: Any, connection: Any) -> str:
    """Write a statement, which may be composed of parts."""
    if isinstance(query, bytes):
        return query.decode(errors="replace")
    return str(query.as_string(connection)) if hasattr(query, "as_string") else str(query)
