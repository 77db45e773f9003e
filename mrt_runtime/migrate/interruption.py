"""Stopping a migration between two of its statements, as a killed process or a lost connection does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.migrate.observer import WIDTH

OF_THE_SESSION = frozenset({"SET", "RESET", "USE"})
"""First words of statements that change nothing in a database."""
NO_TRANSACTION, NOTHING_WRITTEN = "", "idle"
"""What `Scratch.read_transaction` returns where none is open, and where nothing was written in it."""


class StoppedError(BaseException):
    """The migration was stopped. No Exception: a migration that catches errors does not survive being killed either."""


@dataclass(frozen=True, slots=True)
class StopPlace:
    """A moment at which something is final that was not at the place before: ahead of the statement of this number.

    line, text: the last statement before it. next_line: where the next one is; None where it is not the migration's.
    """

    number: int
    line: int | None
    text: str
    next_line: int | None


class StepInterruption:
    """Notes where a step can be stopped with something left behind, and stops it ahead of statement `stop_before`, if given.

    read_transaction: returns the state of a session's transaction, see `Scratch`.
    """

    def __init__(self, read_transaction: Callable[[Any], str], stop_before: int | None = None) -> None:
        self._read = read_transaction
        self._stop_before = stop_before
        self._sessions: dict[int, str] = {}
        self._last: tuple[int | None, str] = (None, "")
        self._has_left = False
        self.count = 0
        self.has_stopped = False
        self.places: list[StopPlace] = []

    def before(self, connection: Connection, statement: str, line: int | None) -> None:  # noqa: ARG002  as every watcher
        """Note that a statement is about to be executed, or stop here."""
        self.count += 1
        if self.has_stopped or self.count == self._stop_before:
            self.has_stopped = True
            connection.invalidate()  # the server takes back what is not committed, whatever env.py would do at its end
            raise StoppedError
        if self._has_left and self._stop_before is None:
            self.places.append(StopPlace(self.count, *self._last, line))
            self._has_left = False

    def after(self, connection: Connection, cursor: Any, statement: str, line: int | None) -> None:
        """Note that a statement succeeded."""
        if self._stop_before is not None:
            return
        session, text = connection.connection.dbapi_connection, " ".join(statement.split())[:WIDTH]
        self._last = line, text
        earlier, now = self._sessions.get(id(session), NO_TRANSACTION), self._read(session)
        self._sessions[id(session)] = now
        is_over = earlier not in {NO_TRANSACTION, NOTHING_WRITTEN, now}
        self._has_left |= is_over or (now == NO_TRANSACTION and not is_reading(cursor, text))

    def failed(self, connection: Connection) -> None:
        """Note nothing: what it leaves is seen when its transaction ends."""

    def ended(self, connection: Connection, *, is_committed: bool) -> None:
        """Note that a transaction ends: what is committed is final."""
        if self._stop_before is None:
            state = self._sessions.pop(id(connection.connection.dbapi_connection), NO_TRANSACTION)
            self._has_left |= is_committed and state not in {NO_TRANSACTION, NOTHING_WRITTEN}

    def close(self) -> None:
        """Keep what was noted."""


def is_reading(cursor: Any, text: str) -> bool:
    """Whether a statement outside of any transaction has left nothing: it returned rows, and not of what it wrote."""
    words = text.upper().split()
    return words[:1] == [] or words[0] in OF_THE_SESSION or (bool(cursor.description) and "RETURNING" not in words)
