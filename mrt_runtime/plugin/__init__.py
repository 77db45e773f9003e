"""The pytest plugin: the `mrt` fixture and `pytest --mrt`.

Every pytest run of every user imports this module, so it imports only pytest and the standard library at its top; SQLAlchemy and
Alembic are imported when a test asks for them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mrt_runtime.plugin.stash import FIXTURE, LEFT, TERMINATION, VERIFICATION

if TYPE_CHECKING:
    from mrt_runtime.plugin.collect import RevisionFile
    from mrt_runtime.plugin.fixture import Mrt
    from mrt_runtime.shard import Shard


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--mrt` and what chooses among revisions.

    The ini option is pytest-mrt 1's: it switched off tests that came uninvited, and now none do.
    """
    group = parser.getgroup("mrt", "migration rollback tests")
    group.addoption("--mrt", action="store_true", help="verify the rollback of every Alembic revision, one test each")
    group.addoption("--mrt-since", metavar="REV", help="only revisions that a database at this one has not run yet")
    group.addoption(
        "--mrt-diff-base",
        metavar="GITREF",
        help="only revisions whose files were added or changed since git's merge base with this, e.g. origin/main",
    )
    group.addoption(
        "--mrt-shard",
        metavar="I/N",
        type=read_shard,
        help="only the Ith of N parts of the history, for N machines; -n of pytest-xdist divides it further",
    )
    parser.addini(
        "mrt_default_tests", help="accepted and without effect: `--mrt` asks for a test of every revision", default="false"
    )


def read_shard(text: str) -> Shard:
    """Return which part of the history `--mrt-shard` names."""
    from mrt_runtime.shard import Shard  # noqa: PLC0415  see above

    return Shard.parse(text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that every test of a revision carries, so `-m "not mrt"` leaves them out."""
    config.addinivalue_line("markers", "mrt: verifies the rollback of a migration")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Collect the project's alembic.ini for `--mrt`; its tests are the revisions."""
    if session.config.getoption("mrt"):
        from mrt_runtime.plugin.collect import name_revisions  # noqa: PLC0415  see above

        name_revisions(session.config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> RevisionFile | None:
    """Collect the revisions of that alembic.ini, or of one that the command line names: `pytest --mrt alembic.ini::abc1234`."""
    if not parent.config.getoption("mrt"):
        return None
    from mrt_runtime.plugin.collect import collect_named  # noqa: PLC0415  see above

    return collect_named(file_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Settle which tests of revisions there are before anything is selected from them."""
    if config.getoption("mrt"):
        from mrt_runtime.plugin.collect import settle_items  # noqa: PLC0415  see above

        settle_items(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Settle the configuration once, before any test runs, if one of those selected needs it."""
    if any(map(asks_for_mrt, session.items)):
        from mrt_runtime.plugin.collect import settle_session  # noqa: PLC0415  see above

        settle_session(session.config)


def asks_for_mrt(item: pytest.Item) -> bool:
    """Whether a test uses this plugin's fixture, and not one of the user's own that has the same name."""
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).get("mrt", ())
    return any(definition.func.__module__ == __name__ for definition in definitions[-1:])


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show of an asserted verdict what was found, and take the secrets that a verification knows of out of every report."""
    outcome = yield
    fixture = item.stash.get(FIXTURE, None)
    if fixture is not None and fixture.failed:
        from mrt_runtime.plugin.assertion import tidy  # noqa: PLC0415  see above

        tidy(outcome.get_result(), fixture.failed)  # type: ignore[attr-defined]  # pluggy sends it
    secret = sys.modules.get("mrt_runtime.secret")
    if secret is not None and secret.knows_secrets():
        from mrt_runtime.redaction import redact_report  # noqa: PLC0415  see above

        redact_report(outcome.get_result())  # type: ignore[attr-defined]  # pluggy sends it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show what the tests of revisions warn of, which database they ran on, and what could not be cleaned up."""
    if config.getoption("mrt"):
        from mrt_runtime.plugin.collect import show_summary  # noqa: PLC0415  see above

        show_summary(terminalreporter)
    if LEFT in config.stash:
        terminalreporter.line(config.stash[LEFT])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Handle signals in the main process of pytest-xdist, where its workers are likely to verify migrations."""
    if config.getoption("mrt") or hasattr(config, "_mrt_config") or (config.rootpath / "alembic.ini").is_file():
        from mrt_runtime.plugin.collect import listen  # noqa: PLC0415  see above

        listen(config)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the scratch databases, after Ctrl-C or a signal, too; the exit code says which signal it was.

    Here and not in `pytest_unconfigure`, which a worker of pytest-xdist does not reach where the main process is gone. Of a
    worker, the main process expects pytest's own exit code.
    """
    termination = session.config.stash.get(TERMINATION, None)
    if termination is not None:
        with termination.held(raises=False):
            close(session.config)
        exit_code = termination.settle()
        if exit_code and not hasattr(session.config, "workerinput"):
            session.exitstatus = exit_code


def pytest_unconfigure(config: pytest.Config) -> None:
    """Restore the signals' handlers; drop the scratch databases where the session did not come to its end."""
    try:
        close(config)
    finally:
        if TERMINATION in config.stash:
            config.stash[TERMINATION].close()


def close(config: pytest.Config) -> None:
    """Close the session's verification; a second time does nothing."""
    verification = config.stash.get(VERIFICATION, None)
    if verification is not None:
        del config.stash[VERIFICATION]
        from mrt_runtime.config import ConfigurationError  # noqa: PLC0415  see above

        try:
            verification.close()
        except ConfigurationError as error:
            config.stash[LEFT] = str(error)


@pytest.fixture
def mrt(request: pytest.FixtureRequest) -> Iterator[Mrt]:
    """Verify migrations: `mrt.assert_all_reversible()`, `mrt.check_revision("abc1234")` and more."""
    from mrt_runtime.plugin.collect import open_session  # noqa: PLC0415  see above
    from mrt_runtime.plugin.fixture import Mrt  # noqa: PLC0415  see above

    fixture = Mrt(open_session(request.config), is_captured=request.config.getoption("capture") != "no")
    request.node.stash[FIXTURE] = fixture
    yield fixture
    fixture.reset()
