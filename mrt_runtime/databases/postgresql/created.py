"""A scratch database that this run created and may drop."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exc

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.postgresql.quoting import quote
from mrt_runtime.databases.postgresql.role import ScratchRole
from mrt_runtime.databases.postgresql.server import PostgresServer, silence
from mrt_runtime.databases.postgresql.source import SourceDatabase
from mrt_runtime.databases.postgresql.stand_ins import StandIns, hand_over
from mrt_runtime.databases.protocol import Checkpoint
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.secret import scrub

MOST_WASTE = 31
"""Discarded databases that wait for their end, with one more as many as are dropped at once; each takes about 8 MB."""


@dataclass(frozen=True, slots=True)
class DatabaseCheckpoint:
    """A copy of the database, on the same server."""

    contents: CreatedPostgresContents
    name: str
    stand_ins: frozenset[str]
    """The stand-ins that there were: roles are not part of a database."""

    def drop(self) -> None:
        self.contents.discard(self.name)


class CreatedPostgresContents:
    """Fills and replaces the database `name` as a whole; copies are made with CREATE DATABASE … TEMPLATE.

    What is no longer needed is renamed and dropped later, together, while the walk goes on: DROP DATABASE makes the whole server
    write to disk, which on a busy one takes longer than all the rest.
    """

    keeps_session = True
    """Whether a session of migrations may stay open between them."""
    _most_waste = MOST_WASTE

    def __init__(self, server: PostgresServer, given: SourceDatabase, name: str, role: ScratchRole | None = None) -> None:
        self.name = name
        self._server = server
        self._given = given
        self.role = role
        self.stand_ins = StandIns(server, role) if role is not None else None
        self._owner = f"OWNER {quote(role.name)}" if role is not None else ""
        self._exists = False
        self._copies: set[str] = set()
        self._waste: set[str] = set()
        self._made = 0

    def make(self) -> None:
        """Create the database, like the given one; a former one of the name goes first."""
        self._put_away()
        if self.stand_ins is not None:
            self.stand_ins.restore(frozenset())
        if not self._copy_given():
            self._create()
        self._configure()
        self._hand_over()

    def copy(self) -> Checkpoint:
        """Keep a copy."""
        name = self._next_name()
        self._copies.add(name)  # before it is there: Ctrl-C may come in the middle
        self._server.empty_of_sessions(self.name)
        self._duplicate(self.name, name)
        return DatabaseCheckpoint(self, name, self.stand_ins.list() if self.stand_ins is not None else frozenset())

    def replace_by(self, copy: Checkpoint) -> None:
        """Create the database again from a copy."""
        if not isinstance(copy, DatabaseCheckpoint):
            raise TypeError(f"{copy!r} is not a checkpoint of a PostgreSQL scratch database")
        self._put_away()
        if self.stand_ins is not None:
            self.stand_ins.restore(copy.stand_ins)
        self._duplicate(copy.name, self.name)
        self._configure()

    def _duplicate(self, name: str, copy: str) -> None:
        self._server.run(f"CREATE DATABASE {quote(copy)} {self._owner} TEMPLATE {quote(name)}")

    def discard(self, name: str) -> None:
        """Drop a copy, now or later; a second time does nothing."""
        if name in self._copies:
            self._copies.remove(name)
            self._waste.add(name)
        if len(self._waste) > self._most_waste:
            waste, self._waste = self._waste, set()
            self._server.drop_later(sorted(waste))

    def remove(self) -> None:
        """Drop the database and its copies."""
        waste, self._waste = self._waste | self._copies | {self.name}, set()
        self._copies.clear()
        self._server.drop_all(sorted(waste))
        if self.stand_ins is not None:
            self.stand_ins.remove()

    def _put_away(self) -> None:
        if self._exists:
            self._exists = False
            name = self._next_name()
            self._copies.add(name)
            self._server.empty_of_sessions(self.name)
            self._server.run(f"ALTER DATABASE {quote(self.name)} RENAME TO {quote(name)}")
            self.discard(name)

    def _next_name(self) -> str:
        self._made += 1
        return f"{self.name}_c{self._made}"

    def _copy_given(self) -> bool:
        """Copy the given database if nothing is against it: with it come extensions that only an administrator may create."""
        given = self._given
        if not given.exists or given.holds_tables or self._server.count_sessions(given.name):
            return False
        try:
            self._server.run(f"CREATE DATABASE {quote(self.name)} TEMPLATE {quote(given.name)} {self._owner}")
        except exc.DBAPIError:  # not its owner, or a session came in between
            return False
        return True

    def _create(self) -> None:
        """Create an empty database and bring in extensions one by one."""
        options = f"TEMPLATE template0 {self._given.options}" if self._given.exists else ""
        try:
            self._server.run(f"CREATE DATABASE {quote(self.name)} {options} {self._owner}")
        except exc.DBAPIError as error:
            words = end(scrub(join(error.orig)))
            raise ConfigurationError(f"The server refuses a scratch database: {words}") from None
        with self._server.engine_for(self.name).connect() as connection:
            for statement in self._given.preparation():
                silence(connection, statement)

    def _hand_over(self) -> None:
        if self.stand_ins is not None:
            with self._server.engine_for(self.name).connect() as connection:
                hand_over(connection, self.stand_ins.role)

    def _configure(self) -> None:
        """Apply the source's settings, and do without waiting for the disk: it need not survive a power cut."""
        self._exists = True
        settings = self._given.settings_for(self.name, self.role.given if self.role is not None else "")
        for statement in (*settings, f"ALTER DATABASE {quote(self.name)} SET synchronous_commit TO off"):
            self._server.try_running(statement)
