"""The traffic of a rehearsal: beside which steps there is some, on which tables, and what it was made of that it waited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.databases import Scratch
from mrt_runtime.databases.driver_error import list_causes
from mrt_runtime.databases.sentences import join
from mrt_runtime.databases.traffic import TrafficEnd
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migrate.timeline import StepTimeline
from mrt_runtime.rehearse.traffic import traffic
from mrt_runtime.rehearse.waiting import note_waits
from mrt_runtime.rolling.concerned_tables import find_concerned

MOST_TABLES = 6  # each of them takes two sessions


class StepTraffic:
    """Runs traffic on a copy where it is asked for. `notes` are sentences about what there was none of."""

    def __init__(self, scratch: Scratch, *, is_on: bool) -> None:
        self._dialect = scratch.traffic if is_on else None
        self.notes: list[str] = []
        self._scratch = scratch
        self._driver_error: type[Exception] = scratch.engine.dialect.dbapi.Error  # type: ignore[union-attr]  # it is loaded

    @property
    def is_on(self) -> bool:
        """Whether there is any: it was asked for, and the database allows some beside a migration."""
        return self._dialect is not None

    @contextmanager
    def beside(self, name: str, step: HistoryStep, schema: Schema | None) -> Iterator[StepTimeline | None]:
        """Have traffic while the body runs, and yield what notes when its statements run; they hold afterwards what waited.

        schema: what is there before. Nothing where there is no traffic, such as beside a second upgrade, which is like the first.
        """
        if self._dialect is None or schema is None or name == "second upgrade":
            yield None
            return
        timeline = StepTimeline()
        with ExitStack() as running:
            try:
                sessions = running.enter_context(traffic(self._scratch, self._dialect, self._choose(name, step, schema)))
            except (DBAPIError, self._driver_error) as error:
                self.notes.append(f"There was no traffic beside the {name}: {join(getattr(error, 'orig', None) or error)}")
                sessions = []
            try:
                yield timeline
            finally:
                running.close()
                note_waits(timeline, [attempt for session in sessions for attempt in session.attempts])
                for session in sessions:
                    if session.error is not None:
                        self.notes.append(f"There was no {session.name} beside the {name}: {join(session.error)}")

    def is_in_the_way(self, error: BaseException) -> bool:
        """Whether a step failed because it would not wait for a lock, which may have been the traffic's."""
        dialect = self._dialect
        causes = [cause for cause in list_causes(error) if not isinstance(cause, DBAPIError)]
        return dialect is not None and any(dialect.judge(cause) is TrafficEnd.BUSY for cause in causes)

    def _choose(self, name: str, step: HistoryStep, schema: Schema) -> list[Table]:
        labels = find_concerned(step.file, schema)
        kinds = {"table", "partitioned"}
        tables = [table for table in schema.tables if table.label in labels and table.bounds is None and table.kind in kinds]
        if len(tables) > MOST_TABLES:
            left_out = ", ".join(table.label for table in tables[MOST_TABLES:])
            self.notes.append(f"There was traffic on {MOST_TABLES} tables beside the {name}, and none on {left_out}.")
        return tables[:MOST_TABLES]
