"""The given database itself, empty, used by an account that may not create databases."""

from __future__ import annotations

import contextlib
import time

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.existing import ExistingContents
from mrt_runtime.databases.mysql.holdings import Holding, find_needed, read_tables
from mrt_runtime.databases.mysql.journal import MySQLJournal
from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.server import GRACE, MySQLServer
from mrt_runtime.databases.sentences import end, join, name_some, warn
from mrt_runtime.databases.token import find_token

MARKS = "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name} AND ROUTINE_TYPE = 'PROCEDURE'"
ADVICE = "Let db_url name a database that no other uses, or grant the account the right to create scratch databases."


class ExistingMySQLContents(ExistingContents):
    """Drops what this run made, and nothing that it cannot prove to be as it made it. There are no copies."""

    def __init__(self, server: MySQLServer, name: str) -> None:
        self.name = name
        self.journal = MySQLJournal(server, server.token, name)
        self._server = server
        self._lock = literal(f"mrt lent {name}"[:64])

    def find_obstacle(self) -> str | None:
        """Return why the database cannot be used, taking the lock that keeps other runs out where it can.

        Raises ConfigurationError where a killed run left something together with what is not its own.
        """
        if not self.name or not self._server.run(
            f"SELECT 1 FROM information_schema.schemata WHERE schema_name = {literal(self.name)}"
        ):
            return "does not exist"
        if self._server.run(f"SELECT GET_LOCK({self._lock}, 0)") != [(1,)]:
            return "is in use by another run"
        return self._prepare_locked()

    def make(self) -> None:
        """Drop what was made since the database was lent. Raises ConfigurationError where others have taken part in it."""
        self._end_sessions()
        left = self._drop(self.journal)
        if left:
            self.journal.is_reported = True
            raise ConfigurationError(
                f"{self.name} is used by others while migrations run in it: {name_holdings(left)} cannot be proved to be as this "
                f"run left it, so it was not touched and the run was stopped. {ADVICE}"
            )

    def remove(self) -> None:
        """Drop what is this run's own, and its mark; what others made is left and named on standard error."""
        self._end_sessions()
        try:
            left = self._drop(self.journal)
            self._remove_mark(self.journal)
        except exc.DBAPIError as error:
            warn(f"{self.name} could not be emptied: {end(join(error.orig))} The next run will try again.")
        else:
            if left and not self.journal.is_reported:
                warn(f"{self.name} still holds what this run cannot prove to be its own: {name_holdings(left)}.")
        finally:
            self._unlock()

    def _prepare(self) -> str | None:
        marks = [str(name) for (name,) in self._server.run(MARKS.format(name=literal(self.name))) if find_token(str(name))]
        if self.journal.mark in marks:
            return "is in use by this run already"
        for mark in marks:
            self._finish_for_the_dead(str(find_token(mark)))
        if self.journal.look():
            return "holds tables"
        self.journal.begin()
        return None

    def _finish_for_the_dead(self, token: str) -> None:
        """Drop what a killed run made, if nothing else is there."""
        journal = MySQLJournal(self._server, token, self.name)
        journal.read()
        holdings = journal.look()
        others = [holding for holding in holdings if not journal.proves(holding)]
        if not others:
            others = self._drop(journal)
        if others:
            own = [str(holding) for holding in holdings if holding not in others]
            raise ConfigurationError(
                f"A run that was killed left its mark in {self.name}, and besides what is as the run left it "
                f"({name_some(own) or 'nothing'}) there is what it cannot be proved to have made, or to have left as it is: "
                f"{name_holdings(others)}. Nothing was touched. To keep all of it and remove the mark alone: "
                f"{write_removal(journal)}; {ADVICE}"
            )
        self._remove_mark(journal)

    def _drop(self, journal: MySQLJournal) -> list[Holding]:
        """Drop what is proved and not needed by anything else; return what is left.

        Tables are locked, and looked at again, so that no row can come in between.
        """
        holdings = journal.look()
        own = find_free(holdings, [holding for holding in holdings if not journal.proves(holding)])
        with self._server.engine_for(self.name).connect() as connection:
            # the default lock_wait_timeout is a year
            connection.exec_driver_sql("SET SESSION foreign_key_checks = 0, lock_wait_timeout = 10")
            tables = [holding for holding in own if holding.kind == "TABLE"]
            if tables:
                self._drop_tables(connection, tables)
            for holding in own:
                if holding.kind != "TABLE":
                    connection.exec_driver_sql(f"DROP {holding.kind} IF EXISTS {quote(holding.name)}")
        return journal.look()

    def _drop_tables(self, connection: Connection, tables: list[Holding]) -> None:
        locks = ", ".join(f"{quote(self.name)}.{quote(table.name)} WRITE" for table in tables)
        with contextlib.suppress(exc.OperationalError, exc.ProgrammingError):  # without the right to, rows may come in between
            connection.exec_driver_sql(f"LOCK TABLES {locks}")
        now = {
            table.key: table for table in read_tables(connection.connection.cursor(), self.name, [table.name for table in tables])
        }
        same = [table for table in tables if now.get(table.key) == table]
        if same:
            connection.exec_driver_sql(f"DROP TABLE {', '.join(quote(table.name) for table in same)}")
        connection.exec_driver_sql("UNLOCK TABLES")

    def _remove_mark(self, journal: MySQLJournal) -> None:
        if journal.is_marked:
            self._server.run(write_removal(journal))
            journal.is_marked = False

    def _end_sessions(self) -> None:
        """End the run's own sessions, and no others; wait until they are gone, so that what they made is seen."""
        deadline = time.monotonic() + GRACE
        self._server.end_sessions(self.name, among=self.journal.sessions)
        while self._has_sessions() and time.monotonic() < deadline:
            time.sleep(0.005)
        self.journal.settle()

    def _has_sessions(self) -> bool:
        """Whether one of the run's own sessions has not ended yet."""
        found = self._server.run(f"SELECT id FROM information_schema.processlist WHERE db = {literal(self.name)}")
        return any(int(session) in self.journal.sessions for (session,) in found)

    def _unlock(self) -> None:
        self._server.run(f"SELECT RELEASE_LOCK({self._lock})")


def find_free(holdings: list[Holding], others: list[Holding]) -> list[Holding]:
    """Find what is the run's own and needed by nothing else, directly or not."""
    own = [holding for holding in holdings if holding not in others]
    held = list(others)
    while needed := find_needed(own, held):
        held = [holding for holding in own if holding.key in needed]
        own = [holding for holding in own if holding.key not in needed]
    return own


def write_removal(journal: MySQLJournal) -> str:
    """Write the statement that removes a mark and nothing else."""
    return f"DROP PROCEDURE IF EXISTS {quote(journal.database)}.{quote(journal.mark)}"


def name_holdings(holdings: list[Holding]) -> str:
    """Name the first of some objects, and count the rest."""
    return name_some([str(holding) for holding in holdings])
