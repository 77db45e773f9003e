"""A MySQL or MariaDB server, as this run sees it: one connection that does the work and whose lock tells that the run lives."""

from __future__ import annotations

import contextlib
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, exc

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import mask, scrub
from mrt_runtime.databases.token import find_token, make_token
from mrt_runtime.databases.words import end, join

A_YEAR = 31536000
"""The longest `wait_timeout`: the connection is idle while migrations run. Source: MySQL's manual, server system variables."""


class Server:
    """Creates and drops databases under this run's token.

    A lock named after the token (GET_LOCK) is held for as long as the run lives. It serves twice: a sweep sees by it which
    databases belong to the living, and `owner_query` proves by it that a connection is on this server and not on a namesake.
    """

    def __init__(self, url: URL) -> None:
        self.url = url._replace(database=None)  # `set` takes None for "as it was"
        self.token = make_token()
        try:
            self._connection = self._connect()
        except exc.DBAPIError as error:
            words = end(scrub(join(error.orig.args[-1] if error.orig is not None else error), url))
            raise ConfigurationError(
                f"{mask(url)} cannot be used: {words} Check that the server runs and db_url is right."
            ) from None

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement; gives the rows where there are any. A cut connection is made again."""
        if self._connection.invalidated:  # Ctrl-C came in the middle of a statement
            self._reconnect()
        try:
            result = self._connection.exec_driver_sql(statement)
        except exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self._reconnect()
            result = self._connection.exec_driver_sql(statement)
        return [tuple(row) for row in result] if result.returns_rows else []

    def _reconnect(self) -> None:
        self._connection.close()
        self._connection = self._connect()

    def engine_for(self, database: str) -> Engine:
        """Make an engine for a database of this server."""
        return make_engine(self.url.set(database=database))

    def end_sessions(self, database: str, how: str = "CONNECTION") -> None:
        """End the sessions in a scratch database, or only what they execute (`how` "QUERY")."""
        with make_engine(self.url).connect() as connection:  # its own: this may be another thread
            since = f"db = {literal(database)} AND id > {self._session}"  # numbers only grow: these came after this run began
            found = connection.exec_driver_sql(f"SELECT id FROM information_schema.processlist WHERE {since}")
            for (session,) in found.all():
                with contextlib.suppress(exc.DBAPIError):  # it has gone by itself
                    connection.exec_driver_sql(f"KILL {how} {int(session)}")

    def drop(self, database: str) -> None:
        """Drop a scratch database if it is there; a session left open in it would hold that up for ever."""
        self.end_sessions(database)
        self.run(f"DROP DATABASE IF EXISTS {quote(database)}")

    def sweep(self) -> None:
        """Drop the databases whose names carry a token that no living run holds the lock of."""
        names = [name for (name,) in self.run("SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%mrt%'")]
        for name in names:  # listed before the locks are read: a living run takes its lock before it makes a database
            token = find_token(name)
            if token is not None and self.run(f"SELECT IS_USED_LOCK({literal(lock_of(token))})") == [(None,)]:
                with contextlib.suppress(exc.DBAPIError):  # another account's, or another run is sweeping too
                    self.drop(name)

    def owner_query(self, database: str) -> str:
        """Write the question whose answer is true only in this database on this server while this run lives."""
        return f"SELECT DATABASE() = {literal(database)} AND IS_USED_LOCK({literal(lock_of(self.token))}) = {self._session}"

    def close(self) -> None:
        """Let go of the connection, and with it of the lock."""
        self._connection.close()

    def _connect(self) -> Connection:
        """Connect and take the lock."""
        connection = make_engine(self.url).connect()
        connection.exec_driver_sql(f"SET SESSION wait_timeout = {A_YEAR}")
        connection.exec_driver_sql(f"SELECT GET_LOCK({literal(lock_of(self.token))}, 0)")
        self._session = int(connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one())
        return connection


def make_engine(url: URL) -> Engine:
    """Make an engine for statements of our own: outside of transactions, and with % meaning itself."""
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", execution_options={"no_parameters": True})


def lock_of(token: str) -> str:
    """Name the lock of a token."""
    return f"mrt_{token}"


def quote(name: str) -> str:
    """Quote an identifier."""
    return "`" + name.replace("`", "``") + "`"


def literal(value: str) -> str:
    """Quote a string, whatever NO_BACKSLASH_ESCAPES says: names of ours and table names carry no backslash."""
    return "'" + value.replace("'", "''") + "'"
