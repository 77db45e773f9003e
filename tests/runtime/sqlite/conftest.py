"""What the tests of SQLite's isolation share: a file of the user's own, and a migration that runs what a test gives it."""

import sqlite3
import sys

import pytest

from mrt_runtime import databases
from mrt_runtime.migrate import MigrationError, Migrator, WrongDatabaseError

URLS = {"pysqlite": "sqlite:///never.db", "aiosqlite": "sqlite+aiosqlite:///never.db"}


class Victim:
    """A folder with a database of the user's own, in the middle of its life: in WAL mode, with its side files."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.path = folder / "victim.db"
        self._user = sqlite3.connect(self.path)
        self._user.executescript("PRAGMA journal_mode=WAL; CREATE TABLE p (a); INSERT INTO p VALUES (1)")
        (folder / "link.db").symlink_to(self.path)
        self.before = self.read()
        assert {"victim.db-wal", "victim.db-shm"} <= self.before.keys()

    def read(self):
        return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in sorted(self.folder.iterdir())}

    def close(self):
        self._user.close()


@pytest.fixture
def theirs(tmp_path):
    made = Victim(tmp_path / "theirs")
    yield made
    made.close()


@pytest.fixture
def victim(theirs):
    """The same, proved untouched at the end: bytes, times and side files."""
    yield theirs
    assert theirs.read() == theirs.before


@pytest.fixture(params=URLS)
def driver(request, project):
    if request.param == "aiosqlite":
        project.write_async_env()
    return request.param


class Trial:
    """A project whose only migration calls, on its line 12, what a test gives it."""

    def __init__(self, project, monkeypatch):
        self.project = project
        self.file = str(project.versions / "a.py")
        self._monkeypatch = monkeypatch

    def offer(self, name, **objects):
        """Let the project import these objects from a module of this name."""
        module = type(sys)(name)
        vars(module).update(objects)
        self._monkeypatch.setitem(sys.modules, name, module)

    def run(self, work, driver="pysqlite"):
        """Run a migration that calls `work(connection)`; gives what the step ended with."""
        self.offer("work_of_mine", work=work)
        self.project.add("a", upgrade="__import__('work_of_mine').work(op.get_bind())")
        with databases.connect(URLS[driver]).make_scratch() as scratch:
            try:
                Migrator(self.project.config(), scratch).upgrade("a")
            except (MigrationError, WrongDatabaseError) as error:
                return error
        return None


@pytest.fixture
def trial(project, monkeypatch):
    return Trial(project, monkeypatch)


@pytest.fixture
def below():
    """Calls a function with the connection of Python's `sqlite3` below SQLAlchemy's, in the thread where it may be used."""

    def call(connection, work):
        pooled = connection.connection
        if connection.dialect.driver == "pysqlite":
            return work(pooled.driver_connection)
        raw = pooled.driver_connection._conn
        return pooled.dbapi_connection.run_async(lambda opened: opened._execute(work, raw))

    return call
