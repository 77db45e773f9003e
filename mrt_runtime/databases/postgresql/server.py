"""A PostgreSQL server, as this run sees it: one connection that does the work and whose lock tells that the run lives."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, exc

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import mask, scrub
from mrt_runtime.databases.token import find_token, make_token
from mrt_runtime.databases.words import end, join

MAINTENANCE = ("postgres", "template1")
"""Databases to work from, because none that is to be copied may have a session. Source: PostgreSQL's manual, CREATE DATABASE."""
GRACE = 5.0
"""Seconds that terminated sessions get to go."""


class Server:
    """Creates, copies and drops databases under this run's token.

    An advisory lock named after the token is held for as long as the run lives. It serves twice: a sweep sees by it which
    databases belong to the living, and `owner_query` proves by it that a connection is on this server and not on a namesake.
    """

    def __init__(self, url: URL, *, given_exists: bool) -> None:
        self.url = url
        self.token = make_token()
        self._given_exists = given_exists
        self._connection = self._connect()

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement outside of any transaction; gives the rows where there are any. A cut connection is made again."""
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

    def try_running(self, statement: str) -> None:
        """Execute a statement that this role or server may refuse, and carry on without it."""
        silence(self._connection, statement)

    def _reconnect(self) -> None:
        self._connection.close()
        self._connection = self._connect()

    def engine_for(self, database: str) -> Engine:
        """Make an engine for another database of this server."""
        return make_engine(self.url.set(database=database))

    def count_sessions(self, database: str) -> int:
        """Count the sessions in a database, this run's own among them."""
        return int(self.run(f"SELECT count(*) FROM pg_stat_activity WHERE datname = {literal(database)}")[0][0])

    def empty_of_sessions(self, database: str) -> None:
        """End the sessions that came into a scratch database since this run began and were left open; wait until they are gone."""
        deadline = time.monotonic() + GRACE
        mine = "(SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())"
        others = f"datname = {literal(database)} AND pid <> pg_backend_pid() AND backend_start >= {mine}"
        while self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}") and time.monotonic() < deadline:
            time.sleep(0.005)

    def drop(self, database: str) -> None:
        """Drop a scratch database if it is there."""
        self.empty_of_sessions(database)
        self.run(f"DROP DATABASE IF EXISTS {quote(database)}")

    def sweep(self) -> None:
        """Drop the databases whose names carry a token that no living run holds the lock of."""
        names = [name for (name,) in self.run("SELECT datname FROM pg_database WHERE datname LIKE '%mrt%'")]
        for name in names:  # listed before the locks are read: a living run takes its lock before it makes a database
            token = find_token(name)
            if token is not None and not self.run(f"SELECT 1 WHERE {lock_is_held(token)}"):
                try:
                    self.drop(name)
                except exc.DBAPIError:
                    continue  # another role's, or another run is sweeping too

    def owner_query(self, database: str) -> str:
        """Write the question whose answer is true only in this database on this server while this run lives."""
        return f"SELECT current_database() = {literal(database)} AND {lock_is_held(self.token)}"

    def close(self) -> None:
        """Let go of the connection, and with it of the lock."""
        self._connection.close()

    def _connect(self) -> Connection:
        """Connect and take the lock."""
        error: exc.DBAPIError | None = None
        for database in (*MAINTENANCE[:1], *([str(self.url.database)] if self._given_exists else []), *MAINTENANCE[1:]):
            try:
                connection = self.engine_for(database).connect()
            except exc.DBAPIError as refused:
                error = refused
                continue
            for setting in ("idle_session_timeout", "statement_timeout", "lock_timeout"):
                silence(connection, f"SET {setting} = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({key_of(self.token)})")
            return connection
        raise refuse(self.url, error)


def make_engine(url: URL) -> Engine:
    """Make an engine for statements of our own: outside of transactions, and with % meaning itself."""
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", execution_options={"no_parameters": True})


def refuse(url: URL, error: exc.DBAPIError | None) -> ConfigurationError:
    """Say why a server cannot be used, in its own words."""
    words = end(scrub(join(error.orig if error is not None else ""), url))
    return ConfigurationError(f"{mask(url)} cannot be used: {words} Check that the server runs and db_url is right.")


def silence(connection: Connection, statement: str) -> None:
    """Execute what older servers do not know, or what this role may not do, and carry on without it."""
    try:
        connection.exec_driver_sql(statement)
    except exc.DBAPIError:
        connection.rollback()


def key_of(token: str) -> int:
    """Compute the 64-bit key of a token's advisory lock."""
    return int.from_bytes(hashlib.blake2s(token.encode(), digest_size=8).digest(), "big", signed=True)


def lock_is_held(token: str) -> str:
    """Write the condition that somebody holds a token's lock; `pg_locks` splits the key in two halves."""
    key = key_of(token) % 2**64
    return (
        "EXISTS (SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
        f" AND classid::bigint = {key >> 32} AND objid::bigint = {key % 2**32})"
    )


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Quote a string, free of backslash escapes."""
    return "'" + value.replace("'", "''") + "'"
