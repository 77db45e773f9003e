"""The session of env.py that is kept: PostgreSQL forks a process for each, which has to learn the catalogue first."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from mrt_runtime.databases.postgresql.noted_cursor import note_statements
from mrt_runtime.databases.postgresql.quoting import literal

DRIVER = "psycopg"
"""The one driver that separates its connection object from the session: what is set on the object ends with it."""
HSTORE = "hstore"
"""What SQLAlchemy asks for on the first connection of each engine."""
CLIENT_SIDE = frozenset({"autocommit", "prepare_threshold", "context", "row_factory", "cursor_factory"})
"""Arguments of psycopg's connect() that the server does not get."""
REMAINS = r"set_config|setseed|\mload\M|execute|\mset\s+((session|local)\s+)?\"?\w+\"?\s*\."
"""What may set something that DISCARD ALL does not take back: a parameter of an extension's or the project's own stays known, a
library loaded, neither of which the server shows. In statements and in the text of functions, which may write one themselves."""
IN_STATEMENT = re.compile(REMAINS.replace(r"\m", r"\b").replace(r"\M", r"\b"), re.IGNORECASE)
IS_LIKE_NEW = b"""SELECT pg_catalog.pg_my_temp_schema() = 0 AND NOT EXISTS (
SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384 AND pg_catalog.pg_has_role(session_user, proowner, 'MEMBER') AND prosrc ~* $1),
pg_catalog.to_regtype('hstore') IS NULL"""
WITH_PIPELINES = 140000
"""The version of libpq that sends a query before the answer to the one before has come."""
MARK = """
SELECT pg_catalog.concat_ws(' ', d.oid, d.xmin, r.xmin, (
  SELECT pg_catalog.array_agg(s.xmin::text || s.ctid ORDER BY s.ctid)::text FROM pg_catalog.pg_db_role_setting AS s
  WHERE s.setdatabase IN (0, d.oid) AND s.setrole IN (0, r.oid)))
FROM pg_catalog.pg_database AS d, pg_catalog.pg_authid AS r WHERE d.datname = {database} AND r.rolname = {role}"""
"""What changes whenever a new session would get other settings, or none: by the transactions that wrote the rows."""


class PostgresKeptSession:
    """See `KeptSession`.

    ask: executes a query as a superuser, beside the session, and returns the first value of the first row.
    """

    def __init__(self, ask: Callable[[str], Any], database: str, role: str) -> None:
        self._ask = ask
        self._query = MARK.format(database=literal(database), role=literal(role))
        self._session: Any = None
        self._taken: Any = None
        self._origin: Any = None
        """With what, and in which state of the server, the session was opened."""
        self._has_opened = self._is_doubtful = self._lacks_hstore = False

    def begin(self) -> None:
        """See `KeptSession`."""
        self._has_opened = self._is_doubtful = False

    def take(self, driver: str, arguments: Sequence[Any], settings: Mapping[str, Any]) -> Any | None:
        """See `KeptSession`."""
        if driver != DRIVER:
            return None
        if self._has_opened and self._session is None:  # the one before is in use, and it is not known which is kept
            self._is_doubtful = True
            return None
        self._has_opened = True
        former, self._origin = self._origin, self._find_origin(arguments, settings)
        session = self._session
        is_alike = session is not None and self._origin is not None and self._origin == former and is_open(session)
        is_like_new, self._lacks_hstore = end_renewal(session) if is_alike else (False, False)
        if not is_like_new:
            self.close()
            return None
        self._session, self._taken = None, reopen(session, arguments, settings)
        return self._taken

    def is_taken(self, dbapi_connection: Any) -> bool:
        """See `KeptSession`."""
        return self._taken is not None and dbapi_connection is self._taken

    def lacks(self, dbapi_connection: Any, type_name: str) -> bool:
        """See `KeptSession`."""
        return self.is_taken(dbapi_connection) and type_name == HSTORE and self._lacks_hstore

    def watch(self, dbapi_connection: Any) -> None:
        """See `KeptSession`."""
        if getattr(dbapi_connection, "pgconn", None) is not None and self._origin is not None:
            note_statements(dbapi_connection, self._note)

    def _note(self, statement: str) -> None:
        self._is_doubtful = self._is_doubtful or IN_STATEMENT.search(statement) is not None

    def keep(self, dbapi_connection: Any) -> bool:
        """See `KeptSession`."""
        session = getattr(dbapi_connection, "pgconn", None)
        if session is None or self._origin is None or self._is_doubtful or is_async(dbapi_connection):
            return False
        if not begin_renewal(session):
            return False
        dbapi_connection.pgconn, self._taken, self._session = make_closed(), None, session
        return True

    def close(self) -> None:
        """See `KeptSession`."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(Exception):
                session.finish()

    def _find_origin(self, arguments: Sequence[Any], settings: Mapping[str, Any]) -> Any:
        """Return what a new session depends on: arguments, variables, settings on the server; None where that is not known."""
        try:
            mark = self._ask(self._query)
        except Exception:  # noqa: BLE001  the driver's own class: what is wrong with the server is said where it is asked next
            return None
        given = {name: value for name, value in settings.items() if name not in CLIENT_SIDE}
        variables = {name: value for name, value in os.environ.items() if name.startswith("PG")}
        return mark and (mark, variables, list(arguments), given)


def is_open(session: Any) -> bool:
    """Whether a session of libpq's is still there, as far as the client knows."""
    from psycopg import pq  # noqa: PLC0415  as above

    return bool(session.status == pq.ConnStatus.OK)


