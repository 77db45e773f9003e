"""A MySQL or MariaDB database of this run alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, exc

from mrt_runtime.databases.mysql.outside import find_other_database
from mrt_runtime.databases.mysql.server import Server
from mrt_runtime.databases.protocol import Checkpoint, Target

if TYPE_CHECKING:
    from typing_extensions import Self

    from mrt_runtime.databases.mysql.contents import LentContents, OwnContents
    from mrt_runtime.databases.mysql.database import MySQLDatabase


class MySQLScratch:
    """What proves that a connection stands here is the database's name and the lock that this run holds on the server."""

    def __init__(
        self, database: MySQLDatabase, server: Server, contents: OwnContents | LentContents, url: URL, env_url: URL
    ) -> None:
        self.database = database
        self.url = url
        self.env_url = env_url
        self.generation = 0
        self.engine: Engine = create_engine(url, poolclass=NullPool)
        self._server = server
        self._contents = contents
        self._is_dropped = False

    def is_mine(self, connection: Connection) -> bool:
        cursor = connection.connection.cursor()
        try:
            return self.owns(cursor)
        finally:
            cursor.close()

    def owns(self, cursor: Any) -> bool:
        cursor.execute(self._server.owner_query(self._contents.name))
        return bool(cursor.fetchone()[0])

    def is_elsewhere(self, target: Target) -> bool:
        return target.dialect not in {"mysql", "mariadb"} or target.database not in {None, self._contents.name}

    def reaches_out(self, statement: str) -> str | None:
        return find_other_database(statement, self._contents.name)

    def admit(self, dbapi_connection: Any) -> None:
        """Nothing: what would make it faster is a setting of the whole server."""

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:  # noqa: ARG002  the server knows them all
        with contextlib.suppress(exc.SQLAlchemyError):
            self._server.end_sessions(self._contents.name, "QUERY")

    def checkpoint(self) -> Checkpoint | None:
        return self._contents.copy()

    def restore(self, checkpoint: Checkpoint) -> None:
        self._contents.replace_by(checkpoint)
        self.generation += 1

    def reset(self) -> None:
        self._contents.make()
        self.generation += 1

    def drop(self) -> None:
        if not self._is_dropped:
            self._is_dropped = True
            self._contents.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.drop()
