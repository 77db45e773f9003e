"""A PostgreSQL database of this run alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection

from mrt_runtime.databases.driver_error import list_causes, read_state
from mrt_runtime.databases.hosted import ServerScratch
from mrt_runtime.databases.isolation import Isolation, Translation
from mrt_runtime.databases.postgresql.created import CreatedPostgresContents
from mrt_runtime.databases.postgresql.existing import ExistingPostgresContents
from mrt_runtime.databases.postgresql.kept_session import PostgresKeptSession
from mrt_runtime.databases.postgresql.lock_watch import PostgresLockWatch, ask
from mrt_runtime.databases.postgresql.quoting import literal
from mrt_runtime.databases.postgresql.server import SETTINGS, TIMEOUTS, PostgresServer
from mrt_runtime.databases.postgresql.traffic import PostgresTraffic
from mrt_runtime.databases.postgresql.translation import Translator
from mrt_runtime.databases.protocol import ConnectionTarget, Database

REFUSED = "42501"
"""The SQLSTATE insufficient_privilege. Source: PostgreSQL's manual, appendix A."""
DENIED_AS_IT_CONNECTS = "FATAL:  permission denied to set"
"""Of a setting in a connection's options; drivers have no SQLSTATE before they are connected."""
WAITS_FOR_IDLE = """SELECT 1 FROM mine AS w JOIN mine AS h ON h.pid = ANY (pg_blocking_pids(w.pid))
WHERE w.wait_event_type = 'Lock' AND clock_timestamp() - w.query_start > INTERVAL '1 second'
  AND h.state LIKE 'idle in transaction%%' AND clock_timestamp() - h.state_change > INTERVAL '1 second' LIMIT 1"""
"""Whether one of the sessions `mine` waits for another one that executes nothing."""
HOW_TO_ALLOW = (
    "Migrations run as a role of this run, which may do what the owner of a database may, and nothing outside of it. To let "
    'this one do more, set isolation = "statements" under [tool.mrt], best with db_url = "embedded:postgresql", a server of its own'
)


class PostgresScratch(ServerScratch):
    """A scratch database on a PostgreSQL server."""

    traffic = PostgresTraffic()

    def __init__(
        self,
        database: Database,
        server: PostgresServer,
        contents: CreatedPostgresContents | ExistingPostgresContents,
        *,
        urls: tuple[URL, URL],
        isolation: Isolation,
    ) -> None:
        super().__init__(database, server, contents, urls[0], urls[1], **SETTINGS)
        event.listen(self.engine, "connect", prepare_session)
        self.isolation = isolation
        self._server = server
        self._stand_ins = contents.stand_ins
        self._role = contents.role
        self._translator = Translator(contents.name, contents.role)
        if self._role is not None:
            self._user_condition = f" AND session_user = {literal(self._role.name)}"
            if self._role.is_answered and contents.keeps_session:
                self.kept_session = PostgresKeptSession(server.ask, contents.name, self._role.name)

    def is_elsewhere(self, target: ConnectionTarget) -> bool:
        if target.dialect != "postgresql" or target.database not in {None, self._contents.name}:
            return True
        return self._role is not None and target.user not in {None, self._role.name}

    def translate(self, statement: str) -> Translation:
        translation, taken = self._translator.translate(statement)
        stand_ins = self._stand_ins
        if stand_ins is None or not taken or translation.outside:
            return translation
        return replace(translation, answer=lambda _connection: stand_ins.take_place_of(taken))

    def explain_refusal(self, error: BaseException) -> str:
        if self._role is None or not (was_refused(error) or DENIED_AS_IT_CONNECTS in str(error)):
            return ""
        return HOW_TO_ALLOW

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Nothing: connecting is quick."""

    def admit(self, dbapi_connection: Any) -> None:
        """Note it as the run's own; nothing else: the database itself is set up to be fast."""
        self.journal.admit(dbapi_connection)

    def watch_locks(self, connect: Callable[[], Connection]) -> PostgresLockWatch:
        return PostgresLockWatch(connect)

    def find_algorithm(self, statement: str) -> str:  # noqa: ARG002  there are no ways to choose from
        return ""

    def read_transaction(self, dbapi_connection: Any) -> str:
        number = ask(dbapi_connection, "SELECT pg_catalog.txid_current_if_assigned()::text")[0][0]
        return str(number or ("" if getattr(dbapi_connection, "autocommit", False) is True else "idle"))

    def measure(self) -> int:
        return int(self._server.run(f"SELECT pg_catalog.pg_database_size({literal(self._contents.name)})")[0][0])

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:  # noqa: ARG002  the server knows them all
        self._ask_of_sessions("SELECT pg_cancel_backend(pid) FROM mine WHERE pid <> pg_backend_pid()")

    def waits_for_itself(self, dbapi_connections: Iterable[Any]) -> bool:  # noqa: ARG002  the server knows them all
        return bool(self._ask_of_sessions(WAITS_FOR_IDLE))

    def _ask_of_sessions(self, query: str) -> list[Any]:
        """Return the answer to a query over `mine`, the sessions in this database; nothing where it cannot be asked."""
        sessions = getattr(self.journal, "sessions", "")  # in a database that is lent, only the run's own
        mine = f" AND pid IN (SELECT pid {sessions})" if sessions else ""
        found = f"WITH mine AS (SELECT * FROM pg_stat_activity WHERE datname = {literal(self._contents.name)}{mine}) {query}"
        # From another database: what migrations set for this one would hold for our own session there, too.
        place = self._contents.name if mine else self._server.place
        with contextlib.suppress(exc.SQLAlchemyError), self._server.engine_for(place).connect() as connection:
            return list(connection.exec_driver_sql(found))
        return []


def was_refused(error: BaseException) -> bool:
    """Return whether PostgreSQL refused a right, in this error or in what it was raised from or while."""
    states = (read_state(cause)[0] for cause in list_causes(error, with_context=True))
    return next(filter(None, states), "") == REFUSED


def prepare_session(dbapi_connection: Any, _record: object) -> None:
    """Lift the time limits on a connection of ours, and plan what it prepares once; env.py's own keep what is set for them."""
    settings = dict.fromkeys(TIMEOUTS, "0") | {"plan_cache_mode": "force_generic_plan"}
    values = ", ".join(f"({literal(name)}, {literal(value)})" for name, value in settings.items())
    cursor = dbapi_connection.cursor()
    cursor.execute(
        f"SELECT set_config(s.name, w.value, false) FROM (VALUES {values}) AS w (name, value)"
        " JOIN pg_catalog.pg_settings AS s ON s.name = w.name"
    )
    cursor.close()
    dbapi_connection.commit()
