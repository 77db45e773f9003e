"""The given database itself, empty, used by a role that may not create databases."""

from __future__ import annotations

import time

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.existing import ExistingContents
from mrt_runtime.databases.postgresql.clearance import Clearance, ClearanceResult
from mrt_runtime.databases.postgresql.inventory import find_strangers, write_removal
from mrt_runtime.databases.postgresql.journal import PostgresJournal
from mrt_runtime.databases.postgresql.server import GRACE, SETTINGS, TIMEOUTS, PostgresServer, key_of, silence
from mrt_runtime.databases.postgresql.source import read_source
from mrt_runtime.databases.sentences import end, join, name_some, warn
from mrt_runtime.databases.server_connection import make_engine
from mrt_runtime.databases.token import find_token

MARKS = "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname ~ '^lent_mrt_' ORDER BY oid"
MAY_CREATE = """
SELECT has_database_privilege(current_database(), 'CREATE') OR EXISTS (
  SELECT 1 FROM pg_catalog.pg_namespace n
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'CREATE'))
"""
"""Only the owner may by default in schema public, from PostgreSQL 15 on. Source: its release notes."""
UNWRITABLE = "does not allow this role to create tables"
"""The obstacle that another grant removes too."""


class ExistingPostgresContents(ExistingContents):
    """Drops what this run made, and nothing that it cannot prove to have made. Copies are out of reach for such a role."""

    keeps_session = False
    role = stand_ins = None
    """The given role works in it."""

    def __init__(self, server: PostgresServer, own: URL, name: str) -> None:
        self.name = name
        self.journal = PostgresJournal(server.token, name)
        self.journal.find_strangers = self._find_strangers
        self._server = server
        self._engine = make_engine(own, **SETTINGS)
        self._lock = key_of(f"lent {name}")
        self._is_reported = False

    def find_obstacle(self) -> str | None:
        """Return why the database cannot be used; where nothing prevents it, keep other runs out and note what is there.

        Raises ConfigurationError where a killed run left something together with what is not its own.
        """
        if not self._server.run(f"SELECT pg_try_advisory_lock({self._lock})")[0][0]:
            return "is in use by another run"
        return self._prepare_locked()

    def make(self) -> None:
        """Drop what was made since the database was lent. Raises ConfigurationError where others have taken part in it."""
        self._end_sessions(self.journal)
        findings = Clearance(self._engine, self.journal).drop()
        if findings.others:
            self._is_reported = True
            raise ConfigurationError(
                f"{self.name} is used by others while migrations run in it: {name_items(findings)} cannot be proved to be this "
                f"run's own, so it was left as it is and the run was stopped. {advise()}"
            )

    def remove(self) -> None:
        """Drop what is this run's own, and its mark; what others made is left and named on standard error."""
        self._end_sessions(self.journal)
        try:
            findings = Clearance(self._engine, self.journal).drop()
            self._remove_mark(self.journal)
        except exc.DBAPIError as error:
            warn(f"{self.name} could not be emptied: {end(join(error.orig))} The next run will try again.")
        else:
            kept = f" It needs, so that was left too: {name_some(list(map(str, findings.kept)))}." if findings.kept else ""
            if (findings.others and not self._is_reported) or kept:
                warn(f"{self.name} still holds what this run cannot prove to be its own: {name_items(findings)}.{kept}")
        finally:
            self._unlock()

    def _prepare(self) -> str | None:
        with self._engine.connect() as connection:
            marks = [name for (name,) in connection.exec_driver_sql(MARKS) if find_token(name)]
        if self.journal.mark in marks:
            return "is in use by this run already"
        for mark in marks:
            self._finish_for_the_dead(str(find_token(mark)))
        with self._connect() as connection:
            obstacle = "holds tables" if read_source(connection, self.name).holds_tables else None
            if obstacle is None and not connection.exec_driver_sql(MAY_CREATE).scalar():
                obstacle = UNWRITABLE
            if obstacle is None:
                self.journal.begin(connection)
                connection.commit()
            return obstacle

    def _finish_for_the_dead(self, token: str) -> None:
        """Drop what a killed run made, if nothing else is there."""
        journal = PostgresJournal(token, self.name)
        self._end_sessions(journal)
        with self._connect() as connection:
            journal.read(connection)
        clearance = Clearance(self._engine, journal)
        findings = clearance.look()
        if not findings.others:
            findings = clearance.drop()
        if findings.others:
            own = [str(item) for item in (*findings.own, *findings.kept)]
            raise ConfigurationError(
                f"A run that was killed left its mark in {self.name}, and besides what it made itself "
                f"({name_some(own) or 'nothing'}) there is what it cannot be proved to have made: {name_items(findings)}. Nothing "
                f"was touched. To keep all of it and remove the mark alone: {'; '.join(write_removal(journal))}; {advise()}"
            )
        self._remove_mark(journal)

    def _remove_mark(self, journal: PostgresJournal) -> None:
        if journal.is_marked:
            with self._engine.connect() as connection:
                for statement in write_removal(journal):
                    connection.exec_driver_sql(statement)
            journal.is_marked = False

    def _find_strangers(self, connection: Connection) -> list[str]:
        """Find what is not proved to be this run's own."""
        self._settle(self.journal)
        found = list(map(str, find_strangers(connection.connection.cursor(), self.journal)))
        self._is_reported = self._is_reported or bool(found)
        return found

    def _end_sessions(self, journal: PostgresJournal) -> None:
        """End the run's own sessions, and no others; wait until they are gone."""
        deadline = time.monotonic() + GRACE
        while self._server.run(f"SELECT pg_terminate_backend(pid) {journal.sessions}") and time.monotonic() < deadline:
            time.sleep(0.005)
        self._settle(journal)

    def _settle(self, journal: PostgresJournal) -> None:
        """Show a journal what an interrupted statement made; outside of transactions."""
        with self._engine.connect() as connection:
            journal.settle(connection.connection.cursor())

    def _connect(self) -> Connection:
        """Connect for statements that belong together in a transaction."""
        connection = self._engine.connect()
        # limits that an administrator set for the role are for the application, and would end a clean-up half done
        for setting in (*(f"{name} = 0" for name in TIMEOUTS), "default_transaction_read_only = off"):
            silence(connection, f"SET {setting}")
        connection.rollback()
        return connection.execution_options(isolation_level="READ COMMITTED")

    def _unlock(self) -> None:
        self._server.run(f"SELECT pg_advisory_unlock({self._lock})")


def name_items(findings: ClearanceResult) -> str:
    """Name the first of what is not proved to be the run's own, and count the rest."""
    return name_some(list(map(str, findings.others)))


def advise() -> str:
    """Describe how not to get there again."""
    return "Let db_url name a database that no other uses, or grant the role CREATEDB."
