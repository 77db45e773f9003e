"""What fills a scratch database: nothing at first, then what migrations make, or a copy of it."""

from __future__ import annotations

import contextlib

from sqlalchemy import exc

from mrt_runtime.databases.mysql.copy import SchemaCopy, copy_schema, list_tables
from mrt_runtime.databases.mysql.server import Server, literal, quote
from mrt_runtime.databases.protocol import Checkpoint
from mrt_runtime.databases.token import find_token


class OwnContents:
    """Fills and replaces a database that this run created and may drop."""

    def __init__(self, server: Server, name: str, options: str) -> None:
        self.name = name
        self._server = server
        self._options = options
        self._copies: list[SchemaCopy] = []
        self._made = 0

    def make(self) -> None:
        """Create the database, empty; a former one of the name goes first."""
        self._server.drop(self.name)
        self._server.run(f"CREATE DATABASE {quote(self.name)} {self._options}")

    def copy(self) -> Checkpoint:
        """Keep a copy."""
        self._made += 1
        aside = f"{self.name}_c{self._made}"
        try:
            self._server.run(f"CREATE DATABASE {quote(aside)} {self._options}")
            self._copies.append(copy_schema(self._server, self.name, aside))
        except BaseException:  # Ctrl-C among them
            self._server.drop(aside)
            raise
        return self._copies[-1]

    def replace_by(self, copy: Checkpoint) -> None:
        """Create the database anew from a copy."""
        if not isinstance(copy, SchemaCopy):
            raise TypeError(f"{copy!r} is not a checkpoint of a MySQL scratch database")
        self.make()
        copy.fill(self.name)

    def remove(self) -> None:
        """Drop the database and its copies."""
        for copy in self._copies:
            copy.drop()
        self._server.drop(self.name)


class LentContents:
    """Fills the given database itself, empty, for an account that may not create databases."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._server = server
        self._lock = literal(f"mrt lent {name}"[:64])

    def find_obstacle(self) -> str | None:
        """Tell why the database cannot be used, taking the lock that keeps other runs out where it can."""
        if not self.name or not self._server.run(
            f"SELECT 1 FROM information_schema.schemata WHERE schema_name = {literal(self.name)}"
        ):
            return "does not exist"
        if self._server.run(f"SELECT GET_LOCK({self._lock}, 0)") != [(1,)]:
            return "is in use by another run"
        if any(kind == "PROCEDURE" and find_token(name) for kind, name in self._list()):
            self.make()  # a killed run's mark: there was nothing here when it was made
        if self._list():
            return "holds tables"
        with contextlib.suppress(exc.DBAPIError):  # without the right to make one, what a kill leaves is for the user to drop
            self._server.run(f"CREATE PROCEDURE {quote(self.name)}.{quote(f'lent_mrt_{self._server.token}')}() DO 0")
        return None

    def make(self) -> None:
        """Drop what was made since the database was lent; it held nothing then, and now this run's mark."""
        self._empty(mark=f"lent_mrt_{self._server.token}")

    def copy(self) -> Checkpoint | None:
        """Keep nothing: it would take the right to create databases."""
        return None

    def replace_by(self, copy: Checkpoint) -> None:
        """Refuse: there are no copies."""
        raise TypeError(f"{copy!r} is not a checkpoint of this database, which has none")

    def remove(self) -> None:
        """Give the database back as it was."""
        self._empty(mark="")
        self._server.run(f"SELECT RELEASE_LOCK({self._lock})")

    def _empty(self, mark: str) -> None:
        self._server.end_sessions(self.name)
        with self._server.engine_for(self.name).connect() as connection:
            connection.exec_driver_sql("SET foreign_key_checks = 0")
            for kind, name in self._list():
                if name != mark:
                    connection.exec_driver_sql(f"DROP {kind} IF EXISTS {quote(name)}")

    def _list(self) -> list[tuple[str, str]]:
        """List all that the database holds, each as kind and name."""
        routines = self._server.run(
            f"SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = {literal(self.name)}"
            f" UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = {literal(self.name)}"
        )
        return [*list_tables(self._server, self.name), *((str(kind), str(name)) for kind, name in routines)]
