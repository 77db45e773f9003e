"""The tests of `pytest --mrt`, and what all tests of a session share: one configuration, one verification."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from mrt_lint.escape import printable
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.config_discovery import settle
from mrt_runtime.plugin.stash import REFUSED, TERMINATION, VERIFICATION
from mrt_runtime.report.wording import expound, name_database
from mrt_runtime.shard import WHOLE
from mrt_runtime.termination import Termination
from mrt_runtime.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from mrt_runtime.verify.session import Verification

# the configuration as conftest.py gave it, to see whether a later one replaces it
GIVEN: pytest.StashKey[object] = pytest.StashKey()
SETTLED: pytest.StashKey[MRTConfig] = pytest.StashKey()
WIDTH = 100  # characters of a reason that is repeated
WARNING = "mrt_warning"
"""Name of the user property that carries a verdict's warning into reports, from xdist's workers too."""
DATABASE = "mrt_database"
"""Name of the one that describes the database."""


def settle_session(config: pytest.Config) -> MRTConfig:
    """Find and check the session's configuration, once. A wrong one ends the session before its first test, with one message."""
    if SETTLED not in config.stash:
        try:
            config.stash[GIVEN] = getattr(config, "_mrt_config", None)
            config.stash[SETTLED] = settle(config.stash[GIVEN], folders(config))
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[SETTLED]


def folders(config: pytest.Config) -> Iterator[Path]:
    """Yield where a path of the configuration may start from: the root folder, then each conftest.py's."""
    yield config.rootpath
    for plugin in config.pluginmanager.get_plugins():
        file = getattr(plugin, "__file__", None)
        if isinstance(file, str) and Path(file).name == "conftest.py":
            yield Path(file).parent


def open_session(config: pytest.Config) -> Verification:
    """Return the session's verification; the first who asks opens the database.

    Where that cannot be done the first test that asks fails with the reason, the others point to it.
    """
    __tracebackhide__ = True
    if REFUSED in config.stash:
        pytest.fail(f"The first test of migrations says why: {config.stash[REFUSED]}", pytrace=False)
    if VERIFICATION in config.stash:
        return config.stash[VERIFICATION]
    from mrt_runtime.verify.session import Verification  # noqa: PLC0415  brings SQLAlchemy and Alembic

    listen(config)
    try:
        config.stash[VERIFICATION] = Verification(settle_session(config), worker=os.environ.get("PYTEST_XDIST_WORKER", "main"))
    except ConfigurationError as error:
        reason = str(error)
    else:
        return config.stash[VERIFICATION]
    return refuse(config, reason)


def listen(config: pytest.Config) -> None:
    """Make signals end the session as Ctrl-C does, from now on."""
    if TERMINATION not in config.stash:
        config.stash[TERMINATION] = Termination().open()


def refuse(config: pytest.Config, reason: str) -> NoReturn:
    """Fail with the reason why no migration can be verified, and keep it for the tests to come.

    To be called outside of the `except`: pytest shows what was being handled, and would say it all twice.
    """
    __tracebackhide__ = True
    summary = reason.partition("\n")[0]
    config.stash[REFUSED] = summary if len(summary) <= WIDTH else f"{summary[: WIDTH - 1]}…"
    pytest.fail(reason, pytrace=False)


def name_revisions(config: pytest.Config) -> None:
    """Add the alembic.ini to what the session collects, unless the command line names it or some of its revisions."""
    ini = Path(settle_session(config).alembic_ini)
    if ini not in named_files(config):
        config.args.append(str(ini))


