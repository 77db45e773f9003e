"""What fills a scratch database: nothing at first, then what migrations make, or a copy of it."""

from __future__ import annotations

from mrt_runtime.databases.mysql.copy import SchemaCopy, copy_schema
from mrt_runtime.databases.mysql.quoting import quote
from mrt_runtime.databases.mysql.return_to_copy import ReturnToCopy
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.protocol import Checkpoint


class CreatedMySQLContents:
    """Fills and replaces a database that this run created and may drop."""

    def __init__(self, server: MySQLServer, name: str, options: str) -> None:
        self.name = name
        self._server = server
        self._options = options
        self._copies: list[SchemaCopy] = []
        self._made = 0

    def make(self) -> None:
        """Create the database, empty; a former one of the name goes first."""
        self._create()

    def _create(self) -> None:
        self._server.drop(self.name)
        self._server.run(f"CREATE DATABASE {quote(self.name)} {self._options}")

    def copy(self) -> Checkpoint:
        """Keep a copy, with rows of one that is not needed any more where these are the same."""
        unused = [copy for copy in self._copies if copy.is_dropped]
        self._copies = [copy for copy in self._copies if not copy.is_dropped]
        former = unused.pop() if unused else None
        for copy in unused:
            copy.remove()
        self._made += former is None
        aside = former.rows if former is not None else f"{self.name}_c{self._made}"
        try:
            if former is None:
                self._server.run(f"CREATE DATABASE {quote(aside)} {self._options}")
            self._copies.append(copy_schema(self._server, self.name, aside, former))
        except BaseException:  # Ctrl-C among them
            self._server.drop(aside)
            raise
        return self._copies[-1]

    def replace_by(self, copy: Checkpoint) -> None:
        """Create the database again from a copy."""
        if not isinstance(copy, SchemaCopy):
            raise TypeError(f"{copy!r} is not a checkpoint of a MySQL scratch database")
        if not ReturnToCopy(copy, self.name).run():
            self._create()  # and nothing that else fills it
            copy.fill(self.name)

    def remove(self) -> None:
        """Drop the database and its copies."""
        for copy in self._copies:
            copy.remove()
        self._server.drop(self.name)
