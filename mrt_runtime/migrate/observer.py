"""What each statement of a step took: time, locks and for how long, tables rewritten. Each with its line in the migration."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mrt_runtime.config_discovery import LOCK_MODES
from mrt_runtime.databases.observation import LockWatch, RelationLock, SessionReading, TrafficWait

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from mrt_runtime.migrate.timeline import StepTimeline

WIDTH = 200  # characters kept of a statement


@dataclass(slots=True)
class HeldLock:
    """The strongest lock that a statement took on a relation, and the seconds from its start to the end of the transaction."""

    lock: RelationLock
    seconds: float = 0.0


@dataclass(slots=True)
class ObservedStatement:
    """All executions of one statement on one line. locks: None where they are not known, which is not the same as none.

    started: the seconds from the start of the step to the first one. algorithm: how a table is changed, where there is a choice.
    waits: what traffic waited for it, None without traffic.
    """

    line: int | None
    text: str
    count: int = 0
    seconds: float = 0.0
    locks: dict[str, HeldLock] | None = None
    rewritten: list[str] = field(default_factory=list)
    scanned: dict[str, int] = field(default_factory=dict)
    started: float = 0.0
    algorithm: str = ""
    waits: list[TrafficWait] | None = None

    @property
    def strongest(self) -> HeldLock | None:
        """The strongest of its locks; of equals the one that was held longest."""
        held = (self.locks or {}).values()
        return max(held, key=lambda one: (one.lock.strength, one.seconds), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedStep:
    """One run of upgrade() or downgrade(). `growth`: bytes by which the database is larger after it, where that was measured."""

    name: str
    seconds: float
    file: str = ""
    statements: tuple[ObservedStatement, ...] = ()
    growth: int = 0


@dataclass(frozen=True, slots=True)
class OpenLock:
    """A lock that a session holds now, the statement that took it, and when that began."""

    held: HeldLock
    since: float


class StepObserver:
    """Observes one step. watch: what looks at locks; None where only times are taken. timeline: what notes when all that was.

    find_algorithm: says how a statement is going to change a table. `asked` are the seconds that this took.
    """

    def __init__(
        self,
        watch: LockWatch | None = None,
        timeline: StepTimeline | None = None,
        find_algorithm: Callable[[str], str] | None = None,
    ) -> None:
        self._find_algorithm = find_algorithm
        self._algorithm = ""
        self.asked = 0.0
        self._watch = watch
        self._timeline = timeline
        self._statements: dict[tuple[int | None, str], ObservedStatement] = {}
        self._open: dict[int, dict[RelationLock, OpenLock]] = {}
        self._begun: tuple[int, float, bool] | None = None
        self._epoch = time.perf_counter()
        if watch is not None:
            watch.begin()

    def of_the_migration(self, others: Collection[str]) -> tuple[ObservedStatement, ...]:
        """Return what was observed on the migration's own lines, in the order in which statements were executed first.

        others: the tables in which Alembic records the database's revision, whose locks are not the migration's.
        """
        own = tuple(statement for statement in self._statements.values() if statement.line is not None)
        for statement in own:
            if statement.locks is not None:
                statement.locks = {name: held for name, held in statement.locks.items() if held.lock.table not in others}
            statement.scanned = {table: rows for table, rows in statement.scanned.items() if table not in others}
        return own

    def before(self, connection: Connection, statement: str, line: int | None) -> None:
        """Note that a statement begins."""
        session = connection.connection.dbapi_connection
        known = self._statements.get((line, " ".join(statement.split())[:WIDTH]))
        # one that is executed a thousand times is looked at the first, second, fourth, eighth time and so on
        is_looked_at = self._watch is not None and (known is None or (known.count + 1) & known.count == 0)
        if self._watch is not None and is_looked_at:
            self._watch.before(session)
        if known is None and line is not None and self._find_algorithm is not None:
            began = time.perf_counter()
            self._algorithm = self._find_algorithm(statement)
            self.asked += time.perf_counter() - began
        self._begun = id(session), time.perf_counter(), is_looked_at

    def after(self, connection: Connection, cursor: object, statement: str, line: int | None) -> None:  # noqa: ARG002  as every watcher
        """Note what a statement did that has succeeded."""
        session = connection.connection.dbapi_connection
        if self._begun is None or self._begun[0] != id(session):
            return
        (_, began, is_looked_at), self._begun = self._begun, None
        ended = time.perf_counter()
        text = " ".join(statement.split())[:WIDTH]
        observed = self._statements.setdefault((line, text), ObservedStatement(line, text, started=began - self._epoch))
        observed.count += 1
        observed.algorithm, self._algorithm = observed.algorithm or self._algorithm, ""
        observed.seconds += ended - began
        if self._timeline is not None:
            self._timeline.add(observed, id(session), began, ended)
        reading = self._watch.after(session) if self._watch is not None and is_looked_at else None
        if reading is not None:
            self._take(observed, id(session), reading, began, ended)

    def failed(self, connection: Connection) -> None:
        """Note that a statement failed: its transaction ends, or goes on from before it."""
        self._begun = None
        if self._watch is not None:
            self._watch.forget(connection.connection.dbapi_connection)

    def ended(self, connection: Connection, *, is_committed: bool) -> None:  # noqa: ARG002  as every watcher
        """Note that a transaction ends, and with it all locks of the session."""
        session = connection.connection.dbapi_connection
        now = time.perf_counter()
        for one in self._open.pop(id(session), {}).values():
            one.held.seconds = max(one.held.seconds, now - one.since)
        if self._timeline is not None:
            self._timeline.end(id(session), now)

    def close(self) -> None:
        """End the observation: what is open is taken to end now."""
        for session in list(self._open):
            now = time.perf_counter()
            for one in self._open.pop(session).values():
                one.held.seconds = max(one.held.seconds, now - one.since)

    def _take(self, observed: ObservedStatement, session: int, reading: SessionReading, began: float, ended: float) -> None:
        held = self._open.setdefault(session, {})
        observed.locks = {} if observed.locks is None else observed.locks
        for lock in reading.locks - held.keys():
            mine = observed.locks.get(lock.relation)
            if mine is None or mine.lock.strength < lock.strength:
                mine = observed.locks[lock.relation] = HeldLock(lock)
            held[lock] = OpenLock(mine, began)
            if self._timeline is not None:
                self._timeline.add_lock(observed, session, lock, began)
        for lock in held.keys() - reading.locks:
            gone = held.pop(lock)
            gone.held.seconds = max(gone.held.seconds, ended - gone.since)
            if self._timeline is not None:
                self._timeline.release(session, lock, ended)
        observed.rewritten += [name for name in reading.rewritten if name not in observed.rewritten]
        for table, rows in reading.scanned:
            observed.scanned[table] = observed.scanned.get(table, 0) + rows


def at_most(lock: RelationLock, mode: str) -> bool:
    """Whether a lock is no stronger than a mode."""
    return lock.strength <= LOCK_MODES.index(mode)
