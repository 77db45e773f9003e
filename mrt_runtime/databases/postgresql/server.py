"""A PostgreSQL server, as this run sees it: one connection that does the work and whose lock shows that the run is alive."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection, Engine

from mrt_runtime.databases.postgresql.quoting import literal, quote
from mrt_runtime.databases.server_connection import ServerConnection, refuse
from mrt_runtime.termination import held

MAINTENANCE = ("postgres", "template1")
"""Databases to work from, because none that is to be copied may have a session. Source: PostgreSQL's manual, CREATE DATABASE."""
SETTINGS = {"client_encoding": "utf8"}
"""Of our own connections: UTF-8 can encode whatever a database holds; its own encoding cannot encode what it does not hold."""
TIMEOUTS = (
    "statement_timeout",
    "lock_timeout",
    "idle_session_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
)
"""What a role or a server may have set for its clients, and what would cut our own connections off."""
OWN_SETTINGS = ("default_transaction_read_only = off", "synchronous_commit = off")
"""Of our own connection: roles and databases that are made for a run need not survive a power cut."""
SPARE = """SELECT (current_setting('max_connections')::integer - count(*)) / 2 FROM pg_stat_activity"""
"""How many sessions more may be opened for a moment: others need some, too."""
MOST_AT_ONCE = 32
GRACE = 5.0
"""Seconds that terminated sessions get to go."""


