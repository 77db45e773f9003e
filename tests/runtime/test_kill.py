"""However a run ends, the next one finds no trace of it, and the given database is as it was."""

import importlib.util
import pathlib
import signal
import sys
import tempfile

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError
from mrt_runtime.migrate import MigrationError, Migrator
from tests.axes import DATABASES, keep, keep_pairs
from tests.runtime.own_names import own

pytestmark = pytest.mark.slow

SCRIPT = pathlib.Path(__file__).parents[2] / "benchmarks" / "kill_fifty.py"


@pytest.fixture(scope="module")
def kill_fifty():
    """The script that kills, as a module."""
    return load(SCRIPT)


@pytest.fixture(scope="module")
def kill_drill(kill_fifty):
    """The script that ends runs in a database that is lent, as a module; it builds on the other."""
    assert kill_fifty
    return load(SCRIPT.with_name("kill_drill.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def place(request, kill_fifty, tmp_path, monkeypatch):
    """A given database with a row in it, and a temporary folder of its own."""
    url = "sqlite"
    if request.param != "sqlite":
        server = request.getfixturevalue(f"{request.param}_server")
        url = server.set(database=own("kill")).render_as_string(hide_password=False)
    made = kill_fifty.Place(url, tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(made.temporary))
    yield made
    made.remove()


@pytest.mark.parametrize("place", keep(DATABASES, "sqlite", "mysql"), indirect=True)
def test_after_kill_9_the_next_run_removes_everything(kill_fifty, place, tmp_path):
    before = place.digest()
    kill_fifty.kill_one(place, tmp_path)
    assert kill_fifty.wait_until_clean(place) == []
    assert place.digest() == before


@pytest.mark.parametrize("place", keep(DATABASES, "postgres"), indirect=True)
def test_ctrl_c_leaves_nothing_behind_by_itself(kill_fifty, place, tmp_path):
    before = place.digest()
    assert "KeyboardInterrupt" in kill_fifty.kill_one(place, tmp_path, signal.SIGINT)
    assert place.leftovers() == []
    assert place.digest() == before


@pytest.mark.parametrize(("how", "server"), keep_pairs([signal.SIGKILL, signal.SIGTERM], ["postgres", "mysql"]))
def test_in_a_lent_database_nothing_of_a_person_is_lost_and_nothing_of_the_run_is_left(kill_drill, request, tmp_path, server, how):
    place = kill_drill.LentPlace(request.getfixturevalue(f"{server}_server").render_as_string(hide_password=False), tmp_path)
    try:
        wrong, _ = kill_drill.drill_lent(place, tmp_path, how, is_used=True)
        assert not wrong
    finally:
        place.remove()


def test_a_connection_cut_in_the_middle_is_that_migrations_failure_and_the_run_goes_on(project, postgres_scratch):
    project.add("a", upgrade='op.execute("SELECT pg_terminate_backend(pg_backend_pid())")')
    project.add("b")
    migrator = Migrator(project.config(), postgres_scratch)
    with pytest.raises(MigrationError) as failed:
        migrator.upgrade("a")
    assert "terminat" in failed.value.cause
    postgres_scratch.reset()
    migrator.upgrade("b")
    assert migrator.current() == ("b",)


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_a_run_whose_own_connections_are_all_cut_connects_again_and_cleans_up(project, request, server):
    """As by a server's restart: the connection that holds the lock is cut as well."""
    project.add("a")
    database = databases.connect(request.getfixturevalue(f"{server}_url"))
    admin = sa.create_engine(request.getfixturevalue(f"{server}_server"), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with database.make_scratch() as scratch, admin.connect() as connection:
        if server == "postgres":
            [(session,)] = database._server.run("SELECT pg_backend_pid()")
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({session})")
        else:
            connection.exec_driver_sql(f"KILL {database._server._session}")
        scratch.reset()
        migrator = Migrator(project.config(), scratch)
        migrator.upgrade("a")
        assert migrator.current() == ("a",)
    database.close()


def test_a_full_disk_is_no_migrations_failure(project, sqlite_scratch):
    fill = "op.execute('PRAGMA max_page_count = 10')\n    op.execute('CREATE TABLE t (a)')\n"
    project.add("a", upgrade=fill + "    op.execute('INSERT INTO t VALUES (zeroblob(1000000))')")
    with pytest.raises(ConfigurationError, match="run out of room: database or disk is full"):
        Migrator(project.config(), sqlite_scratch).upgrade("a")


def test_a_temporary_folder_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="TMPDIR"):
        databases.connect("sqlite://").make_scratch()
