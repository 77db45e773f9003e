"""A MySQL or MariaDB server, as this run sees it: one connection that does the work and whose lock shows that the run is alive."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection, Engine

from mrt_runtime.databases.mysql.handshake import Handshake
from mrt_runtime.databases.mysql.names import OF_AN_ACCOUNT, account_of
from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.server_connection import ServerConnection, make_engine, refuse

A_YEAR = 31536000
"""The longest `wait_timeout`: the connection is idle while migrations run. Source: MySQL's manual, server system variables."""

ALL_ROWS = 2**64 - 1
"""What `sql_select_limit` is without a limit. Source: the same."""
WAITS = re.compile(r"Waiting for .*\block\b")
"""The state of a session that waits for a table. Source: MySQL's manual, general thread states."""
GRACE = 10
"""Seconds that a session that was ended gets to let go of its lock."""


class MySQLServer(ServerConnection):
    """Creates and drops databases under this run's token.

    A lock named after the token (GET_LOCK) is held for as long as the run lives. It serves twice: a sweep sees by it which
    databases belong to the living, and `owner_query` proves by it that a connection is on this server and not on a namesake.
    """

    names = "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%mrt%'"

    def __init__(self, url: URL) -> None:
        self.handshake = Handshake()
        self._first = 0
        self.accounts: dict[str, URL] = {}
        """Each scratch database that has an account of its own, with the URL of a login as that."""
        try:
            super().__init__(url._replace(database=None))  # `set` takes None for "as it was"
        except exc.DBAPIError as error:
            raise refuse(url, error.orig.args[-1] if error.orig is not None else error) from None

    def engine_for(self, database: str) -> Engine:
        return self.handshake.watch(super().engine_for(database))

    def engine_within(self, database: str) -> Engine:
        """Make an engine that logs in as a scratch database's own account, or as the given one where it has none."""
        account = self.accounts.get(database)
        return self.handshake.watch(make_engine(account)) if account is not None else self.engine_for(database)

    def end_sessions(self, database: str, how: str = "CONNECTION", among: Collection[int] | None = None) -> None:
        """End the sessions in a scratch database, or only what they execute (`how` "QUERY"); `among`: no others than these.

        An account sees and ends its own, whatever else it may; so the scratch account's are ended over it, too.
        """
        since = f"db = {literal(database)} AND id > {self._first}"  # numbers only grow: these came after this run began
        end_all(self._engine(), since, how, among)  # a connection of its own: this may be another thread
        account = self.accounts.get(database)
        if account is not None:
            with contextlib.suppress(exc.DBAPIError):  # a migration may have given it another password
                end_all(self.handshake.watch(make_engine(account._replace(database=None))), since, how)

    def waits_for_itself(self, database: str, among: Collection[int] | None = None) -> bool:
        """Whether a session in a scratch database waits for a table while all others there sleep; `among`: of these ones."""
        account = self.accounts.get(database)
        engine = self._engine() if account is None else self.handshake.watch(make_engine(account._replace(database=None)))
        columns = "id, command, state, time"
        with engine.connect() as connection:
            listed = f"SELECT {columns} FROM information_schema.processlist WHERE db = {literal(database)} AND id > {self._first}"
            found = [tuple(row) for row in connection.exec_driver_sql(listed) if among is None or int(row[0]) in among]
        waiting = [number for number, _, state, seconds in found if WAITS.match(state or "") and int(seconds) > 0]
        return len(waiting) < len(found) and bool(waiting) and all(row[1] == "Sleep" for row in found if row[0] not in waiting)

    def drop(self, database: str) -> None:
        account = OF_AN_ACCOUNT.fullmatch(database)
        if account is not None:
            self.run(f"DROP USER IF EXISTS {quote(account['name'])}@{quote(account['host'])}")
            return
        self.end_sessions(database)
        self.run(f"DROP DATABASE IF EXISTS {quote(database)}")

    def list_names(self) -> list[str]:
        """List the databases and the accounts, as "name@host"; where accounts cannot be read, those that databases belong to."""
        databases = super().list_names()
        try:
            found = self.run("SELECT CONCAT(user, '@', host) FROM mysql.user WHERE user LIKE 'mrt%'")
        except exc.DBAPIError:
            hosts = {str(user).rpartition("@")[2] for user in self.run("SELECT CURRENT_USER(), USER()")[0]}
            accounts = {account for account in map(account_of, databases) if account is not None}
            return [f"{account}@{host}" for account in accounts for host in hosts] + databases
        return [account for (account,) in found if OF_AN_ACCOUNT.fullmatch(account)] + databases

    def is_held(self, token: str) -> bool:
        return self.run(f"SELECT IS_USED_LOCK({literal(lock_of(token))})") != [(None,)]

    def owner_query(self, database: str) -> str:
        """Ask for the account, too: where another logs in, the server does not refuse what is outside."""
        lock = f"IS_USED_LOCK({literal(lock_of(self.token))}) = {self._session}"
        account = self.accounts.get(database)
        user = f" AND SUBSTRING_INDEX(CURRENT_USER(), '@', 1) = {literal(str(account.username))}" if account is not None else ""
        return f"SELECT DATABASE() = {literal(database)} AND {lock}{user}"

    def _engine(self) -> Engine:
        return self.handshake.watch(make_engine(self.url))

    def _connect(self) -> Connection:
        engine = self._engine()
        connection = engine.connect()
        self.handshake.learn(engine, connection.connection.dbapi_connection)
        outlast(connection.connection.dbapi_connection)
        self._take_lock(connection)
        self._session = int(connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one())
        self._first = min(self._first or self._session, self._session)  # a server that was restarted begins to count again
        return connection

    def _take_lock(self, connection: Connection) -> None:
        """Take this run's lock, from our own former session where the server has not yet noticed that it is gone."""
        lock = literal(lock_of(self.token))
        former = connection.exec_driver_sql(f"SELECT IS_USED_LOCK({lock})").scalar()
        if former is not None:
            with contextlib.suppress(exc.DBAPIError):  # it went in between
                connection.exec_driver_sql(f"KILL CONNECTION {int(former)}")
        if connection.exec_driver_sql(f"SELECT GET_LOCK({lock}, {GRACE})").scalar() != 1:
            raise refuse(self.url, "it does not grant the lock that shows that this run is alive")


def outlast(dbapi_connection: Any, _record: object = None) -> None:
    """Lift the limits on a connection of ours (idleness, writing, number of rows) that may be set for the account."""
    cursor = dbapi_connection.cursor()
    cursor.execute(
        f"SET SESSION wait_timeout = {A_YEAR}, sql_select_limit = {ALL_ROWS}, sql_safe_updates = 0, group_concat_max_len = 1000000"
    )
    cursor.execute("SET SESSION TRANSACTION READ WRITE")
    for name in ("max_statement_time", "max_execution_time"):  # MariaDB's and MySQL's
        with contextlib.suppress(Exception):  # the driver's own class
            cursor.execute(f"SET SESSION {name} = 0")
    cursor.close()


def end_all(engine: Engine, condition: str, how: str, among: Collection[int] | None = None) -> None:
    """End the sessions that a condition holds for, as far as an account sees them and may; `among`: no others than these."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT id FROM information_schema.processlist WHERE {condition}")
        for session in [int(session) for (session,) in found if among is None or int(session) in among]:
            with contextlib.suppress(exc.DBAPIError):  # it has gone by itself, or another account's it may not end
                connection.exec_driver_sql(f"KILL {how} {session}")


def lock_of(token: str) -> str:
    """Name the lock of a token."""
    return f"mrt_{token}"
