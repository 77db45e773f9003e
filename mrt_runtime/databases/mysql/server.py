"""A MySQL or MariaDB server, as this run sees it: one connection that does the work and whose lock tells that the run lives."""

from __future__ import annotations

import contextlib
from typing import Any

from sqlalchemy import URL, Connection, Engine, exc

from mrt_runtime.databases.link import Link, make_engine, refuse
from mrt_runtime.databases.mysql.handshake import Handshake

A_YEAR = 31536000
"""The longest `wait_timeout`: the connection is idle while migrations run. Source: MySQL's manual, server system variables."""

ALL_ROWS = 2**64 - 1
"""What `sql_select_limit` is where nobody limits it. Source: the same."""
GRACE = 10
"""Seconds that a session that was ended gets to let go of its lock."""


class Server(Link):
    """Creates and drops databases under this run's token.

    A lock named after the token (GET_LOCK) is held for as long as the run lives. It serves twice: a sweep sees by it which
    databases belong to the living, and `owner_query` proves by it that a connection is on this server and not on a namesake.
    """

    names = "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%mrt%'"

    def __init__(self, url: URL) -> None:
        self.handshake = Handshake()
        try:
            super().__init__(url._replace(database=None))  # `set` takes None for "as it was"
        except exc.DBAPIError as error:
            raise refuse(url, error.orig.args[-1] if error.orig is not None else error) from None

    def engine_for(self, database: str) -> Engine:
        return self.handshake.watch(super().engine_for(database))

    def end_sessions(self, database: str, how: str = "CONNECTION") -> None:
        """End the sessions in a scratch database, or only what they execute (`how` "QUERY")."""
        with self._engine().connect() as connection:  # its own: this may be another thread
            since = f"db = {literal(database)} AND id > {self._session}"  # numbers only grow: these came after this run began
            found = connection.exec_driver_sql(f"SELECT id FROM information_schema.processlist WHERE {since}")
            for (session,) in found.all():
                with contextlib.suppress(exc.DBAPIError):  # it has gone by itself
                    connection.exec_driver_sql(f"KILL {how} {int(session)}")

    def drop(self, database: str) -> None:
        self.end_sessions(database)
        self.run(f"DROP DATABASE IF EXISTS {quote(database)}")

    def is_held(self, token: str) -> bool:
        return self.run(f"SELECT IS_USED_LOCK({literal(lock_of(token))})") != [(None,)]

    def owner_query(self, database: str) -> str:
        return f"SELECT DATABASE() = {literal(database)} AND IS_USED_LOCK({literal(lock_of(self.token))}) = {self._session}"

    def _engine(self) -> Engine:
        return self.handshake.watch(make_engine(self.url))

    def _connect(self) -> Connection:
        engine = self._engine()
        connection = engine.connect()
        self.handshake.learn(engine, connection.connection.dbapi_connection)
        outlast(connection.connection.dbapi_connection)
        self._take_lock(connection)
        self._session = int(connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one())
        return connection

    def _take_lock(self, connection: Connection) -> None:
        """Take this run's lock, from our own former session where the server has not yet noticed that it is gone."""
        lock = literal(lock_of(self.token))
        former = connection.exec_driver_sql(f"SELECT IS_USED_LOCK({lock})").scalar()
        if former is not None:
            with contextlib.suppress(exc.DBAPIError):  # it went in between
                connection.exec_driver_sql(f"KILL CONNECTION {int(former)}")
        if connection.exec_driver_sql(f"SELECT GET_LOCK({lock}, {GRACE})").scalar() != 1:
            raise refuse(self.url, "it does not give the lock that tells that this run lives")


def outlast(dbapi_connection: Any, _record: object = None) -> None:
    """Let a connection of ours be idle, write, and read all there is, whatever is set for the account's others."""
    cursor = dbapi_connection.cursor()
    cursor.execute(
        f"SET SESSION wait_timeout = {A_YEAR}, sql_select_limit = {ALL_ROWS}, sql_safe_updates = 0, group_concat_max_len = 1000000"
    )
    cursor.execute("SET SESSION TRANSACTION READ WRITE")
    for name in ("max_statement_time", "max_execution_time"):  # MariaDB's and MySQL's
        with contextlib.suppress(Exception):  # the driver's own class
            cursor.execute(f"SET SESSION {name} = 0")
    cursor.close()


def lock_of(token: str) -> str:
    """Name the lock of a token."""
    return f"mrt_{token}"


def literal(value: str) -> str:
    """Quote a string. A backslash means itself or not, by the session's sql_mode; a string that holds one is written as bytes."""
    if "\\" in value:
        return f"_utf8mb4 X'{value.encode().hex()}'"
    return "'" + value.replace("'", "''") + "'"


def quote(name: str) -> str:
    """Quote an identifier."""
    return "`" + name.replace("`", "``") + "`"
