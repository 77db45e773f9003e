"""The verification of a history: one database, one walk, a verdict for each revision."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mrt_runtime import termination
from mrt_runtime.closing import ClosingSession
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases import connect
from mrt_runtime.databases.outage import LostServerError, explain_failure
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.redaction import RedactedLog, redact_verdict
from mrt_runtime.revision_choice import RevisionChoice
from mrt_runtime.secret import register_settings
from mrt_runtime.termination import held
from mrt_runtime.verdict import Outcome, ToldObstacles, Verdict
from mrt_runtime.verify.loop import verify
from mrt_runtime.verify.merge_order import NO_SECOND, MergeOrders, add_differences, is_lent
from mrt_runtime.verify.runner import RevisionRunner
from mrt_runtime.verify.step_error import NotReachedError

UNAPPROACHED = {Outcome.SKIPPED, Outcome.NOT_REACHED}
"""With these the revision was not run on a database with rows."""
UNSEEN = {Outcome.UPGRADE_FAILED, Outcome.TIMED_OUT, *UNAPPROACHED}
"""After these alone the schema that the revision makes is unknown."""


EVERYTHING = RevisionChoice()


class Verification(ClosingSession):
    """Checks revisions of one project. To be closed; as a context manager it closes itself.

    worker: names the scratch database, so that processes working side by side do not share one.
    Opening it raises ConfigurationError, one sentence, where the database or the project cannot be used.
    """

    def __init__(self, config: MRTConfig, worker: str = "main") -> None:
        self.config = config
        self.worker = worker
        self._log = RedactedLog()
        register_settings(config.env)
        self._verdicts: dict[str, Verdict] = {}
        self._obstacles = ToldObstacles()
        self._version = ""
        self._choice = EVERYTHING
        self._named = set[str]()
        self._lost: LostServerError | None = None
        self._orders: MergeOrders | None = None
        with self.explaining():
            self.database = connect(config.db_url or "", config.isolation)
        self._log.open()
        try:
            with self.explaining():
                self.runner = RevisionRunner(self.database, config, worker)
            self._below = self._find_up_to(config.base_revision)
            self._floor = self._find_up_to(config.minimum_downgrade_revision)
            where = "skip (in MRTConfig; in pyproject.toml [tool.mrt.skip] or [tool.mrt.irreversible])"
            self.runner.graph.require_ids(config.skip, where)
        except BaseException:
            self._abandon()
            raise

    def select(self, choice: RevisionChoice = EVERYTHING) -> list[HistoryStep]:
        """Find the revisions asked for, bases first; without a choice all of them. Those named are checked from now on.

        To name a revision is to want it checked, also before `minimum_downgrade_revision`; to ask for all since one is not.
        """
        self._choice = choice
        self._named = {self.runner.graph.resolve(revision).revision for revision in choice.revisions}
        return choice.choose(self.runner.graph)

    def check(self, revision: str) -> Verdict:
        """Check the revision of that name (an id, its beginning, "head", …), at whatever revision the database is."""
        return self.check_step(self.runner.graph.resolve(revision))

    def check_all(self) -> Iterator[Verdict]:
        """Check every revision, bases first, each when it is asked for."""
        for step in self.select():
            yield self.check_step(step)

    def check_step(self, step: HistoryStep) -> Verdict:
        """Check one revision, unless the configuration says not to; a revision is checked once in a session."""
        if step.revision not in self._verdicts:
            termination.check()
            self._verdicts[step.revision] = self._obstacles.shorten(redact_verdict(self._skip(step) or self._verify(step)))
        return self._verdicts[step.revision]

    def observe(self, revision: str) -> Verdict:
        """Check a revision with all that its steps take noted; again, where it was checked without.

        Raises ConfigurationError where the database does not show which locks a migration takes.
        """
        if self.database.dialect != "postgresql":
            raise ConfigurationError(
                f"Locks and rewrites are observed on PostgreSQL, and db_url is for {self.database.dialect}: name a PostgreSQL "
                "server, or embedded:postgresql."
            )
        self.runner.recorder.is_on = True
        step = self.runner.graph.resolve(revision)
        known = self._verdicts.get(step.revision)
        if known is not None and not known.steps:
            del self._verdicts[step.revision]
        return self.check_step(step)

    def run_in(self, steps: Iterable[HistoryStep]) -> None:
        """Go through revisions that come before those to be checked, for the rows that a check of them would leave behind."""
        for step in steps:
            termination.check()
            if self._skip(step) is None:
                with self.explaining(step), contextlib.suppress(NotReachedError):
                    self.runner.approach(step)

    def find_doubts(self) -> list[str]:
        """Describe what the configuration names that no revision has; nothing before the schema of every revision was seen.

        It is seen where the revision was upgraded to, and, if that is not checked or fails with rows, on the way to the next.
        """
        outcomes = {revision: verdict.outcome for revision, verdict in self._verdicts.items()}
        passed = {
            parent
            for step in self.runner.graph
            if outcomes.get(step.revision, Outcome.SKIPPED) not in UNAPPROACHED
            for parent in step.parents
        }
        if any(
            step.revision not in passed and outcomes.get(step.revision, Outcome.SKIPPED) in UNSEEN for step in self.runner.graph
        ):
            return []
        return [f"custom_seeds names the {stray}, which no revision has." for stray in self.runner.seeder.find_stray()]

    def facts(self) -> dict[str, str]:
        """Return which database it is, the password masked, and what kept the run inside its scratch database."""
        with self.explaining():
            self._version = self._version or self.database.version()
        isolation = self.runner.scratch.isolation
        facts = {"dialect": self.database.dialect, "version": self._version, "url": self.database.url, "isolation": isolation.level}
        return {**facts, "isolation_warning": isolation.warning} if isolation.warning else facts

    def close(self) -> None:
        """Drop the scratch database and let go of the server. Raises ConfigurationError where the database does not allow it."""
        try:
            self._close()
        except (SQLAlchemyError, OSError, ConfigurationError) as error:
            words = end(join(getattr(error, "orig", None) or error))
            raise ConfigurationError(f"The scratch database could not be dropped: {words} The next run there drops it.") from None

    def _close(self) -> None:
        with held():
            try:
                if self._orders is not None:
                    self._orders.close()
                if hasattr(self, "runner"):
                    self.runner.close()
            finally:
                self.database.close()
                self._log.close()

    def _verify(self, step: HistoryStep) -> Verdict:
        with self.explaining(step):
            config = self.config
            verdict = verify(self.runner, step, config)
            is_asked = config.merge_order != "off" and verdict.outcome is not Outcome.NOT_REACHED
            return self._compare_orders(step, verdict) if is_asked and len(step.parents) > 1 else verdict

    def _compare_orders(self, step: HistoryStep, verdict: Verdict) -> Verdict:
        """Add to the verdict on a merge how the schema depends on the order of its branches."""
        if is_lent(self.runner.scratch):
            return dataclasses.replace(verdict, warnings=(*verdict.warnings, NO_SECOND))
        if self._orders is None:
            self._orders = MergeOrders(self.database, self.config, self.worker)
        found = self._orders.compare(self.runner.graph, step)
        return add_differences(verdict, found, fatal=self.config.merge_order == "fail")

    @contextlib.contextmanager
    def explaining(self, step: HistoryStep | None = None) -> Iterator[None]:
        """Describe in one sentence that the database failed us. Once the server was lost, nothing more is verified."""
        if self._lost is not None:
            raise self._lost
        try:
            yield
        except LostServerError as error:
            self._lost = error
            raise
        except Exception as error:
            runner: RevisionRunner | None = getattr(self, "runner", None)
            driver: Any = runner.scratch.engine.dialect.dbapi if runner else None  # SQLAlchemy does not wrap all of its errors
            if not isinstance(error, (DBAPIError, OSError, *([driver.Error] if driver else []))):
                raise
            explained = explain_failure(error, runner.scratch.is_lost if runner else bool, step.revision if step else None)
            if explained is None:
                raise
            self._lost = explained if isinstance(explained, LostServerError) else None
            raise explained from None

    def _skip(self, step: HistoryStep) -> Verdict | None:
        agreed = reason = self.config.skip.get(step.revision)
        if reason is None and step.revision in self._below:
            reason = f"at or before base_revision {self.config.base_revision}, where base_schema begins"
        if reason is None and step.revision in self._floor - self._named:
            reason = f"at or before minimum_downgrade_revision {self.config.minimum_downgrade_revision}"
            if self._choice.since is not None or self._choice.diff_base is not None:
                reason += f"; to check it all the same: mrt verify {step.revision}"
        if reason is None:
            return None
        return Verdict(
            revision=step.revision,
            down_revision=step.down_revision,
            outcome=Outcome.SKIPPED,
            reason=reason,
            shares_reason=agreed is None,
        )

    def _find_up_to(self, revision: str | None) -> set[str]:
        """Collect a revision and those before it; none where none is named. Raises ConfigurationError for one that is unknown."""
        graph = self.runner.graph
        return graph.ancestors([graph.resolve(revision).revision]) if revision else set()
