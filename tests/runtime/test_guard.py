"""The guard: whatever env.py opens is the scratch database, or no statement reaches it."""

import hashlib
import importlib
import os
import sqlite3
import sys
import threading

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.token import make_token
from mrt_runtime.migrate import MigrationError, Migrator, WrongDatabaseError
from mrt_runtime.verify.session import Verification

OWN_ENGINE = """
import os
import sqlalchemy as sa
from alembic import context

engine = {engine}
with engine.connect() as connection:
    connection.execute(sa.text("CREATE TABLE IF NOT EXISTS before_configure (id INTEGER)"))
    connection.commit()
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def refuse(project, scratch, **settings):
    project.add("a")
    with pytest.raises(WrongDatabaseError) as refused:
        Migrator(project.config(**settings), scratch).upgrade("a")
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.fixture
def theirs(tmp_path):
    """A SQLite file with a table: the user's own."""
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    connection.close()
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, sorted(os.listdir(path.parent))  # noqa: PTH208


@pytest.mark.parametrize(
    "engine",
    [
        "sa.create_engine('sqlite:///{path}')",
        "sa.create_engine('sqlite:///file:{path}?uri=true')",
        "sa.create_engine('sqlite://', creator=lambda: __import__('sqlite3').connect('{path}'))",
        "sa.create_engine('sqlite:///' + os.environ['THEIR_FILE'], poolclass=sa.pool.SingletonThreadPool)",
    ],
)
def test_a_sqlite_file_of_the_user_stays_byte_for_byte_whatever_env_py_does(project, sqlite_scratch, theirs, monkeypatch, engine):
    monkeypatch.setenv("THEIR_FILE", str(theirs))
    project.env.write_text(OWN_ENGINE.format(engine=engine.format(path=theirs)))
    before = digest(theirs)
    message = refuse(project, sqlite_scratch)
    assert digest(theirs) == before
    assert "scratch database" in message


def test_a_sqlite_file_that_is_not_there_is_not_made(project, sqlite_scratch, tmp_path):
    missing = tmp_path / "missing.db"
    project.env.write_text(OWN_ENGINE.format(engine=f"sa.create_engine('sqlite:///{missing}')"))
    assert str(missing) in refuse(project, sqlite_scratch)
    assert not missing.exists()


