"""The one connection to a server that does the work and whose lock shows that the run is alive."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import create_engine, exc
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import mask
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.databases.token import find_token, make_token
from mrt_runtime.secret import scrub

SECOND_LOOK = 0.25
"""Seconds after which a sweep believes that a run is dead."""


class ServerConnection(ABC):
    """Executes statements on a server, outside of transactions; a connection that was cut is made again, its lock with it."""

    names: ClassVar[str]
    """A query for the names of the databases that may be ours."""
    settings: ClassVar[Mapping[str, Any]] = {}
    """Further arguments of `create_engine`."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.token = make_token()
        self._connection = self._connect()

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement, and return the rows where there are any."""
        if self._connection.invalidated:  # Ctrl-C came in the middle of a statement
            self._reconnect()
        try:
            result = self._connection.exec_driver_sql(statement)
        except exc.DBAPIError as error:
            if not (error.connection_invalidated or self._is_cut()):
                raise
            self._reconnect()
            result = self._connection.exec_driver_sql(statement)
        return [tuple(row) for row in result] if result.returns_rows else []

    def engine_for(self, database: str) -> Engine:
        """Make an engine for a database of this server."""
        return make_engine(self.url.set(database=database), **self.settings)

    def close(self) -> None:
        """Drop what an interruption has hidden from its owner, and close the connection, which releases the lock."""
        with contextlib.suppress(exc.SQLAlchemyError, ConfigurationError):  # the server is gone
            self.drop_own()
        self._connection.close()

    def drop_own(self) -> None:
        """Drop all that carries this run's token."""
        self.drop_all(name for name in self.list_names() if find_token(name) == self.token)

    def drop_all(self, names: Iterable[str]) -> None:
        """Drop several; what is still connected to one of them is ended."""
        for name in self._drop_together(list(names)):
            self.drop(name)

    def sweep(self) -> None:
        """Drop the databases whose names carry a token that no living run holds the lock of.

        They are looked at twice: a living run whose connection was cut takes its lock again as it reconnects.
        """
        for name in self._drop_together(sorted(self.find_dead(self.list_names))):
            with contextlib.suppress(exc.DBAPIError):  # another account's, or another run is sweeping too
                self.drop(name)

    def list_names(self) -> list[str]:
        """List what may have been left behind, by name; `drop` takes each of these names."""
        return [str(name) for (name,) in self.run(self.names)]

    def find_dead(self, list_names: Callable[[], Iterable[str]]) -> set[str]:
        """Return which of the names belong to runs that are dead at two looks."""
        dead = self._find_abandoned(list_names())
        if dead:
            time.sleep(SECOND_LOOK)
            dead &= self._find_abandoned(list_names())
        return dead

    def _find_abandoned(self, names: Iterable[str]) -> set[str]:
        listed = list(names)  # before the locks are read: a living run takes its lock first of all
        return {name for name in listed if (token := find_token(name)) is not None and not self.is_held(token)}

    def _drop_together(self, names: Sequence[str]) -> Sequence[str]:
        """Drop what takes less time dropped at once than one by one, and return what is left."""
        return names

    @abstractmethod
    def drop(self, database: str) -> None:
        """Drop a scratch database if it is there; what is still connected to it would hold that up for ever."""

    @abstractmethod
    def is_held(self, token: str) -> bool:
        """Return whether a living run holds the lock of this token."""

    @abstractmethod
    def owner_query(self, database: str) -> str:
        """Write the query that returns true only in this database on this server while this run is alive."""

    @abstractmethod
    def _connect(self) -> Connection:
        """Connect and take the lock."""

    def is_lost(self) -> bool:
        """Whether the connection is gone, and with it perhaps the server. It is asked below SQLAlchemy, which is watched now."""
        if self._connection.invalidated:
            return True
        try:
            cursor = self._connection.connection.cursor()
            cursor.execute("SELECT 1")
            cursor.close()
        except Exception:  # noqa: BLE001  the driver's own class
            return True
        return False

    def revive(self) -> bool:
        """Reconnect, with the lock, where the connection is gone: proxies cut what is idle for long. False where it is there."""
        if not self.is_lost():
            return False
        self._reconnect()
        return True

    def _is_cut(self) -> bool:
        """Whether the connection is gone, though the driver has not noticed: a server may say so first and hang up later."""
        try:
            self._connection.exec_driver_sql("SELECT 1")
        except exc.DBAPIError:
            return True
        return False

    def _reconnect(self) -> None:
        if not self._connection.invalidated:
            self._connection.invalidate()
        self._connection.close()
        self._connection = self._connect()


def make_engine(url: URL, **settings: Any) -> Engine:
    """Make an engine for statements of our own: outside of transactions, and with % meaning itself."""
    options = {"no_parameters": True}
    return create_engine(url, future=True, poolclass=NullPool, isolation_level="AUTOCOMMIT", execution_options=options, **settings)


def refuse(url: URL, cause: object) -> ConfigurationError:
    """Describe why a server cannot be used, in its own words."""
    words = end(scrub(join(cause)))
    return ConfigurationError(f"{mask(url)} cannot be used: {words} Check that the server runs and db_url is right.")
