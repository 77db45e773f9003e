"""A signal ends a run as Ctrl-C does: nothing is left behind, what was found is shown, the exit code names the signal."""

import contextlib
import json
import os
import secrets
import signal
import time

import pytest
import sqlalchemy as sa

from mrt_runtime.closing import ClosingSession
from mrt_runtime.databases.token import find_token
from mrt_runtime.termination import Termination, TerminationError, catching, check, held, interrupted_by
from tests.runtime.own_names import own

pytestmark = pytest.mark.slow

WAIT = "import pathlib, time\n    pathlib.Path('here').touch()\n    "
SLEEP = WAIT + "time.sleep(60)"
STUBBORN = WAIT + "\n    try:\n        time.sleep(60)\n    except BaseException:\n        raise ValueError('caught')"
FINALIZED = (
    "import pathlib, time\n    class Finalized:\n        def __del__(self):\n            pathlib.Path('here').touch()\n"
    "            time.sleep(60)\n    Finalized()"
)
LISTING = {"postgresql": "SELECT datname FROM pg_database", "mysql": "SHOW DATABASES"}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def url(request, tmp_path):
    """A database that no other test makes scratch databases beside; on a server it need not exist."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/given.db"
    server = request.getfixturevalue(f"{request.param}_server")
    return server.set(database=own(f"ending_{secrets.token_hex(4)}")).render_as_string(hide_password=False)


def leftovers(url, temporary):
    """The scratch databases, folders and locks that are there."""
    left = [path.name for path in temporary.iterdir() if find_token(path.name)]
    parsed = sa.make_url(url)
    if parsed.get_backend_name() in LISTING:
        server = parsed._replace(database="postgres" if parsed.get_backend_name() == "postgresql" else None)
        with sa.create_engine(server, poolclass=sa.NullPool).connect() as connection:
            names = connection.exec_driver_sql(LISTING[parsed.get_backend_name()]).scalars().all()
        left += [name for name in names if name.startswith(f"{parsed.database}_mrt_")]
    return left


def end(process, number=signal.SIGTERM):
    process.send_signal(number)
    return process.communicate(timeout=20)


@pytest.mark.parametrize(
    ("url", "number"), [("sqlite", signal.SIGHUP), ("postgres", signal.SIGTERM), ("mysql", signal.SIGHUP)], indirect=["url"]
)
def test_a_signal_ends_mrt_verify_with_everything_cleaned_up(project, url, number):
    project.add("a")
    project.add("b", "a", upgrade=SLEEP)
    with project.started(url, "mrt_lint", "verify") as process:
        out, err = end(process, number)
    assert process.returncode == 128 + number
    assert "✓  a  reversible" in out
    assert err == f"mrt verify: ended by {number.name}; the scratch databases are dropped\n"
    assert leftovers(url, project.root / "temporary") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_json_is_a_whole_document_of_what_there_was(project, sqlite_url, number):
    project.add("a")
    project.add("b", "a", upgrade=SLEEP)
    with project.started(sqlite_url, "mrt_lint", "verify", "--format", "json") as process:
        out, _ = end(process, number)
    assert process.returncode == 128 + number
    document = json.loads(out)
    assert [found["revision"] for found in document["revisions"]] == ["a"]
    assert document["summary"]["reversible"] == 1
    assert document["stopped"] == ("ended by SIGTERM" if number == signal.SIGTERM else "interrupted")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("upgrade", [STUBBORN, FINALIZED])
def test_a_signal_that_the_migration_catches_ends_the_run_all_the_same_and_blames_nothing(project, sqlite_url, upgrade, number):
    """Python itself catches what is raised in a finalizer, and goes on."""
    project.add("a", upgrade=upgrade)
    project.add("b", "a")
    with project.started(sqlite_url, "mrt_lint", "verify") as process:
        out, err = end(process, number)
    assert process.returncode == 128 + number
    assert "failed" not in out
    assert "✓" not in out
    words = "interrupted" if number == signal.SIGINT else "ended by SIGTERM"
    assert err.endswith(f"mrt verify: {words}; the scratch databases are dropped\n")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_meets_a_finalizer_is_raised_again():
    class Finalized:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    with Termination(), catching():
        Finalized()
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_session_is_closed_where_ctrl_c_comes_before_its_clean_up_has_begun():
    class Session(ClosingSession):
        closings = 0

        def close(self):
            self.closings += 1
            if self.closings == 1:
                raise KeyboardInterrupt

    session = Session()
    with pytest.raises(KeyboardInterrupt), session:
        pass
    assert session.closings == 2


def test_a_second_signal_ends_at_once(project, sqlite_url):
    project.add("a", upgrade="import pathlib, time\n    try:\n        pathlib.Path('here').touch()\n        time.sleep(60)\n"
                "    finally:\n        pathlib.Path('there').touch()\n        time.sleep(60)")  # fmt: skip
    with project.started(sqlite_url, "mrt_lint", "verify") as process:
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while not (project.root / "there").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None
        end(process)
    assert process.returncode == -signal.SIGTERM


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_statement_that_the_driver_waits_for_in_c_is_cancelled(project, postgres_server, driver):
    project.add("a", upgrade=WAIT + "op.execute('SELECT pg_sleep(60)')")
    name = own(f"ending_{secrets.token_hex(4)}")
    url = postgres_server.set(drivername=f"postgresql+{driver}", database=name).render_as_string(hide_password=False)
    with project.started(url, "mrt_lint", "verify") as process:
        begin = time.monotonic()
        end(process)
    assert time.monotonic() - begin < 5
    assert process.returncode == 143
    assert leftovers(url, project.root / "temporary") == []


def test_with_nohup_a_closed_terminal_ends_nothing(project, sqlite_url):
    project.add("a", upgrade=WAIT + "time.sleep(1)", downgrade="pass")
    with project.started(sqlite_url, "mrt_lint", "verify", prefix=("nohup",)) as process:
        out, _ = end(process, signal.SIGHUP)
    assert process.returncode == 0
    assert "✓  a  reversible" in out


TEST = "def test_all(mrt):\n    mrt.assert_all_reversible()\n"


@pytest.mark.parametrize(("url", "options"), [("sqlite", ("--mrt",)), ("postgres", ()), ("mysql", ("--mrt",))], indirect=["url"])
def test_a_signal_ends_pytest_with_its_summary_and_everything_cleaned_up(project, url, options):
    number = signal.SIGTERM
    project.add("a")
    project.add("b", "a", upgrade=SLEEP)
    if not options:
        (project.root / "test_it.py").write_text(TEST)
    with project.started(url, "pytest", "-v", "-p", "no:cacheprovider", "--junitxml=junit.xml", *options) as process:
        out, err = end(process, number)
    assert process.returncode == 128 + number
    assert f"TerminationError: {number.name}" in out
    if options:
        assert "1 passed" in out
        assert "SIGTERM ended the session after 1 of 2 tests: what they found is above. The scratch databases are dropped." in out
        assert (project.root / "junit.xml").read_text().count('name="a"') == 1
    assert err == ""
    assert leftovers(url, project.root / "temporary") == []


@pytest.mark.parametrize(("url", "whole_group"), [("sqlite", False), ("postgres", True)], indirect=["url"])
def test_a_signal_ends_the_workers_of_xdist_too(project, url, whole_group):
    project.add("a")
    project.add("b", "a", upgrade=SLEEP)
    with project.started(url, "pytest", "--mrt", "-n1", "-v", "-p", "no:cacheprovider") as process:
        if whole_group:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=20)
        else:
            end(process)
        deadline = time.monotonic() + 15
        while leftovers(url, project.root / "temporary") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert leftovers(url, project.root / "temporary") == []
    assert process.returncode == 143


def test_a_worker_of_xdist_that_is_ended_alone_ends_the_session_and_leaves_nothing(project, sqlite_url):
    project.add("a")
    project.add(
        "b", "a", upgrade="import os, pathlib, time\n    pathlib.Path('here').write_text(str(os.getpid()))\n    time.sleep(60)"
    )
    with project.started(sqlite_url, "pytest", "--mrt", "-n1", "-v", "-p", "no:cacheprovider") as process:
        os.kill(int((project.root / "here").read_text()), signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
        assert leftovers(sqlite_url, project.root / "temporary") == []
    assert process.returncode == 2
    assert "1 passed" in out


def test_a_handler_of_the_users_is_left_alone():
    def own(*_):
        caught.append(1)

    caught, former = [], signal.signal(signal.SIGTERM, own)
    try:
        with Termination():
            os.kill(os.getpid(), signal.SIGTERM)
        assert caught == [1]
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, former)


def test_the_handlers_are_given_back_and_only_the_main_thread_sets_them():
    with Termination():
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_cleaning_up_is_finished_before_a_signal_is_answered(number):
    done = []

    def clean_up():
        with held():
            with held():
                os.kill(os.getpid(), number)
                done.append(1)
            done.append(2)

    with Termination(), pytest.raises(KeyboardInterrupt):
        clean_up()
    assert done == [1, 2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_was_swallowed_is_raised_at_the_next_opportunity():
    with Termination():
        with pytest.raises(TerminationError), interrupted_by(lambda: None), contextlib.suppress(BaseException):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(TerminationError):
            check()
    check()


def test_a_forked_child_dies_of_the_signal_as_ever():
    with Termination():
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
        time.sleep(0.2)
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM
