"""Traffic beside a migration: sessions that read and write the tables that it is about, by key, and note how long they wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Table
from mrt_runtime.databases import Scratch
from mrt_runtime.databases.address import mask
from mrt_runtime.databases.outage import LostServerError
from mrt_runtime.databases.traffic import TrafficDialect, TrafficEnd
from mrt_runtime.migrate.error import WrongDatabaseError
from mrt_runtime.termination import held

PAUSE = 0.01  # seconds between two attempts of a session, for each table that there is traffic on
NOTABLE = 0.001  # what takes less did not wait


@dataclass(frozen=True, slots=True)
class TrafficAttempt:
    """One attempt that waited, from when on and how long; `gave_up` where it came to nothing."""

    table: str
    who: Literal["reader", "writer"]
    began: float
    seconds: float
    gave_up: bool


class TrafficSession:
    """A connection of its own that executes a statement again and again, in a thread."""

    def __init__(self, connection: Connection, dialect: TrafficDialect, table: str, who: Literal["reader", "writer"]) -> None:
        self.attempts: list[TrafficAttempt] = []
        self.error: Exception | None = None
        """Why the first attempt was refused, where it was."""
        self._connection = connection
        self._dialect = dialect
        self._table = table
        self._who = who
        self.statements: Sequence[str] = ()
        self._raw: Any = connection.connection.dbapi_connection
        self._not_supported: type[Exception] = connection.dialect.dbapi.NotSupportedError  # type: ignore[union-attr]  # it is loaded
        self._done = threading.Event()
        self._pause = PAUSE
        self._thread = threading.Thread(target=self._run, name=f"mrt traffic {who}", daemon=True)

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return f"{self._who} of {self._table}"

    def limit(self) -> None:
        """Make the session give up early."""
        with closing(self._raw.cursor()) as cursor:
            for statement in self._dialect.limit():
                cursor.execute(statement)

    def find_rows(self, table: Table) -> list[str]:
        """Return conditions for the first row of the table and the last one."""
        with closing(self._raw.cursor()) as cursor:
            return list(dict.fromkeys(self._dialect.find_row(cursor, table, last=last) for last in (False, True)))

    def start(self, pause: float) -> None:
        """Begin, with as many seconds between two attempts."""
        self._pause = pause
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no further attempt."""
        self._done.set()

    def close(self) -> None:
        """Wait for an attempt that is under way, which gives up at some time, and close the connection."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join(2 * self._dialect.patience + 1)
        with suppress(DBAPIError, LostServerError):  # the migration has ended the session
            self._connection.close()

    def _run(self) -> None:
        turn = 0
        while not self._done.is_set():
            began = time.perf_counter()
            try:
                seconds, gave_up = self._attempt(self.statements[turn % len(self.statements)], began)
            except Exception as error:  # noqa: BLE001  the table is gone, or the session
                self.error = error if turn == 0 else None
                return
            turn += 1
            if seconds >= NOTABLE:
                self.attempts.append(TrafficAttempt(self._table, self._who, began, seconds, gave_up))
            self._done.wait(self._pause)

    def _attempt(self, statement: str, began: float) -> tuple[float, bool]:
        """Return how long an attempt waited, and whether it gave up. Raises the driver's error where there is no use in another."""
        is_first = True
        while True:
            try:  # what is refused is tried again
                measured = self._execute(statement)
            except Exception as error:  # noqa: PERF203  the server's answer takes longer
                end, waited = self._dialect.judge(error), time.perf_counter() - began
                if end is TrafficEnd.GONE:
                    raise
                if self._done.is_set() or (end is TrafficEnd.BUSY and waited >= self._dialect.patience):
                    return waited, not self._done.is_set()
                is_first = False
                time.sleep(PAUSE)
            else:
                return measured if measured and is_first else time.perf_counter() - began, False

    def _execute(self, statement: str) -> float | None:
        """Execute a statement, and return how long it took on the server; None where it does not say so."""
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(statement)
            with suppress(self._not_supported):
                while cursor.nextset():
                    pass  # the time is the last result, which is all that some drivers return
            rows = cursor.fetchall()
            return float(rows[0][0]) if rows else None


def open_sessions(scratch: Scratch, dialect: TrafficDialect, table: Table, sessions: list[TrafficSession]) -> None:
    """Open a reader and a writer of a table, each on a connection that is proved to be to the scratch database."""
    rows: list[str] = []
    kinds: tuple[tuple[Literal["reader", "writer"], Callable[[Table, str], str]], ...] = (
        ("reader", dialect.read),
        ("writer", dialect.write),
    )
    for who, write in kinds:
        connection = scratch.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        session = TrafficSession(connection, dialect, table.label, who)
        sessions.append(session)
        if not scratch.is_mine(connection):
            raise WrongDatabaseError(f"Traffic was about to run on another database than the copy {mask(scratch.url)}; it did not.")
        session.limit()
        rows = rows or session.find_rows(table)
        session.statements = [write(table, row) for row in rows]


@contextmanager
def traffic(scratch: Scratch, dialect: TrafficDialect, tables: Sequence[Table]) -> Iterator[list[TrafficSession]]:
    """Have sessions read and write these tables of a scratch database while the body runs, however it ends.

    Raises DBAPIError where they cannot connect.
    """
    sessions: list[TrafficSession] = []
    try:
        for table in tables:
            open_sessions(scratch, dialect, table, sessions)
        for session in sessions:
            session.start(PAUSE * max(1, len(tables)))
        yield sessions
    finally:
        with held():
            for session in sessions:
                session.ask_to_stop()
            for session in sessions:
                session.close()
