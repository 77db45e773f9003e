"""A PostgreSQL database of this run alone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, exc

from mrt_runtime.databases.postgresql.server import Server, literal
from mrt_runtime.databases.protocol import Checkpoint, Target

if TYPE_CHECKING:
    from typing_extensions import Self

    from mrt_runtime.databases.postgresql.database import PostgresDatabase
    from mrt_runtime.databases.postgresql.lent import LentContents
    from mrt_runtime.databases.postgresql.own import OwnContents

OUTSIDE = re.compile(
    r"""\s*(?:(?:CREATE|DROP|ALTER)\s+(?:DATABASE|TABLESPACE)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:"(?P<quoted>[^"]+)"|(?P<plain>[\w$]+))"""
    r"""|ALTER\s+(?P<system>SYSTEM)\b)""",
    re.IGNORECASE,
)


class PostgresScratch:
    """What proves that a connection stands here is the database's name and the lock that this run holds on the server."""

    def __init__(
        self, database: PostgresDatabase, server: Server, contents: OwnContents | LentContents, url: URL, env_url: URL
    ) -> None:
        self.database = database
        self.url = url
        self.env_url = env_url
        self.generation = 0
        self.engine: Engine = create_engine(url, poolclass=NullPool)
        self._server = server
        self._contents = contents
        self._is_dropped = False
        try:
            self.reset()
        except BaseException:
            self.drop()
            raise

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
        return target.dialect != "postgresql" or target.database not in {None, self._contents.name}

    def reaches_out(self, statement: str) -> str | None:
        match = OUTSIDE.match(statement)
        if match is None:
            return None
        name = match["quoted"] or match["plain"] or "the server's configuration"
        return None if name == self._contents.name else str(name)

    def admit(self, dbapi_connection: Any) -> None:
        """Nothing: the database itself is set up to be fast."""

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:  # noqa: ARG002  the server knows them all
        cancelling = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
        with contextlib.suppress(exc.SQLAlchemyError), self._server.engine_for(self._contents.name).connect() as connection:
            connection.exec_driver_sql(cancelling + literal(self._contents.name))

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
