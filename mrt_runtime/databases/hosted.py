"""A database of this run alone on a server."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from mrt_runtime.databases.isolation import STATEMENTS, Isolation
from mrt_runtime.databases.journal import NO_JOURNAL, Journal, listen
from mrt_runtime.databases.kept_session import KeptSession, NoKeptSession
from mrt_runtime.databases.outage import refuse_outage
from mrt_runtime.databases.protocol import Checkpoint, Database, Watcher
from mrt_runtime.databases.server_connection import ServerConnection
from mrt_runtime.termination import held

if TYPE_CHECKING:
    from typing_extensions import Self


class DatabaseContents(Protocol):
    """What fills a scratch database: nothing at first, then what migrations make, or a copy of it."""

    name: str
    """The database's name on the server."""

    def make(self) -> None:
        """Make it as it is at first; what it was goes."""

    def copy(self) -> Checkpoint | None:
        """Keep a copy; None where the server does not allow it."""

    def replace_by(self, copy: Checkpoint, /) -> None:
        """Create it again from a copy."""

    def remove(self) -> None:
        """Remove it with its copies."""


class ServerScratch:
    """A connection to it is proved by the database's name and the lock that this run holds on the server."""

    allows_idle_connections = True
    _user_condition = ""
    """What else a connection has to prove, as the end of a condition: that it is the scratch database's own user."""
    isolation = Isolation(level=STATEMENTS, reason="it was asked for")
    kept_session: KeptSession = NoKeptSession()

    def __init__(
        self, database: Database, link: ServerConnection, contents: DatabaseContents, url: URL, env_url: URL, **settings: Any
    ) -> None:
        self.database = database
        self._link = link
        self.url = url
        self.env_url = env_url
        self.generation = 0
        self.engine: Engine = create_engine(url, future=True, poolclass=NullPool, **settings)
        refuse_outage(self.engine, self.is_lost)
        event.listen(self.engine, "connect", _on_connect)
        self.journal: Journal = getattr(contents, "journal", NO_JOURNAL)
        if self.journal is not NO_JOURNAL:
            event.listen(self.engine, "connect", lambda connection, _record: self.journal.admit(connection))
            listen(self.engine, lambda _: nullcontext(self.journal))
        self._contents = contents
        self._is_dropped = False

    def is_mine(self, connection: Connection) -> bool:
        """Ask the database, not the URL."""
        cursor = connection.connection.cursor()
        try:
            return self.owns(cursor)
        finally:
            cursor.close()

    def owns(self, cursor: Any) -> bool:
        """Return the same as `is_mine`, through a DBAPI cursor."""
        # a "no" may mean that a proxy cut the connection with the lock: it is taken again before the second question
        return self._asks(cursor) or (self._link.revive() and self._asks(cursor))

    def _asks(self, cursor: Any) -> bool:
        cursor.execute(self._link.owner_query(self._contents.name) + self._user_condition)
        return bool(cursor.fetchone()[0])

    def is_lost(self) -> bool:
        """Whether the connection that holds the run's lock is gone: what cut it was not a migration."""
        return self._link.is_lost()

    def explain_refusal(self, error: BaseException) -> str:  # noqa: ARG002  the given role may do what it may
        """Return nothing: where statements are read only, no server refuses anything for this run's sake."""
        return ""

    def enclose(self, watcher: Watcher) -> AbstractContextManager[object]:  # noqa: ARG002  a server is asked when it is connected to
        """Do nothing: what a connection may do on a server goes with its role."""
        return nullcontext()

    def find_open(self, dbapi_connection: Any) -> str:  # noqa: ARG002  as above
        """Return nothing: a connection to a server is in one database only, or in what its role may reach."""
        return ""

    def checkpoint(self) -> Checkpoint | None:
        """Keep the present state, where the server allows it."""
        self.kept_session.close()
        return self._contents.copy()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Bring that state back."""
        self.kept_session.close()
        self._contents.replace_by(checkpoint)
        self.generation += 1

    def reset(self) -> None:
        """Bring it back to how it was made."""
        self.kept_session.close()
        self._contents.make()
        self.generation += 1

    def drop(self) -> None:
        """Remove it with its checkpoints; a second time does nothing."""
        with held():
            if not self._is_dropped:
                self._is_dropped = True
                self.kept_session.close()
                self._contents.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.drop()


def _on_connect(dbapi_connection: Any, _record: object) -> None:
    """Keep psycopg from preparing what we say often: in between a migration may change the types of the columns."""
    if hasattr(dbapi_connection, "prepare_threshold"):
        dbapi_connection.prepare_threshold = None
