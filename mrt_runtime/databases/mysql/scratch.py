"""A MySQL or MariaDB database of this run alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection

from mrt_runtime.databases.batch import ask_to_take_several
from mrt_runtime.databases.hosted import DatabaseContents, ServerScratch
from mrt_runtime.databases.isolation import Isolation, Translation
from mrt_runtime.databases.journal import NO_JOURNAL
from mrt_runtime.databases.mysql.algorithm import AlgorithmProbe
from mrt_runtime.databases.mysql.place import ScratchPlace
from mrt_runtime.databases.mysql.quoting import literal
from mrt_runtime.databases.mysql.refusal import explain_refusal
from mrt_runtime.databases.mysql.server import MySQLServer, outlast
from mrt_runtime.databases.mysql.traffic import MySQLTraffic
from mrt_runtime.databases.mysql.translation import translate
from mrt_runtime.databases.protocol import ConnectionTarget, Database

IN_TRANSACTION = 1
"""Of the status flags. Source: MySQL's documentation of its protocol, SERVER_STATUS_flags_enum."""


class MySQLScratch(ServerScratch):
    """A scratch database on a MySQL or MariaDB server, which migrations, seeds and our reading enter as its own account."""

    traffic = MySQLTraffic()

    def __init__(
        self,
        database: Database,
        server: MySQLServer,
        contents: DatabaseContents,
        urls: tuple[URL, URL],
        *,
        place: ScratchPlace,
        isolation: Isolation,
    ) -> None:
        super().__init__(database, server, contents, *urls)
        self.isolation = isolation
        self._server = server
        self._place = place
        server.handshake.watch(self.engine)
        event.listen(self.engine, "do_connect", _before_connect)
        event.listen(self.engine, "connect", outlast)

    def is_elsewhere(self, target: ConnectionTarget) -> bool:
        account = self._server.accounts.get(self._contents.name)
        return (
            target.dialect not in {"mysql", "mariadb"}
            or target.database not in {None, self._contents.name}
            or (account is not None and target.user not in {None, account.username})
        )

    def translate(self, statement: str) -> Translation:
        return translate(statement, self._place, self._create)

    def explain_refusal(self, error: BaseException) -> str:
        return explain_refusal(error, self._place)

    def _create(self, statement: str, connection: Connection) -> None:
        """Create a trigger or function over the given account, as the connection would: DDL commits, and keeps its sql_mode."""
        cursor = connection.connection.cursor()
        cursor.execute("SELECT @@sql_mode, @@collation_connection")
        mode, collation = cursor.fetchone() or ("", "")
        # the statement itself would have committed: CREATE TRIGGER and CREATE FUNCTION do (MySQL manual, Statements That Cause an
        # Implicit Commit)
        cursor.execute("COMMIT")
        cursor.close()
        with self._server.engine_for(self._contents.name).connect() as given:
            given.exec_driver_sql(f"SET SESSION sql_mode = {literal(mode)}, collation_connection = {literal(collation)}")
            given.execution_options(no_parameters=False).exec_driver_sql(statement)

    def drop(self) -> None:
        """Remove the account first: one without its database would not be found after a kill here."""
        account = self._server.accounts.get(self._contents.name)
        if account is not None:
            self._server.end_sessions(self._contents.name)
            del self._server.accounts[self._contents.name]
            self._server.run(f"DROP USER IF EXISTS {self._place.definer}")
        super().drop()

    def watch_locks(self, connect: Callable[[], Connection]) -> None:
        """Nothing: a statement that changes a table ends its locks by itself, and none is to be seen afterwards."""

    def find_algorithm(self, statement: str) -> str:
        return AlgorithmProbe(self._server, self._contents.name).find(statement) if self.journal is NO_JOURNAL else ""

    def read_transaction(self, dbapi_connection: Any) -> str:
        """Return it as the server reports it with each answer; a driver that keeps that to itself counts as none."""
        driver = getattr(dbapi_connection, "driver_connection", dbapi_connection)
        status = getattr(driver, "server_status", None)
        is_open = status & IN_TRANSACTION if isinstance(status, int) else getattr(driver, "in_transaction", False)
        return "open" if is_open else ""

    def measure(self) -> int:
        lengths = "SUM(COALESCE(data_length, 0) + COALESCE(index_length, 0))"
        name = literal(self._contents.name)
        found = self._server.run(f"SELECT COALESCE({lengths}, 0) FROM information_schema.tables WHERE table_schema = {name}")
        return int(found[0][0])

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Do without asking for TLS each time, as for the first connection."""
        self._server.handshake.complete(driver, settings)

    def admit(self, dbapi_connection: Any) -> None:
        """Note it as the run's own; nothing else: what would make it faster is a setting of the whole server."""
        self.journal.admit(dbapi_connection)

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:  # noqa: ARG002  the server knows them all
        with contextlib.suppress(exc.SQLAlchemyError):
            own = getattr(self.journal, "sessions", None)  # in a database that is lent, only the run's own
            self._server.end_sessions(self._contents.name, "QUERY", own)

    def waits_for_itself(self, dbapi_connections: Iterable[Any]) -> bool:  # noqa: ARG002  as above
        with contextlib.suppress(exc.SQLAlchemyError):
            return self._server.waits_for_itself(self._contents.name, getattr(self.journal, "sessions", None))
        return False


def _before_connect(dialect: Any, _record: object, _arguments: object, settings: dict[str, Any]) -> None:
    ask_to_take_several(dialect.driver, settings)