class PostgresServer(ServerConnection):
    """Creates, copies and drops databases under this run's token.

    An advisory lock named after the token is held for as long as the run lives. It serves twice: a sweep sees by it which
    databases belong to the living, and `owner_query` proves by it that a connection is on this server and not on a namesake.
    """

    names = "SELECT datname FROM pg_database WHERE datname LIKE '%mrt%'"

    settings = SETTINGS
    place: str
    """The database that the work is done from."""

    def __init__(self, url: URL, *, given_exists: bool) -> None:
        self._given_exists = given_exists
        self._began = ""
        self._dropping: dict[str, Future[bool]] = {}
        super().__init__(url)

    def try_running(self, statement: str) -> None:
        """Execute a statement that this role or server may refuse, and carry on without it."""
        with contextlib.suppress(exc.DBAPIError):
            self.run(statement)

    def ask(self, query: str) -> object:
        """Return the first value of a query's first row, below SQLAlchemy, which is watched while migrations run."""
        cursor = self._connection.connection.cursor()
        try:
            cursor.execute(query)
            return (cursor.fetchone() or (None,))[0]
        finally:
            cursor.close()

    def count_sessions(self, database: str) -> int:
        """Count the sessions in a database, this run's own among them."""
        return int(self.run(f"SELECT count(*) FROM pg_stat_activity WHERE datname = {literal(database)}")[0][0])

    def empty_of_sessions(self, database: str) -> None:
        """End the sessions that came into a scratch database since this run began and were left open; wait until they are gone.

        Transactions that were prepared there end, too: they would outlive their sessions and hold up everything.
        """
        prepared = self.run(f"SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = {literal(database)}")
        if prepared:
            with self.engine_for(database).connect() as connection:
                for (gid,) in prepared:
                    silence(connection, f"ROLLBACK PREPARED {literal(str(gid))}")
        deadline = time.monotonic() + GRACE
        others = f"datname = {literal(database)} AND pid <> pg_backend_pid() AND backend_start >= {literal(self._began)}"
        while self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}") and time.monotonic() < deadline:
            time.sleep(0.005)

    def drop(self, database: str) -> None:
        self.empty_of_sessions(database)
        try:
            self.run(f"DROP DATABASE IF EXISTS {quote(database)}")
        except exc.DBAPIError:  # its owner may have made it a template
            self.run(f"ALTER DATABASE {quote(database)} IS_TEMPLATE false")
            self.run(f"DROP DATABASE IF EXISTS {quote(database)}")

    def drop_later(self, names: Sequence[str]) -> None:
        """Begin to drop databases, and return without waiting for that where there are several, and sessions to spare.

        `drop_all` and `drop_own` wait, and drop those that are still there.
        """
        started = self._start_dropping(names)
        self._dropping |= started
        for name in names if not started else ():
            self.drop(name)

    def _drop_together(self, names: Sequence[str]) -> Sequence[str]:
        """Drop databases in as many sessions, and return those that are left.

        Each DROP DATABASE has the whole server write to disk, which takes seconds where others work there, too; those that wait
        for it at the same time wait for the same one.
        """
        with held():
            dropping = {**self._dropping, **self._start_dropping(names)}
            self._dropping = {}
            dropped = {name for name, one in dropping.items() if one.result()}
        return [name for name in dict.fromkeys((*dropping, *names)) if name not in dropped]

    def _start_dropping(self, names: Sequence[str]) -> dict[str, Future[bool]]:
        """Begin to drop databases, each in a session of its own; none where no session may be spared."""
        count = min(len(names), MOST_AT_ONCE, int(self.run(SPARE)[0][0]))
        if count <= 1:
            return {}
        for name in names:
            self.empty_of_sessions(name)
        engine = self.engine_for(self.place)
        pool = ThreadPoolExecutor(count, thread_name_prefix="mrt drop")
        started = {name: pool.submit(try_dropping, engine, name) for name in names}
        pool.shutdown(wait=False)
        return started

    def list_roles(self) -> set[str]:
        """Return the names of the roles that this run made."""
        return self._list_roles(self.token)

    def _list_roles(self, part: str) -> set[str]:
        found = self.run(f"SELECT rolname FROM pg_catalog.pg_roles WHERE strpos(rolname, {literal(part)}) > 0")
        return {str(name) for (name,) in found}

    def drop_roles(self, names: Iterable[str]) -> None:
        """Drop roles of a run whose databases are gone."""
        for name in names:
            self.try_running(f"DROP OWNED BY {quote(name)}")  # what it was given on things of the whole server
            self.try_running(f"DROP ROLE IF EXISTS {quote(name)}")

    def drop_own(self) -> None:
        """Drop all that carries this run's token: databases, then the roles that owned them."""
        super().drop_own()
        self.drop_roles(self.list_roles())

    def sweep(self) -> None:
        """Drop what dead runs left: their databases, then the roles that owned them."""
        super().sweep()
        self.drop_roles(self.find_dead(lambda: self._list_roles("mrt")))

    def is_held(self, token: str) -> bool:
        return bool(self.run(f"SELECT 1 WHERE {lock_is_held(token)}"))

    def owner_query(self, database: str) -> str:
        return f"SELECT pg_catalog.current_database() = {literal(database)} AND {lock_is_held(self.token)}"

    def _connect(self) -> Connection:
        error: exc.DBAPIError | None = None
        for database in (*MAINTENANCE[:1], *([str(self.url.database)] if self._given_exists else []), *MAINTENANCE[1:]):
            try:
                connection = self.engine_for(database).connect()
            except exc.DBAPIError as refused:
                error = refused
                continue
            prepare(connection)
            # our own former session may hold it still, where the server has not yet noticed that it is gone
            connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) {holders(self.token)}")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({key_of(self.token)})")
            if not self._began:  # a connection that replaces this one later came after sessions that are to be ended
                began = "SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
                self._began = str(connection.exec_driver_sql(began).scalar_one())
            self.place = database
            return connection
        raise refuse(self.url, error.orig if error is not None else "")


def prepare(connection: Connection) -> None:
    """Set a connection up for work that may take its time, and need not survive a power cut."""
    for setting in (*(f"{name} = 0" for name in TIMEOUTS), *OWN_SETTINGS):
        silence(connection, f"SET {setting}")


def try_dropping(engine: Engine, database: str) -> bool:
    """Drop a database in a session of its own, and return whether that was possible: the server may have no session to spare."""
    try:
        with engine.connect() as connection:
            prepare(connection)
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(database)}")
    except exc.DBAPIError:
        return False
    return True


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
    """Write the condition that a run holds a token's lock."""
    return f"EXISTS (SELECT 1 {holders(token)})"


def holders(token: str) -> str:
    """Write whence to select who holds a token's lock; `pg_locks` splits the key in two halves."""
    key = key_of(token) % 2**64
    return (
        "FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
        f" AND classid::bigint = {key >> 32} AND objid::bigint = {key % 2**32}"
    )
