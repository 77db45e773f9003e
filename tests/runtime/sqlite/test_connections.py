"""No connection that Python's `sqlite3` opens while env.py runs reaches a file of the user's own, whoever opens it and how."""

import _sqlite3
import asyncio
import contextlib
import os
import re
import sqlite3
import threading
from sqlite3 import connect as connect_of_before

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.migrate import MigrationError, Migrator, WrongDatabaseError


def early_class(path):
    class Attaching(sqlite3.Connection):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            try:
                self.execute(f"ATTACH '{path}' AS o").execute("DELETE FROM o.p")
                self.commit()
            except BaseException:
                self.close()  # otherwise Python 3.13 warns of it in another test
                raise

    return Attaching


PYTHON = {
    "connect": lambda path, _raw: sqlite3.connect(path),
    "connect, path first": lambda path, _raw: sqlite3.connect(path, 5.0, 0, None),
    "keyword": lambda path, _raw: sqlite3.connect(database=path, timeout=1),
    "dbapi2": lambda path, _raw: sqlite3.dbapi2.connect(path),
    "bytes": lambda path, _raw: sqlite3.connect(os.fsencode(path)),
    "URI": lambda path, _raw: sqlite3.connect(f"file:{path}", uri=True),
    "reading, with side files": lambda path, _raw: sqlite3.connect(f"file:{path}?mode=ro", uri=True),
    "class": lambda path, _raw: sqlite3.Connection(path),
    "class, in memory": lambda path, _raw: sqlite3.Connection(":memory:").execute(f"ATTACH '{path}' AS o"),
    "C module": lambda path, _raw: _sqlite3.connect(path),
    "imported before": lambda path, _raw: connect_of_before(path),
    "imported before, in memory": lambda path, _raw: connect_of_before(":memory:").execute(f"ATTACH '{path}' AS o"),
    "made again": lambda path, raw: raw.__init__(path),
    "made again by its class": lambda path, raw: sqlite3.Connection.__init__(raw, path),
    "backup": lambda path, raw: raw.backup(sqlite3.connect(path)),
    "factory": lambda path, _raw: sqlite3.connect(path, factory=type("Mine", (sqlite3.Connection,), {})),
    "factory that attaches": lambda path, _raw: sqlite3.connect(":memory:", factory=early_class(path)),
    "factory that is a function": lambda path, _raw: sqlite3.connect(path, factory=lambda *_, **__: sqlite3.Connection(path)),
    "another thread": lambda path, _raw: in_a_thread(lambda: sqlite3.connect(path)),
    "aiosqlite": lambda path, _raw: in_a_thread(lambda: asyncio.run(open_async(path))),
}


async def open_async(path):
    import aiosqlite

    try:
        async with aiosqlite.connect(path) as connection:
            await connection.execute("DELETE FROM p")
            await connection.commit()
    finally:
        await asyncio.sleep(0.1)  # its thread says the last word to this loop


def in_a_thread(work):
    caught = []

    def run():
        try:
            work()
        except Exception as error:  # noqa: BLE001
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    raise caught[0]


@pytest.mark.parametrize("swallowed", [False, True])
@pytest.mark.parametrize("way", PYTHON)
def test_no_way_of_python_s_module_opens_another_file_in_a_migration(trial, victim, way, swallowed):
    def work(connection):
        try:
            opened = PYTHON[way](str(victim.path), connection.connection.driver_connection)
        except Exception:
            if not swallowed:
                raise
        else:
            opened.execute("DELETE FROM p").connection.commit()

    error = trial.run(work)
    assert isinstance(error, MigrationError)
    assert "outside of the scratch database" in error.cause
    assert (error.file, error.line) == (
        trial.file,
        11 if swallowed and way in {"another thread", "aiosqlite"} else 12,
    )


def test_env_py_that_opens_another_file_itself_ends_the_run(trial, victim):
    trial.project.env.write_text(f"import sqlite3\nsqlite3.connect({str(victim.path)!r}).execute('DELETE FROM p')\n")
    error = trial.run(lambda _connection: None)
    assert isinstance(error, WrongDatabaseError)
    assert str(victim.path) in str(error)


@pytest.mark.parametrize("target", ["the engine", "every engine", "every pool"])
@pytest.mark.parametrize("event", ["connect", "checkout"])
def test_listeners_of_env_py_attach_nothing(trial, victim, driver, event, target):
    def attach(connection, *_):
        cursor = connection.cursor()
        cursor.execute(f"ATTACH '{victim.path}' AS o")
        cursor.execute("DELETE FROM o.p")

    def listen(engine):
        engine = getattr(engine, "sync_engine", engine)
        listening = {"the engine": engine, "every engine": sa.Engine, "every pool": sa.Pool}[target]
        sa.event.listen(listening, event, attach, insert=True)
        undo.callback(sa.event.remove, listening, event, attach)

    trial.offer("listener_of_mine", listen=listen)
    call = "__import__('listener_of_mine').listen(engine)"
    *lines, last = re.split(r"(?m)^( *engine = .*)$", trial.project.env.read_text())
    margin = lines[-1][: -len(lines[-1].lstrip())] if lines[-1].startswith(" ") else ""
    trial.project.env.write_text("".join(lines) + f"\n{margin}{call}" + last)
    with contextlib.ExitStack() as undo:
        error = trial.run(lambda _connection: None, driver)
    assert error.phase == "env"
    assert f"it opens {victim.path} by ATTACH" in error.cause


