"""Keeping a session where SQLAlchemy closes its connection, and not asking it again what is known of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.dialects.postgresql.base import PGDialect

from mrt_runtime.databases.kept_session import KeptSession


def find_kept(session: KeptSession, dialect: Any, arguments: list[Any], settings: dict[str, Any]) -> Any | None:
    """Return the connection that is to be used in place of a new one; None for a new one."""
    is_only_listener = len(dialect.dispatch.do_connect) == 1  # others would not be asked
    return session.take(dialect.driver, arguments, settings) if is_only_listener else None


def install(find_sessions: Callable[[], Iterable[KeptSession]], keep: Callable[[Any], bool]) -> None:
    """Ask `keep` before a connection to PostgreSQL is closed, from now on; there is no event for it."""
    close: Callable[..., None] = PGDialect.do_close

    def close_or_keep(self: PGDialect, dbapi_connection: Any) -> None:
        if not keep(dbapi_connection):
            close(self, dbapi_connection)

    PGDialect.do_close = close_or_keep  # type: ignore[assignment, method-assign]  # as above
    with contextlib.suppress(ImportError):  # SQLAlchemy 1.4 does not know psycopg, whose sessions are the only ones that are kept
        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg  # noqa: PLC0415  as above

        spare_questions(PGDialect_psycopg, find_sessions)


def spare_questions(dialect_class: Any, find_sessions: Callable[[], Iterable[KeptSession]]) -> None:
    """Answer what each engine asks on its first connection, whether there is an hstore, where that is known."""
    fetch: Callable[..., Any] = dialect_class._type_info_fetch  # noqa: SLF001  as above

    def fetch_or_know(self: Any, connection: Any, name: str) -> Any:
        raw = connection.connection.dbapi_connection
        is_lacking = any(session.lacks(raw, name) for session in find_sessions())
        return None if is_lacking else fetch(self, connection, name)

    dialect_class._type_info_fetch = fetch_or_know  # noqa: SLF001  as above
