"""A MySQL or MariaDB database of this run alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import URL, event, exc

from mrt_runtime.databases.hosted import Contents, HostedScratch
from mrt_runtime.databases.isolation import Translation
from mrt_runtime.databases.mysql.outside import find_other_database
from mrt_runtime.databases.mysql.server import Server, outlast
from mrt_runtime.databases.protocol import Database, Target


class MySQLScratch(HostedScratch):
    """A scratch database on a MySQL or MariaDB server."""

    def __init__(self, database: Database, server: Server, contents: Contents, url: URL, env_url: URL) -> None:
        super().__init__(database, server, contents, url, env_url)
        self._server = server
        server.handshake.watch(self.engine)
        event.listen(self.engine, "connect", outlast)

    def is_elsewhere(self, target: Target) -> bool:
        return target.dialect not in {"mysql", "mariadb"} or target.database not in {None, self._contents.name}

    def translate(self, statement: str) -> Translation:
        return Translation(statement=statement, outside=self.reaches_out(statement) or "")

    def reaches_out(self, statement: str) -> str | None:
        """Return the other database that a statement writes to by naming it; None for all ordinary statements."""
        return find_other_database(statement, self._contents.name)

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Do without asking for TLS each time, as for the first connection."""
        self._server.handshake.complete(driver, settings)

    def admit(self, dbapi_connection: Any) -> None:
        """Nothing: what would make it faster is a setting of the whole server."""

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:  # noqa: ARG002  the server knows them all
        with contextlib.suppress(exc.SQLAlchemyError):
            self._server.end_sessions(self._contents.name, "QUERY")
