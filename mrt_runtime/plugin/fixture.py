"""The `mrt` object that a test is given."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from mrt_lint.escape import printable
from mrt_runtime.config import ConfigurationError
from mrt_runtime.config_discovery import LOCK_MODES
from mrt_runtime.databases.outage import explain_failure
from mrt_runtime.migrate import MigrationError
from mrt_runtime.plugin.sandbox import Sandbox
from mrt_runtime.report.terminal import TerminalReport
from mrt_runtime.report.wording import explain, expound, summarize
from mrt_runtime.verdict import Verdict
from mrt_runtime.verify.budget import find_excess
from mrt_runtime.verify.session import Verification

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    from mrt_lint.model.finding import Finding

    Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


def plainly(method: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Make pytest show the line of the test and the message, not the frames of this package."""

    @functools.wraps(method)
    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        __tracebackhide__ = True
        try:
            return method(*args, **kwargs)
        except (AssertionError, ConfigurationError, MigrationError) as error:
            raise error.with_traceback(None) from None
        except DBAPIError as error:
            explained = explain_failure(error, bool, None) or error
            raise explained from None

    return call


class Mrt:
    """Verifies migrations, and moves a scratch database up and down by hand.

    The checks have a scratch database of their own, shared by the whole session, and find their way from anywhere. The steps
    (`upgrade`, `seed`, …) happen in another one, which is empty at the start of every test.
    """

    def __init__(self, verification: Verification, *, is_captured: bool = False) -> None:
        self._verification = verification
        self._is_captured = is_captured
        self.failed: list[Verdict] = []
        """The verdicts of this test that did not pass."""
        self._opened: Sandbox | None = None

    # What is verified

    @plainly
    def check_revision(self, revision: str) -> Verdict:
        """Check one revision: its id, the beginning of it, "head" or "head-1". It goes to the parent by itself."""
        return self._note(self._verification.check(revision))

    @plainly
    def check_all(self) -> list[Verdict]:
        """Check every revision, bases first, and draw each as it happens."""
        return self._check_all(TerminalReport(sys.stdout))

    def _check_all(self, picture: TerminalReport | None) -> list[Verdict]:
        """Check every revision; without a picture, the caller says what was found."""
        if picture:
            picture.begin()
        verdicts = []
        try:
            for verdict in self._verification.check_all():
                if picture:
                    picture.show(verdict)
                verdicts.append(self._note(verdict))
        finally:
            if picture:
                picture.flush()
        if picture:
            picture.end(verdicts)
        for doubt in self._verification.find_doubts():
            warnings.warn(printable(doubt), stacklevel=2)
        return verdicts

    @plainly
    def assert_reversible(self, revision: str = "head") -> None:
        """Fail unless that revision is reversible."""
        verdict = self.check_revision(revision)
        if not verdict.passed:
            raise AssertionError(f"Migration {printable(verdict.revision)}: {expound(verdict)}")

    @plainly
    def assert_all_reversible(self) -> None:
        """Fail unless every revision is reversible. With `pytest -s` each is drawn as it happens; else the failure says all."""
        verdicts = self._check_all(None if self._is_captured else TerminalReport(sys.stdout))
        if not all(verdict.passed for verdict in verdicts):
            raise AssertionError(explain(verdicts) if self._is_captured else summarize(verdicts))

    def _note(self, verdict: Verdict) -> Verdict:
        self.failed += [] if verdict.passed else [verdict]
        return verdict

    @plainly
    def assert_locks(self, revision: str = "head", at_most: str = "SHARE UPDATE EXCLUSIVE") -> None:
        """Fail where a statement of the revision locks what was there before more strongly than that, up or down."""
        if at_most not in LOCK_MODES:
            raise ConfigurationError(f"at_most is {at_most!r}, where one of {', '.join(LOCK_MODES)} is expected.")
        self._require(revision, {"lock": at_most})

    @plainly
    def assert_no_rewrite(self, revision: str = "head") -> None:
        """Fail where a statement of the revision rewrites a table or an index that was there before, up or down."""
        self._require(revision, {"rewrite": False})

    def _require(self, revision: str, budget: dict[str, Any]) -> None:
        verdict = self._verification.observe(revision)
        if not verdict.steps:
            raise AssertionError(f"Migration {printable(verdict.revision)} was not run: {verdict.outcome.value}")
        found = list(find_excess(verdict.steps, budget))
        if found:
            lines = [f"  - {printable(failure.message)}\n    {printable(failure.place)}" for failure in found]
            raise AssertionError("\n".join((f"Migration {printable(verdict.revision)}:", *lines)))

    # Steps by hand

    @plainly
    def upgrade(self, revision: str = "head") -> None:
        """Do what `alembic upgrade` does; "+1" and a revision's beginning work as there."""
        self._sandbox.migrator.upgrade_to(revision)

    def upgrade_to(self, revision: str) -> None:
        """Upgrade to a revision."""
        self.upgrade(revision)

    def upgrade_one(self) -> None:
        """Upgrade by one revision."""
        self.upgrade("+1")

    @plainly
    def downgrade(self, revision: str = "-1") -> None:
        """Do what `alembic downgrade` does."""
        self._sandbox.migrator.downgrade_to(revision)

    def downgrade_to(self, revision: str) -> None:
        """Downgrade to a revision, or to "base"."""
        self.downgrade(revision)

    def downgrade_one(self) -> None:
        """Downgrade by one revision."""
        self.downgrade("-1")

    @property
    def engine(self) -> Engine:
        """The scratch database of the steps, to look at what a migration made of the rows: `with mrt.engine.connect() as …`.

        Connections to it are to be closed before the next step.
        """
        return self._sandbox.scratch.engine

    @plainly
    def current_revision(self) -> str | None:
        """Return where the steps have led: a revision, several joined by ", ", None at the base."""
        return ", ".join(self._sandbox.migrator.current()) or None

    @plainly
    def seed(self, table: str, rows: Sequence[Mapping[str, Any]], pk_col: str = "id") -> None:
        """Insert rows that `assert_data_intact` will look for; `pk_col` is what they are found by."""
        self._sandbox.seed(table, rows, pk_col)

    @plainly
    def assert_data_intact(self) -> None:
        """Fail unless every row that was seeded is there, with the values that it had."""
        losses = self._sandbox.find_losses()
        if losses:
            raise AssertionError("Seeded rows did not survive:\n" + "\n".join(f"  - {printable(loss.message)}" for loss in losses))

    def reset(self) -> None:
        """Start again with an empty database and no seeded rows."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    # What reading shows

    @plainly
    def check_static(self, versions_dir: str | None = None) -> list[Finding]:
        """Read the migrations as `mrt check` does; return its findings. `versions_dir` instead of the project's own folders."""
        from mrt_lint.check.engine import check_paths  # noqa: PLC0415  brings the linter, which few tests ask for

        paths = (
            [Path(versions_dir)] if versions_dir else sorted({Path(step.file).parent for step in self._verification.runner.graph})
        )
        config = self._verification.config
        found: list[Any] = check_paths(paths)
        if config.severity_overrides or config.custom_checks:
            from mrt_runtime.custom_check import run_checks, with_severities  # noqa: PLC0415  few projects have their own

            found = with_severities(found, config.severity_overrides)
            folders = {path.absolute() for path in paths}
            every = {step.revision: Path(step.file) for step in self._verification.runner.graph}
            files = {revision: file for revision, file in every.items() if file.parent in folders}
            found += run_checks(config.custom_checks, files)
        return found

    @plainly
    def assert_no_static_errors(self, versions_dir: str | None = None) -> None:
        """Fail where `mrt check` finds an error; warnings pass."""
        errors = [finding for finding in self.check_static(versions_dir) if finding.severity == "error"]
        if errors:
            raise AssertionError("\n".join(["Static analysis found errors:", *(f"  {printable(str(error))}" for error in errors)]))

    @plainly
    def assert_schema_matches(self, target_metadata: object = None, metadata_path: str | None = None) -> None:
        """Fail where the migrations, all applied, do not make what the models say.

        The models are a MetaData, a declarative Base or "package.module:Base"; without them MRTConfig.target_metadata's.
        """
        from mrt_runtime.plugin.drift import find_drift, load_metadata  # noqa: PLC0415  brings autogenerate

        target = metadata_path or (self._verification.config.target_metadata if target_metadata is None else target_metadata)
        if target is None:
            raise ConfigurationError(
                'Name the models: assert_schema_matches(Base.metadata), or MRTConfig(target_metadata="app.models:Base").'
            )
        metadata = load_metadata(target)
        self.upgrade("heads")
        with self._sandbox.scratch.engine.connect() as connection:
            drift = find_drift(connection, metadata)
        if drift:
            raise AssertionError(
                "\n".join(["The migrations do not make what the models say:", *(f"  - {printable(line)}" for line in drift)])
            )

    @property
    def _sandbox(self) -> Sandbox:
        if self._opened is None:
            self._opened = Sandbox(self._verification.database, self._verification.config, self._verification.worker)
        return self._opened
