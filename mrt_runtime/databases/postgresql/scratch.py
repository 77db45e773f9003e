"""A PostgreSQL database of this run alone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import URL, event, exc

from mrt_runtime.databases.hosted import Contents, HostedScratch
from mrt_runtime.databases.isolation import Translation
from mrt_runtime.databases.link import literal
from mrt_runtime.databases.postgresql.server import SETTINGS, TIMEOUTS, Server
from mrt_runtime.databases.protocol import Database, Target

OUTSIDE = re.compile(
    r"""\s*(?:(?:CREATE|DROP|ALTER)\s+(?:DATABASE|TABLESPACE)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:"(?P<quoted>[^"]+)"|(?P<plain>[\w$]+))"""
    r"""|ALTER\s+(?P<system>SYSTEM)\b)""",
    re.IGNORECASE,
)


class PostgresScratch(HostedScratch):
    """A scratch database on a PostgreSQL server."""

    def __init__(self, database: Database, server: Server, contents: Contents, url: URL, env_url: URL) -> None:
        super().__init__(database, server, contents, url, env_url, **SETTINGS)
        event.listen(self.engine, "connect", outlast)
        self._server = server

    def is_elsewhere(self, target: Target) -> bool:
        return target.dialect != "postgresql" or target.database not in {None, self._contents.name}

    def translate(self, statement: str) -> Translation:
        return Translation(statement=statement, outside=self.reaches_out(statement) or "")

    def reaches_out(self, statement: str) -> str | None:
        """Return the other database that a statement writes to by naming it; None for all ordinary statements."""
        match = OUTSIDE.match(statement)
        if match is None:
            return None
        name = match["quoted"] or match["plain"] or "the server's configuration"
        return None if name == self._contents.name else str(name)

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Nothing: connecting is quick."""

    def admit(self, dbapi_connection: Any) -> None:
        """Note it as the run's own; nothing else: the database itself is set up to be fast."""
        self.journal.admit(dbapi_connection)

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:  # noqa: ARG002  the server knows them all
        cancelling = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
        with contextlib.suppress(exc.SQLAlchemyError), self._server.engine_for(self._contents.name).connect() as connection:
            sessions = getattr(self.journal, "sessions", "")  # in a database that is lent, only the run's own
            mine = f" AND pid IN (SELECT pid {sessions})" if sessions else ""
            connection.exec_driver_sql(cancelling + literal(self._contents.name) + mine)


def outlast(dbapi_connection: Any, _record: object) -> None:
    """Let a connection of ours be idle, and take its time; env.py's own are bound by what is set for them."""
    cursor = dbapi_connection.cursor()
    cursor.execute(
        f"SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ({', '.join(map(literal, TIMEOUTS))})"
    )
    cursor.close()
    dbapi_connection.commit()