def test_an_authorizer_of_the_project_is_asked_besides_and_takes_nothing_off(trial, victim):
    seen = []

    def theirs(action, *names):
        seen.append(names[0])
        return sqlite3.SQLITE_DENY if names[0] == "forbidden" else sqlite3.SQLITE_OK

    def work(connection):
        raw = connection.connection.driver_connection
        connection.exec_driver_sql("CREATE TABLE forbidden (a)")
        raw.set_authorizer(theirs)
        with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
            raw.execute("SELECT a FROM forbidden")
        raw.set_authorizer(None)
        raw.execute("SELECT a FROM forbidden")
        raw.execute(f"ATTACH '{victim.path}' AS o")

    error = trial.run(work)
    assert "by ATTACH" in error.cause
    assert "forbidden" in seen


@pytest.mark.parametrize("attach", [False, True])
def test_an_authorizer_that_is_taken_off_all_the_same_fails_the_step(trial, tmp_path, driver, below, attach):
    def work(connection):
        below(connection, lambda raw: sqlite3.Connection.set_authorizer(raw, lambda *_: sqlite3.SQLITE_OK))
        if attach:
            below(connection, lambda raw: raw.execute(f"ATTACH '{tmp_path}/made.db' AS o"))

    error = trial.run(work, driver)
    assert ("it has opened" if attach else "it took the authorizer off") in error.cause


def test_a_pool_that_kept_a_file_attached_since_before_the_run_is_refused(trial, tmp_path):
    with databases.connect("sqlite://").make_scratch() as scratch:
        engine = sa.create_engine(scratch.url, poolclass=sa.QueuePool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"ATTACH '{tmp_path}/made.db' AS o")
        trial.offer("engine_of_before", engine=engine)
        trial.project.env.write_text("from engine_of_before import engine\nengine.connect()\n")
        trial.project.add("a")
        with pytest.raises(WrongDatabaseError):
            Migrator(trial.project.config(), scratch).upgrade("a")
        engine.dispose()


def test_after_the_run_and_in_threads_of_before_the_module_opens_any_file(trial, victim, tmp_path):
    start, done, opened = threading.Event(), threading.Event(), []

    def serve():
        start.wait(10)
        for connect in (sqlite3.connect, sqlite3.Connection):
            with contextlib.closing(connect(tmp_path / "theirs_too.db")) as connection:
                opened.append(connection.execute("CREATE TABLE IF NOT EXISTS x (a)"))
        done.set()

    def work(_connection):
        start.set()
        assert done.wait(10)

    thread = threading.Thread(target=serve)
    thread.start()
    assert trial.run(work) is None
    thread.join()
    assert len(opened) == 2
    assert sqlite3.connect is connect_of_before is sqlite3.dbapi2.connect
    with contextlib.closing(sqlite3.connect(tmp_path / "third.db")) as connection:
        assert type(connection) is sqlite3.Connection


def test_a_thread_that_takes_over_the_number_of_one_of_before_is_watched(trial, victim):
    """The system gives the number of a thread that has ended to the next one, as a rule at once."""
    end, numbers, refused = threading.Event(), [], []
    before = threading.Thread(target=lambda: (numbers.append(threading.get_ident()), end.wait(10)))
    before.start()

    def connect():
        numbers.append(threading.get_ident())
        try:
            sqlite3.connect(victim.path).execute("DELETE FROM p").connection.commit()
        except Exception as error:  # noqa: BLE001
            refused.append(error)

    def work(_connection):
        end.set()
        before.join()
        after = threading.Thread(target=connect)
        after.start()
        after.join()

    error = trial.run(work)
    assert len(refused) == 1, numbers
    assert str(victim.path) in error.cause


def test_what_a_project_asks_of_connect_it_gets(trial):
    """Class, arguments by position and by keyword; too many or none are refused in Python's own words."""

    class Mine(sqlite3.Connection):
        def hello(self):
            return "hello"

    def work(_connection):
        opened = sqlite3.connect(":memory:", factory=Mine, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES)
        with contextlib.closing(opened):
            assert isinstance(opened, Mine)
            assert (opened.hello(), opened.isolation_level) == ("hello", None)
            assert opened.execute("SELECT 1").fetchone() == (1,)
            assert repr(opened).startswith(f"<{Mine.__module__}.{Mine.__qualname__} object")
        with contextlib.closing(sqlite3.connect(":memory:")) as plain:
            assert repr(plain).startswith("<sqlite3.Connection object")  # filters of warnings name it
        with pytest.raises(TypeError):
            sqlite3.connect()
        with pytest.raises(TypeError):
            sqlite3.connect(":memory:", colour="red")

    assert trial.run(work) is None
