"""When the statements of a step ran, and from when to when they held which locks: what traffic waited for is found by it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from mrt_runtime.databases.observation import RelationLock
from mrt_runtime.migrate.observer import ObservedStatement


@dataclass(slots=True, kw_only=True)
class StatementSpan:
    """One execution of a statement by a session; `until` is the end of its transaction."""

    statement: ObservedStatement
    session: int
    began: float
    ended: float
    until: float = math.inf


@dataclass(slots=True, kw_only=True)
class LockSpan(StatementSpan):
    """A lock that the statement took; `until` is its release."""

    lock: RelationLock


@dataclass(slots=True)
class StepTimeline:
    """All of a step, in order."""

    statements: list[StatementSpan] = field(default_factory=list)
    locks: list[LockSpan] = field(default_factory=list)

    def add(self, statement: ObservedStatement, session: int, began: float, ended: float) -> None:
        """Note that a statement was executed."""
        self.statements.append(StatementSpan(statement=statement, session=session, began=began, ended=ended))

    def add_lock(self, statement: ObservedStatement, session: int, lock: RelationLock, began: float) -> None:
        """Note a lock that a statement took."""
        self.locks.append(LockSpan(statement=statement, session=session, began=began, ended=began, lock=lock))

    def release(self, session: int, lock: RelationLock, now: float) -> None:
        """Note that a session has let go of a lock."""
        for span in self.locks:
            if span.session == session and span.lock == lock:
                span.until = min(span.until, now)

    def end(self, session: int, now: float) -> None:
        """Note that the transaction of a session ends."""
        for span in (*self.statements, *self.locks):
            if span.session == session:
                span.until = min(span.until, now)