def begin_renewal(session: Any) -> bool:
    """Begin to make a session of libpq's like a new one, while this process looks at the database; False where it cannot become so.

    Where the library can, the server is asked whether it has, too: each is a transaction of its own.
    """
    from psycopg import pq  # noqa: PLC0415  as above

    if session.transaction_status != pq.TransactionStatus.IDLE or session.pipeline_status != pq.PipelineStatus.OFF:
        return False
    session.notice_handler = session.notify_handler = None
    if pq.version() < WITH_PIPELINES:
        return bool(session.exec_(b"DISCARD ALL").status == pq.ExecStatus.COMMAND_OK)
    session.enter_pipeline_mode()
    for query, values in ((b"DISCARD ALL", None), (IS_LIKE_NEW, [REMAINS.encode()])):
        session.send_query_params(query, values)
        session.pipeline_sync()
    return True


def end_renewal(session: Any) -> tuple[bool, bool]:
    """Return whether the session is like a new one, and whether it finds no hstore."""
    from psycopg import Error, pq  # noqa: PLC0415  as above

    try:
        discarded, answer = read_answers(session) if session.pipeline_status != pq.PipelineStatus.OFF else (None, None)
        while session.notifies():
            pass
        answer = answer or session.exec_params(IS_LIKE_NEW, [REMAINS.encode()])
    except Error:  # the session has ended
        return False, False
    if discarded is not None and discarded.status != pq.ExecStatus.COMMAND_OK:
        return False, False
    is_like_new, lacks = (answer.status == pq.ExecStatus.TUPLES_OK and answer.get_value(0, at) == b"t" for at in range(2))
    return is_like_new, lacks


def read_answers(session: Any) -> tuple[Any, Any]:
    """Return what the server said to both, and leave the mode in which they were sent."""
    answers = []
    for _ in range(2):
        answers.append(session.get_result())
        while session.get_result() is not None:
            pass
        session.get_result()  # the end of the transaction
    session.exit_pipeline_mode()
    return answers[0], answers[1]


def reopen(session: Any, arguments: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """Return a new connection as psycopg's connect() makes it, over this session of libpq's."""
    return make_connecting().over(session).connect(*arguments, **settings)


@functools.cache
def make_connecting() -> Any:
    """Return a class whose connect() makes a connection over a session that there is."""
    from psycopg import Connection  # noqa: PLC0415  as above

    class Reopened(Connection[Any]):
        sessions: ClassVar[list[Any]] = []

        @classmethod
        def over(cls, session: Any) -> type[Reopened]:
            cls.sessions[:] = [session]
            return cls

        @classmethod
        def _connect_gen(cls, *_arguments: Any, **_settings: Any) -> Any:
            return Connection(cls.sessions.pop())
            yield

    return Reopened


def make_closed() -> Any:
    """Return a session of libpq's that is closed, for a connection object that is not to be used any more."""
    from psycopg import pq  # noqa: PLC0415  as above

    closed = pq.PGconn.connect_start(b"sslmode=none-at-all")
    closed.finish()
    return closed


def is_async(dbapi_connection: Any) -> bool:
    """Whether the session belongs to an event loop."""
    from psycopg import Connection  # noqa: PLC0415  as above

    return not isinstance(dbapi_connection, Connection)
