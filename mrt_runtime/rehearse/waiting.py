"""Which statement of a migration traffic waited for."""

from __future__ import annotations

from collections.abc import Iterable

from mrt_runtime.compare.blame import bare, has_word
from mrt_runtime.config_discovery import LOCK_MODES
from mrt_runtime.databases.observation import TrafficWait
from mrt_runtime.migrate.observer import ObservedStatement
from mrt_runtime.migrate.timeline import StatementSpan, StepTimeline
from mrt_runtime.rehearse.traffic import TrafficAttempt

WEAKEST = {"reader": LOCK_MODES.index("ACCESS EXCLUSIVE"), "writer": LOCK_MODES.index("SHARE")}
"""The weakest lock on a table that keeps them out. Source: PostgreSQL's manual, Conflicting Lock Modes."""


AT_ONCE = 0.01  # seconds that an attempt takes at most where nothing is in its way


def note_waits(timeline: StepTimeline, attempts: Iterable[TrafficAttempt]) -> None:
    """Note at each statement how long traffic waited for it at most."""
    for span in timeline.statements:
        span.statement.waits = []
    for attempt in attempts:
        statement = find_cause(timeline, attempt)
        if statement is None or statement.waits is None:
            continue
        wait = next((one for one in statement.waits if (one.table, one.who) == (attempt.table, attempt.who)), None)
        if wait is None:
            wait = TrafficWait(attempt.table, attempt.who, 0.0)
            statement.waits.append(wait)
        wait.seconds = max(wait.seconds, attempt.seconds)
        wait.gave_up = wait.gave_up or attempt.gave_up


def find_cause(timeline: StepTimeline, attempt: TrafficAttempt) -> ObservedStatement | None:
    """Return the statement whose lock kept an attempt waiting: as the database shows the lock, or else one that names the table.

    A lock that was taken later is not what it waited for from its beginning: that was a row.
    """
    until = attempt.began + attempt.seconds
    locks = [
        span
        for span in timeline.locks
        if span.lock.relation == attempt.table
        and span.lock.strength >= WEAKEST[attempt.who]
        and span.began <= attempt.began + AT_ONCE
        and span.until >= attempt.began
    ]
    if locks:
        return min(locks, key=lambda span: span.began).statement
    open_ones = [span for span in timeline.statements if span.began <= until and span.until >= attempt.began]
    named = [span for span in open_ones if has_word(span.statement.text, bare(attempt.table))]
    return choose(named or [span for span in open_ones if span.ended >= attempt.began], attempt.began)


def choose(spans: list[StatementSpan], began: float) -> ObservedStatement | None:
    """Return the last statement that had begun by then, or else the first that began after it; None where there is none."""
    before = [span for span in spans if span.began <= began]
    span = before[-1] if before else next(iter(spans), None)
    return span.statement if span is not None else None