def settle_items(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep each revision's test once: pytest 7 collects a file again for every argument that leads to it.

    Raises UsageError for a configuration that came after the revisions were collected by another one.
    """
    if getattr(config, "_mrt_config", None) is not config.stash[GIVEN]:
        raise pytest.UsageError("config._mrt_config is set too late for --mrt: set it in the conftest.py of the root folder.")
    once = {item.nodeid: item for item in reversed(items) if isinstance(item, RevisionItem)}
    items[:] = [item for item in items if once.get(item.nodeid, item) is item]


def collect_named(file_path: Path, parent: pytest.Collector) -> RevisionFile | None:
    """Collect an alembic.ini that the session is to collect; any other file is not ours."""
    return RevisionFile.from_parent(parent, path=file_path) if file_path in named_files(parent.config) else None


def named_files(config: pytest.Config) -> set[Path]:
    """Return the files and folders that the session collects, as pytest's own paths."""
    return {Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args}


class RevisionFile(pytest.File):
    """The alembic.ini as a collector: its tests are the revisions of its history, bases first."""

    def collect(self) -> Iterator[RevisionItem]:
        """Yield a test for each revision; no migration is imported for that."""
        from mrt_runtime.migrate import read_graph  # noqa: PLC0415  brings Alembic
        from mrt_runtime.revision_choice import RevisionChoice  # noqa: PLC0415  as well

        options = self.config.option
        choice = RevisionChoice(since=options.mrt_since, diff_base=options.mrt_diff_base, shard=options.mrt_shard or WHOLE)
        try:
            for step in choice.choose(read_graph(settle_session(self.config))):
                yield RevisionItem.from_parent(self, name=printable(step.revision), revision=step.revision)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None


class RevisionItem(pytest.Item):
    """The test of one revision: it passes when the revision is reversible."""

    def __init__(self, *, revision: str, **named: Any) -> None:
        super().__init__(**named)
        self.revision = revision
        self.add_marker("mrt")

    def setup(self) -> None:
        """Bring the pieces that the first test needs, so that their cost is not counted as its own."""
        open_session(self.config)

    def runtest(self) -> None:
        """Check the revision."""
        __tracebackhide__ = True
        verification, reason = open_session(self.config), ""
        try:
            verdict = verification.check(self.revision)
        except ConfigurationError as error:
            reason = str(error)
        if reason:
            # outside of the `except`, see refuse()
            refuse(self.config, reason)
        self.user_properties += [(WARNING, printable(f"{self.name}: {warning}")) for warning in verdict.warnings]
        self.user_properties += [(WARNING, printable(doubt)) for doubt in verification.find_doubts()]
        if verdict.outcome is Outcome.SKIPPED:
            pytest.skip(printable(verdict.reason))
        self.user_properties.append((DATABASE, name_database(verification.facts(), "db_url")))
        if not verdict.passed:
            raise IrreversibleError(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what was found, not the way through this plugin."""
        if isinstance(excinfo.value, IrreversibleError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the test in headings."""
        return self.path, None, f"revision {self.name}"


class IrreversibleError(Exception):
    """A revision did not pass."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(expound(verdict))


def show_summary(terminal: pytest.TerminalReporter) -> None:
    """List the warnings of verdicts under a heading of their own, and say which database it was."""
    for name, heading in ((WARNING, "migration warnings"), (DATABASE, "migrations")):
        lines = list_properties(terminal, name)
        if lines:
            terminal.section(heading, sep="-")
        for line in lines:
            terminal.line(line)
    report_end(terminal)


def report_end(terminal: pytest.TerminalReporter) -> None:
    """Write how far a session came that a signal ended."""
    termination = terminal.config.stash.get(TERMINATION, None)
    if termination is None or termination.received is None:
        return
    done = {report.nodeid for reports in terminal.stats.values() for report in reports if getattr(report, "when", "") == "call"}
    collected = terminal._session.testscollected if terminal._session else 0  # noqa: SLF001  there is no other way to it
    of_all = f" of {collected}" if collected else ""
    terminal.section("migrations were not all verified", sep="-")
    terminal.line(
        f"{termination.received.signal.name} ended the session after {len(done)}{of_all} tests: what they found is above. The "
        "scratch databases are dropped."
    )


def list_properties(terminal: pytest.TerminalReporter, name: str) -> list[str]:
    """Return what the reports of tests say under this name, each thing once."""
    reports = [report for reports in terminal.stats.values() for report in reports]
    found = [str(text) for report in reports for label, text in getattr(report, "user_properties", ()) if label == name]
    return list(dict.fromkeys(found))
