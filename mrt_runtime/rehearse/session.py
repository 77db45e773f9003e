"""A rehearsal: a copy of the given database, and its pending revisions run up, down and up again on it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mrt_runtime import termination
from mrt_runtime.closing import ClosingSession
from mrt_runtime.compare.blame import shorten
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases import connect_copying
from mrt_runtime.databases.outage import explain_failure
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.migrate import HistoryStep, MigrationError
from mrt_runtime.redaction import RedactedLog, redact_verdict
from mrt_runtime.rehearse.result import CopyFacts, RehearsedRevision
from mrt_runtime.rehearse.revision_rehearsal import RevisionRehearsal
from mrt_runtime.rehearse.scratch_copy import CopyState, ScratchCopy
from mrt_runtime.secret import register_settings
from mrt_runtime.termination import held
from mrt_runtime.verdict import Outcome, Verdict


class RehearsalSession(ClosingSession):
    """Rehearses the pending revisions of a database. To be closed; as a context manager it closes itself.

    source: the URL of the database that is copied, and only read. config: its `db_url` is where the copy is made, None for there.
    subset: how many rows of each table are copied, with all that they refer to; None for all.
    Opening it raises ConfigurationError, one sentence, where the database cannot be copied or the project cannot be used.
    """

    def __init__(
        self,
        source: str,
        config: MRTConfig,
        *,
        shows_values: bool = False,
        with_traffic: bool = False,
        subset: int | None = None,
    ) -> None:
        # what a base schema makes is in the copy
        self.config = dataclasses.replace(config, base_schema=None, base_revision=None)
        self.shows_values = shows_values
        self._with_traffic = with_traffic
        self._subset = subset
        self._log = RedactedLog()
        register_settings(config.env)
        self.copy: ScratchCopy | None = None
        with self._explaining():
            self.database = connect_copying(source, config.db_url, config.isolation, subset)
        self._log.open()
        try:
            with self._explaining():
                self.copy = self.make_copy()
                self.state: CopyState = self.copy.look()
                self.copy.release()
                self.heads = self._read_heads(self.copy)
                self.facts = self._describe(self.copy)
        except BaseException:
            self._abandon()
            raise
        self._wall: str | None = None

    def make_copy(self) -> ScratchCopy:
        """Make another copy of the given database."""
        return ScratchCopy(self.database, self.config, "copy", with_traffic=self._with_traffic)

    def select(self, names: Sequence[str] = ()) -> list[HistoryStep]:
        """Return the pending revisions, bases first; of those the ones that are named, where some are.

        Raises ConfigurationError for a name that means none, or one that the database has run already.
        """
        graph = self._copy.migrator.graph
        present = graph.ancestors(self.heads)
        asked = {graph.resolve(name).revision for name in names}
        done = graph.sort(asked & present)
        if done:
            raise ConfigurationError(
                f"The database has run {', '.join(done)} already: what can be rehearsed is what it has not run."
            )
        return [step for step in graph if step.revision not in present and (not asked or step.revision in asked)]

    def rehearse(self, steps: Sequence[HistoryStep], begin: Callable[[str], object] = bool) -> Iterator[RehearsedRevision]:
        """Rehearse revisions one after the other, each when it is asked for; those between them are only applied.

        begin: is called with the name of each as it begins.
        """
        for step in steps:
            termination.check()
            begin(step.revision)
            with self._explaining(step):
                found = self._rehearse(step)
            yield dataclasses.replace(found, verdict=redact_verdict(found.verdict))

    def close(self) -> None:
        """Drop the copy and let go of the server. Raises ConfigurationError where the database does not allow it."""
        try:
            with held():
                try:
                    if self.copy is not None:
                        self.copy.drop()
                finally:
                    if hasattr(self, "database"):
                        self.database.close()
                    self._log.close()
        except (SQLAlchemyError, OSError, ConfigurationError) as error:
            words = end(join(getattr(error, "orig", None) or error))
            raise ConfigurationError(f"The copy could not be dropped: {words} The next run there drops it.") from None

    @property
    def _copy(self) -> ScratchCopy:
        assert self.copy is not None  # noqa: S101  it was made when this was
        return self.copy

    def _rehearse(self, step: HistoryStep) -> RehearsedRevision:
        if self._wall is not None:
            reason = f"behind {self._wall}"
            verdict = Verdict(
                revision=step.revision,
                down_revision=step.down_revision,
                outcome=Outcome.NOT_REACHED,
                reason=reason,
                behind=self._wall,
                shares_reason=True,
            )
            return RehearsedRevision(verdict=verdict, doc=step.doc, file=shorten(step.file))
        rehearsal = RevisionRehearsal(self, step)
        try:
            found = rehearsal.run(self._copy, self.state)
        finally:
            self.copy = rehearsal.copy
        self._wall = None if rehearsal.leads_on else step.revision
        self.state = rehearsal.state
        return found

    def _read_heads(self, copy: ScratchCopy) -> tuple[str, ...]:
        """Return the revisions that the database has. Raises ConfigurationError where they are none of this history."""
        try:
            heads = copy.migrator.current()
            copy.migrator.graph.ancestors(heads)
        except MigrationError as error:
            raise ConfigurationError(f"{error}.") from None
        except KeyError as error:
            raise ConfigurationError(
                f"The database is at revision {error.args[0]!r}, which the history in {shorten(self.config.alembic_ini)} does not "
                "hold: check out the code that was deployed there."
            ) from None
        if not heads and any(table.rows for table in self.state.rows.tables.values()):
            raise ConfigurationError(
                "The database holds rows, and no table that says which revisions it has run: stamp it, or name the table in env.py."
            )
        return heads

    def _describe(self, copy: ScratchCopy) -> CopyFacts:
        isolation = copy.scratch.isolation
        database = {
            "dialect": self.database.dialect,
            "version": self.database.version(),
            "url": self.database.url,
            "isolation": isolation.level,
            **({"isolation_warning": isolation.warning} if isolation.warning else {}),
        }
        tables = self.state.rows.tables
        return CopyFacts(
            heads=self.heads,
            tables=len(tables),
            rows=sum(table.rows for table in tables.values()),
            size=copy.scratch.measure(),
            seconds=copy.seconds,
            shows_locks=copy.scratch.watch_locks(copy.connect) is not None,
            traffic=copy.traffic.is_on if self._with_traffic else None,
            database=database,
            subset=self._subset,
        )

    @contextlib.contextmanager
    def _explaining(self, step: HistoryStep | None = None) -> Iterator[None]:
        """Describe in one sentence that the database failed us."""
        try:
            yield
        except (DBAPIError, OSError) as error:
            explained = explain_failure(error, self.copy.scratch.is_lost if self.copy else bool, step.revision if step else None)
            if explained is None:
                raise
            raise explained from None