def test_an_env_py_that_swallows_the_refusal_stops_the_run_all_the_same(project, sqlite_scratch, theirs):
    text = OWN_ENGINE.format(engine=f"sa.create_engine('sqlite:///{theirs}')")
    project.env.write_text("try:\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "except Exception:\n    pass\n")
    refuse(project, sqlite_scratch)


@pytest.mark.parametrize(
    "use",
    [
        "engine.connect().execute(text('CREATE TABLE x (id INTEGER)'))",
        "engine.raw_connection().cursor().execute('CREATE TABLE x (id INTEGER)')",
        "connection.execute(text('CREATE TABLE x (id INTEGER)'))",
        "context.configure(connection=connection)\ncontext.run_migrations()",
    ],
)
def test_what_was_connected_before_the_run_is_proved_when_it_is_used(project, sqlite_scratch, theirs, monkeypatch, use):
    """A pool that kept a connection, and a connection that is still open."""
    project.add("b")
    Migrator(project.config(), sqlite_scratch).current()
    engine = sa.create_engine(f"sqlite:///{theirs}", poolclass=sa.QueuePool)
    engine.connect().close()
    module = type(sys)("theirs_before")
    module.engine, module.connection = engine, sa.create_engine(f"sqlite:///{theirs}", poolclass=sa.NullPool).connect()
    monkeypatch.setitem(sys.modules, "theirs_before", module)
    project.env.write_text(
        f"from theirs_before import connection, engine\nfrom alembic import context\nfrom sqlalchemy import text\n{use}\n"
    )
    before = digest(theirs)
    refuse(project, sqlite_scratch)
    assert digest(theirs) == before
    module.connection.close()
    engine.dispose()


def test_a_versions_file_that_connects_when_it_is_imported_is_refused(project, sqlite_scratch, theirs):
    (project.versions / "b.py").write_text(
        f"import sqlalchemy as sa\nsa.create_engine('sqlite:///{theirs}').connect()\nrevision = 'b'\ndown_revision = None\n"
    )
    before = digest(theirs)
    with pytest.raises(ConfigurationError, match="theirs"):
        Migrator(project.config(), sqlite_scratch)
    assert digest(theirs) == before


def test_the_remedy_names_the_variable_that_env_py_seems_to_read(project, sqlite_scratch, theirs, monkeypatch):
    monkeypatch.setenv("SHOP_DB", f"sqlite:///{theirs}")
    project.env.write_text(OWN_ENGINE.format(engine="sa.create_engine(os.environ['SHOP_DB'])"))
    message = refuse(project, sqlite_scratch)
    assert 'MRTConfig(env={"SHOP_DB": "{url}"})' in message
    assert 'SHOP_DB = "{url}" under [tool.mrt.env]' in message
    migrator = Migrator(project.config(env={"SHOP_DB": "{url}"}), sqlite_scratch)
    migrator.upgrade("a")
    assert migrator.current() == ("a",)


def test_a_settings_module_that_was_imported_before_does_not_hold_up_the_variable(project, sqlite_url, theirs, monkeypatch):
    """Once imported by the test session with the user's own URL, and once by the first of two scratch databases."""
    (project.root / "settings_of_shop.py").write_text("import os\nURL = os.environ['SHOP_DB']\n")
    project.write_ini("prepend_sys_path = .")
    project.env.write_text(OWN_ENGINE.format(engine="sa.create_engine(__import__('settings_of_shop').URL)"))
    project.add("a")
    monkeypatch.setenv("SHOP_DB", f"sqlite:///{theirs}")
    monkeypatch.syspath_prepend(project.root)
    settings = importlib.import_module("settings_of_shop")
    before = digest(theirs)
    config = project.config(env={"SHOP_DB": "{url}"})
    with databases.connect(sqlite_url).make_scratch() as one, databases.connect(sqlite_url).make_scratch() as other:
        migrators = Migrator(config, one), Migrator(config, other)
        for migrator in migrators:
            migrator.upgrade("a")
        assert [migrator.current() for migrator in migrators] == [("a",), ("a",)]
    assert digest(theirs) == before
    assert sys.modules.pop("settings_of_shop") is settings


def test_threads_that_ran_before_keep_their_own_databases(project, sqlite_scratch, theirs):
    go, done, found = threading.Event(), threading.Event(), []

    def serve():
        go.wait(10)
        engine = sa.create_engine(f"sqlite:///{theirs}", poolclass=sa.NullPool)
        with engine.connect() as connection:
            found.append(connection.exec_driver_sql("SELECT count(*) FROM customers").scalar())
        done.set()

    thread = threading.Thread(target=serve)
    thread.start()
    module = type(sys)("signals_of_mine")
    module.go, module.done = go, done
    sys.modules["signals_of_mine"] = module
    first = "import signals_of_mine\nsignals_of_mine.go.set()\nassert signals_of_mine.done.wait(10)\n"
    project.env.write_text(first + project.env.read_text())
    project.add("a")
    Migrator(project.config(), sqlite_scratch).upgrade("a")
    thread.join()
    assert found == [0]
    del sys.modules["signals_of_mine"]


def test_after_the_run_the_guard_lets_everything_through(project, sqlite_scratch, theirs):
    project.add("a")
    Migrator(project.config(), sqlite_scratch).upgrade("a")
    engine = sa.create_engine(f"sqlite:///{theirs}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM customers").scalar() == 0


def fingerprint(url):
    """The tables of a server's database, and how many rows of tables and of the catalogue were ever written in it."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        counters = ()
        if engine.dialect.name == "postgresql":
            writes = "SELECT tup_inserted, tup_updated, tup_deleted FROM pg_stat_database WHERE datname = current_database()"
            counters = connection.exec_driver_sql(writes).all()
    return tables, counters


@pytest.fixture(scope="module", params=["postgres_url", "mysql_url"])
def given(request):
    """A server's database as given, and a scratch database beside it."""
    url = sa.make_url(request.getfixturevalue(request.param))
    database = databases.connect(url)
    with database.make_scratch() as scratch:
        yield url, scratch
    database.close()


DRIVERS = {"postgresql": ("psycopg", "psycopg2", "asyncpg", "psycopg_async"), "mysql": ("pymysql",)}


def test_the_given_server_database_is_not_touched_when_env_py_hard_codes_it(project, given):
    url, scratch = given
    before = fingerprint(url)
    for driver in DRIVERS[url.get_backend_name()]:
        hard_coded = url.set(drivername=f"{url.get_backend_name()}+{driver}").render_as_string(hide_password=False)
        if "async" in driver:
            project.write_async_env(f"create_async_engine({hard_coded!r})")
        else:
            project.env.write_text(OWN_ENGINE.format(engine=f"sa.create_engine({hard_coded!r})"))
        assert url.database in refuse(project, scratch)
    assert fingerprint(url) == before


def test_a_namesake_of_the_scratch_database_on_another_server_is_told_apart_by_the_lock(project, monkeypatch, postgres_url):
    """The same name cannot be had twice, so the other server is played by a run whose lock is not held on this one.

    The lock that was taken stays: a database whose lock is gone is swept by whatever else runs on the server.
    """
    database = databases.connect(postgres_url)
    with database.make_scratch() as scratch:
        project.add("a")
        monkeypatch.setattr(database._server, "token", make_token())
        with pytest.raises(WrongDatabaseError):
            Migrator(project.config(), scratch).upgrade("a")
        with scratch.engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == []
    database.close()


@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg_async"])
def test_an_async_env_py_runs_on_the_scratch_database_with_the_driver_of_the_url(project, request, driver):
    given = sa.make_url(request.getfixturevalue("sqlite_url" if "sqlite" in driver else "postgres_url"))
    project.write_async_env()
    project.add("a")
    project.add("b", "a")
    database = databases.connect(given.set(drivername=driver))
    with database.make_scratch() as scratch:
        assert scratch.env_url.drivername == driver
        migrator = Migrator(project.config(), scratch)
        migrator.upgrade("b")
        migrator.downgrade("b")
        assert migrator.current() == ("a",)
        with scratch.engine.connect() as connection:
            assert "t_a" in sa.inspect(connection).get_table_names()
    database.close()


@pytest.mark.parametrize(("driver", "is_async"), [("sqlite", True), ("sqlite+aiosqlite", False)])
def test_a_driver_of_the_wrong_kind_is_replaced_by_one_of_the_right_kind(project, sqlite_url, driver, is_async):
    if is_async:
        project.write_async_env()
    project.add("a")
    with databases.connect(sa.make_url(sqlite_url).set(drivername=driver)).make_scratch() as scratch:
        migrator = Migrator(project.config(), scratch)
        migrator.upgrade("a")
        assert migrator.current() == ("a",)


def test_an_async_engine_with_a_pool_that_lives_in_a_module_serves_every_step(project, sqlite_url):
    (project.root / "engine_module.py").write_text(
        "import os\nfrom sqlalchemy.ext.asyncio import create_async_engine\nengine = create_async_engine(os.environ['URL'])\n"
    )
    project.write_ini("prepend_sys_path = .")
    project.write_async_env("__import__('engine_module').engine")
    project.env.write_text(project.env.read_text().replace("await engine.dispose()", "pass"))
    project.add("a")
    project.add("b", "a")
    with databases.connect(sa.make_url(sqlite_url).set(drivername="sqlite+aiosqlite")).make_scratch() as scratch:
        migrator = Migrator(project.config(env={"URL": "{url}"}), scratch)
        migrator.upgrade("b")
        migrator.downgrade_to("base")
    del sys.modules["engine_module"]


@pytest.mark.parametrize("fixture", ["sqlite_url", "postgres_url", "mysql_url"])
def test_a_migration_that_names_another_database_is_stopped_at_that_statement(project, request, tmp_path, fixture):
    given = sa.make_url(request.getfixturevalue(fixture))
    other = str(tmp_path / "other.db")
    statement = {
        "sqlite_url": f"ATTACH DATABASE '{other}' AS other",
        "postgres_url": "CREATE DATABASE made_by_a_migration",
        "mysql_url": f"CREATE TABLE `{given.database}`.made_by_a_migration (id INTEGER)",
    }[fixture]
    project.add("a", upgrade=f"op.execute({statement!r})")
    database = databases.connect(given)
    with database.make_scratch() as scratch, pytest.raises(MigrationError) as failed:
        Migrator(project.config(), scratch).upgrade("a")
    database.close()
    assert "outside of the scratch database" in failed.value.cause
    assert (failed.value.phase, failed.value.revision) == ("upgrade", "a")
    assert not os.path.exists(other)  # noqa: PTH110
    if "mysql" in fixture:
        assert fingerprint(given)[0] == []


STRAY = "import sqlite3\n    sa.create_engine('sqlite:///elsewhere.db').connect().exec_driver_sql('CREATE TABLE x (a)')"
HIDDEN = f"import contextlib\n    with contextlib.suppress(Exception):\n        {STRAY.splitlines()[1].strip()}"


@pytest.mark.parametrize("code", [STRAY, HIDDEN])
def test_a_migration_that_opens_another_database_fails_with_its_line_and_the_run_goes_on(project, sqlite_url, code):
    project.add("a")
    file = project.add("b", "a", upgrade=code)
    project.add("c", "a")
    with Verification(project.config(db_url=sqlite_url)) as verification:
        verdicts = {verdict.revision: verdict for verdict in verification.check_all()}
    assert [verdicts[name].outcome.value for name in "abc"] == ["reversible", "upgrade-failed", "reversible"]
    [failure] = verdicts["b"].failures
    assert "elsewhere.db instead of the scratch database, and was stopped before any statement" in failure.message
    assert failure.line == next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "elsewhere" in text)
    assert not (project.root / "elsewhere.db").exists()


def test_an_env_py_that_opens_another_database_in_the_middle_of_a_step_still_stops_the_run(project, sqlite_url):
    project.add("a")
    stray = "    with create_engine('sqlite:///elsewhere.db').connect():\n        pass\n"
    project.env.write_text("from sqlalchemy import create_engine\n" + project.env.read_text() + stray)
    with Verification(project.config(db_url=sqlite_url)) as verification, pytest.raises(WrongDatabaseError):
        verification.check("a")
