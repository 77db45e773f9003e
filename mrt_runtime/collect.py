"""`pytest --mrt`: a test for each revision, and the one verification that all tests of a session share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.configuration import settle
from mrt_runtime.plugin import REFUSED, VERIFICATION

if TYPE_CHECKING:
    from mrt_runtime.verification import Verification

SETTLED: pytest.StashKey[MRTConfig] = pytest.StashKey()


def settle_session(config: pytest.Config) -> MRTConfig:
    """Find and check the session's configuration once; a wrong one ends the session before any test, with one message."""
    if SETTLED not in config.stash:
        try:
            config.stash[SETTLED] = settle(getattr(config, "_mrt_config", None), folders(config))
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[SETTLED]


def folders(config: pytest.Config) -> Iterator[Path]:
    """Yield where a relative path of the configuration may be meant from: the root, then beside each conftest.py."""
    yield config.rootpath
    for plugin in config.pluginmanager.get_plugins():
        file = getattr(plugin, "__file__", None)
        if isinstance(file, str) and Path(file).name == "conftest.py":
            yield Path(file).parent


def open_session(config: pytest.Config) -> Verification:
    """Give the session's verification; the first call opens the database.

    Where that is impossible the first test that asks fails with the reason, and the others point to it.
    """
    __tracebackhide__ = True
    if VERIFICATION in config.stash:
        return config.stash[VERIFICATION]
    if REFUSED in config.stash:
        pytest.fail(f"The migrations cannot be verified, as the first failure says: {config.stash[REFUSED]}", pytrace=False)
    from mrt_runtime.verification import Verification

    try:
        config.stash[VERIFICATION] = Verification(settle_session(config), worker=os.environ.get("PYTEST_XDIST_WORKER", "main"))
    except ConfigurationError as error:
        refused = str(error)
    else:
        return config.stash[VERIFICATION]
    config.stash[REFUSED] = refused.partition("\n")[0]
    pytest.fail(refused, pytrace=False)


class RevisionFile(pytest.File):
    """The alembic.ini as a collector: its tests are the revisions of its history, bases first."""

    def collect(self) -> Iterator[RevisionItem]:
        """Yield a test for each revision."""
        from mrt_runtime.migrate import read_graph

        try:
            steps = read_graph(settle_session(self.config))
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None
        for step in steps:
            yield RevisionItem.from_parent(self, name=step.revision)


class RevisionItem(pytest.Item):
    """The test of one revision: it passes when the revision is reversible."""

    def setup(self) -> None:
        """Carry the marker `mrt`."""

    def runtest(self) -> None:
        """Verify the revision."""
        verdict = open_session(self.config).check(self.name)
        for warning in verdict.warnings:
            self.add_report_section("call", "mrt", f"warning: {warning}")
        if verdict.outcome.value == "skipped":
            pytest.skip(verdict.reason)
        if not verdict.passed:
            raise IrreversibleError(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> object:
        """Show what was lost instead of a traceback through this plugin."""

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the test in reports."""
        return self.path, None, f"{self.path.name}::{self.name}"
