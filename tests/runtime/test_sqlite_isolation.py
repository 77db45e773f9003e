"""SQLite refuses what leaves the scratch database: no spelling and no way of executing it changes a file of the user's own."""

import _sqlite3
import asyncio
import contextlib
import itertools
import os
import re
import sqlite3
import sys
import threading
from sqlite3 import connect as connect_of_before

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.migrate import MigrationError, Migrator
from mrt_runtime.migrate.error import WrongDatabaseError

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
def victim(tmp_path):
    made = Victim(tmp_path / "theirs")
    yield made
    assert made.read() == made.before
    made.close()


@pytest.fixture(params=URLS)
def driver(request, project):
    if request.param == "aiosqlite":
        project.write_async_env()
    return request.param


def migrate(project, monkeypatch, work, driver="pysqlite", **files):
    """Run a migration that calls `work(connection)`; gives what the step ended with."""
    module = type(sys)("work_of_mine")
    module.work = work
    monkeypatch.setitem(sys.modules, "work_of_mine", module)
    project.add("a", upgrade="__import__('work_of_mine').work(op.get_bind())", **files)
    with databases.connect(URLS[driver]).make_scratch() as scratch:
        try:
            Migrator(project.config(), scratch).upgrade("a")
        except (MigrationError, WrongDatabaseError) as error:
            return error
    return None


def raw_of(connection):
    """The `sqlite3` connection, and a function that runs a function where it may be used."""
    pooled = connection.connection
    if connection.dialect.driver == "pysqlite":
        return pooled.driver_connection, lambda work: work()
    aio = pooled.driver_connection
    return aio._conn, lambda work: pooled.dbapi_connection.run_async(lambda opened: opened._execute(work))


WAYS = {
    "execute": lambda connection, sql: connection.execute(sa.text(sql.replace(":", r"\:"))),
    "exec_driver_sql": lambda connection, sql: connection.exec_driver_sql(sql),
    "cursor": lambda connection, sql: connection.connection.cursor().execute(sql),
    "executescript": lambda connection, sql: script(connection, f"SELECT 1; CREATE TABLE IF NOT EXISTS s (a); {sql}; SELECT 2"),
    "a connection of its own": lambda connection, sql: other(connection).execute(sql),
    "memory": lambda connection, sql: sqlite3.connect(":memory:", uri=True).execute(sql),
}


def script(connection, sql):
    raw, run = raw_of(connection)
    run(lambda: raw.executescript(sql))


def other(connection):
    return sqlite3.connect(str(connection.engine.url.database))


BEFORE = ("", "-- x\n", "/* x */ ", "/* /* */", "--\n/**/\t;", "--\r\n \n")
NAMES = (
    "'{path}'",
    '"{path}"',
    "[{path}]",
    "`{path}`",
    "('{path}')",
    "'' || '{path}'",
    "(SELECT '{path}')",
    "lower('{path}')",
    "'{path}' COLLATE nocase",
    "CAST(x'{hex}' AS TEXT)",
    "'{link}'",
    "'{folder}/../theirs/{file}'",
)
URI_NAMES = (
    "'file:{path}'",
    "'file://localhost{path}?mode=rwc'",
    "'file:{path}?mode=memory&mode=rwc'",
    "'file:{escaped}#?mode=memory'",
)
OPENING = (
    "ATTACH DATABASE {name} AS o",
    "aTTach/**/{name} AS [main of theirs]",
    "VACUUM INTO {name}",
    "Vacuum main--\n INTO {name}",
)


def spell(victim):
    """Statements that open the victim, or write a copy beside it, in every combination."""
    for before, name, opening in itertools.product(BEFORE, (*NAMES, *URI_NAMES), OPENING):
        if "INTO" in opening and name[0] in '"[`':
            continue  # only ATTACH takes an identifier for a name
        path = str(victim.path) + (".copy" if "INTO" in opening else "")
        link = str(victim.folder / "link.db") + (".copy" if "INTO" in opening else "")
        escaped = path.replace("victim", "%76ictim")
        name = name.format(
            path=path, link=link, hex=path.encode().hex(), escaped=escaped, folder=victim.folder, file=os.path.basename(path)
        )
        yield before + opening.format(name=name)


def test_every_spelling_of_this_file_does_open_another_file_where_nothing_refuses(tmp_path):
    """What the next test proves would otherwise be worth nothing."""
    theirs = Victim(tmp_path / "theirs")
    for sql in spell(theirs):
        with contextlib.closing(sqlite3.connect(tmp_path / "own.db", uri=True, isolation_level=None)) as connection:
            connection.executescript(sql)
            copies = list(theirs.folder.glob("*.copy*"))
            assert len(connection.execute("PRAGMA database_list").fetchall()) == 2 or copies, sql
            for copy in copies:
                copy.unlink()
    theirs.close()


@pytest.mark.parametrize("way", WAYS)
def test_no_spelling_opens_another_file(project, monkeypatch, victim, driver, way):
    refused = []

    def work(connection):
        for sql in spell(victim):
            with pytest.raises(
                Exception, match="not authorized|authorization denied|outside of the scratch|one statement at a time|syntax error"
            ) as error:
                WAYS[way](connection, sql)
            refused.append((sql, str(error.value)))

    error = migrate(project, monkeypatch, work, driver)
    assert [sql for sql, _ in refused] == list(spell(victim))
    # the driver takes no statement behind a semicolon, SQLite no comment that is not closed: these two never got as far
    assert all("authori" in words or "outside" in words or ";" in sql for sql, words in refused)
    assert "outside of the scratch database" in error.cause
    assert (error.phase, error.revision) == ("upgrade", "a")
    assert (error.file, error.line) == (str(project.versions / "a.py"), 12 if driver == "pysqlite" else error.line)


def test_a_bound_name_is_refused_whatever_it_is(project, monkeypatch, victim, driver):
    error = migrate(
        project, monkeypatch, lambda connection: connection.exec_driver_sql("ATTACH ? AS o", (str(victim.path),)), driver
    )
    assert "it opens a file whose name SQL works out" in error.cause


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT load_extension('x')", "the SQL function load_extension()"),
        ("SELECT Load_Extension('x', 'y') FROM sqlite_master", "the SQL function load_extension()"),
        ("SELECT fts3_tokenizer('simple', x'00')", "the SQL function fts3_tokenizer()"),
        ("SELECT writefile('{path}', 'x')", "the SQL function writefile()"),
        ("SELECT 1 WHERE writefile('{path}', 'x')", "the SQL function writefile()"),
        ("PRAGMA temp_store_directory = '{folder}'", "PRAGMA temp_store_directory"),
        ("pragma main.Temp_Store_Directory('{folder}')", "PRAGMA temp_store_directory"),
        ("PRAGMA data_store_directory = '{folder}'", "PRAGMA data_store_directory"),
        ("CREATE VIRTUAL TABLE z USING zipfile('{path}')", "a virtual table of zipfile"),
    ],
)
def test_functions_settings_and_modules_that_reach_files_are_refused(project, monkeypatch, victim, driver, sql, words):
    def work(connection):
        raw, run = raw_of(connection)
        run(lambda: raw.create_function("writefile", 2, lambda *_: victim.path.write_bytes(b"")))
        connection.exec_driver_sql(sql.format(path=victim.path, folder=victim.folder))

    error = migrate(project, monkeypatch, work, driver)
    assert words in error.cause
    assert "outside of the scratch database, which is all that a migration may write to" in error.cause


@pytest.mark.parametrize(
    "sql", ["CREATE VIEW v AS SELECT load_extension('x')", "CREATE TRIGGER t AFTER INSERT ON s BEGIN {f}; END"]
)
def test_views_and_triggers_of_a_migration_may_do_no_more_on_our_own_connections(project, monkeypatch, sql):
    with databases.connect("sqlite://").make_scratch() as scratch:
        project.add("a", upgrade=f"op.execute('CREATE TABLE s (a)'); op.execute({sql.format(f='SELECT load_extension(new.a)')!r})")
        Migrator(project.config(), scratch).upgrade("a")
        with scratch.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="not authorized|unsafe use of"):
            connection.exec_driver_sql("INSERT INTO s VALUES (1)" if "TRIGGER" in sql else "SELECT * FROM v")
        with scratch.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="not authorized"):
            connection.exec_driver_sql(f"ATTACH '{project.root}/made.db' AS o")
    assert not (project.root / "made.db").exists()


def test_what_touches_no_other_file_works(project, monkeypatch, victim, driver):
    found = []

    def work(connection):
        connection.exec_driver_sql("ATTACH ':memory:' AS m")
        connection.exec_driver_sql("ATTACH DATABASE '' AS temporary")
        connection.exec_driver_sql("CREATE TABLE m.x AS SELECT 'ATTACH ''/x'' AS y' AS a")
        connection.exec_driver_sql(f"ATTACH '{connection.engine.url.database}-side' AS side")
        connection.exec_driver_sql("CREATE TABLE side.x (a)")
        for pragma in ("journal_mode=WAL", "writable_schema=ON", "writable_schema=OFF", "temp_store_directory", "page_size=8192"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.exec_driver_sql("CREATE TABLE big (a)")
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("-- x\n VACUUM main")
        with contextlib.closing(sqlite3.connect(":memory:", uri=True)) as memory:
            memory.execute("ATTACH 'file::memory:?cache=shared' AS a")
            memory.execute("ATTACH 'file:x?mode=memory&cache=shared' AS b")
            raw, run = raw_of(connection)
            if driver == "pysqlite":
                raw.backup(memory)
                assert list(raw.iterdump())
        with contextlib.closing(other(connection)) as second:
            found.extend(second.execute("SELECT name FROM sqlite_master WHERE name = 'big'"))
        with contextlib.closing(sqlite3.connect(f"file:{victim.path}?mode=ro&immutable=1", uri=True)) as reading:
            found.append(reading.execute("SELECT count(*) FROM sqlite_master").fetchone())
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reading.execute("CREATE TABLE x (a)")

    left = sorted(os.listdir(project.root))  # noqa: PTH208
    assert migrate(project, monkeypatch, work, driver) is None
    assert found[0] == ("big",)
    assert sorted(os.listdir(project.root)) == left  # noqa: PTH208


def early_class(path):
    class Attaching(sqlite3.Connection):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            self.execute(f"ATTACH '{path}' AS o").execute("DELETE FROM o.p")
            self.commit()

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
def test_no_way_of_python_s_module_opens_another_file_in_a_migration(project, monkeypatch, victim, way, swallowed):
    def work(connection):
        try:
            opened = PYTHON[way](str(victim.path), raw_of(connection)[0])
        except Exception:
            if not swallowed:
                raise
        else:
            opened.execute("DELETE FROM p").connection.commit()

    error = migrate(project, monkeypatch, work)
    assert isinstance(error, MigrationError)
    assert "outside of the scratch database" in error.cause
    assert (error.file, error.line) == (
        str(project.versions / "a.py"),
        11 if swallowed and way in {"another thread", "aiosqlite"} else 12,
    )


def test_env_py_that_opens_another_file_itself_ends_the_run(project, monkeypatch, victim):
    project.env.write_text(f"import sqlite3\nsqlite3.connect({str(victim.path)!r}).execute('DELETE FROM p')\n")
    error = migrate(project, monkeypatch, lambda _connection: None)
    assert isinstance(error, WrongDatabaseError)
    assert str(victim.path) in str(error)


@pytest.mark.parametrize("target", ["the engine", "every engine", "every pool"])
@pytest.mark.parametrize("event", ["connect", "checkout"])
def test_listeners_of_env_py_attach_nothing(project, monkeypatch, victim, driver, event, target):
    def attach(connection, *_):
        cursor = connection.cursor()
        cursor.execute(f"ATTACH '{victim.path}' AS o")
        cursor.execute("DELETE FROM o.p")

    def listen(engine):
        engine = getattr(engine, "sync_engine", engine)
        listening = {"the engine": engine, "every engine": sa.Engine, "every pool": sa.Pool}[target]
        sa.event.listen(listening, event, attach, insert=True)
        undo.callback(sa.event.remove, listening, event, attach)

    module = type(sys)("listener_of_mine")
    module.listen = listen
    monkeypatch.setitem(sys.modules, "listener_of_mine", module)
    call = "__import__('listener_of_mine').listen(engine)"
    *lines, last = re.split(r"(?m)^( *engine = .*)$", project.env.read_text())
    margin = lines[-1][: -len(lines[-1].lstrip())] if lines[-1].startswith(" ") else ""
    project.env.write_text("".join(lines) + f"\n{margin}{call}" + last)
    with contextlib.ExitStack() as undo:
        error = migrate(project, monkeypatch, lambda _connection: None, driver)
    assert error.phase == "env"
    assert f"it opens {victim.path} by ATTACH" in error.cause


def test_an_authorizer_of_the_project_is_asked_besides_and_takes_nothing_off(project, monkeypatch, victim):
    seen = []

    def theirs(action, *names):
        seen.append(names[0])
        return sqlite3.SQLITE_DENY if names[0] == "forbidden" else sqlite3.SQLITE_OK

    def work(connection):
        raw, _ = raw_of(connection)
        connection.exec_driver_sql("CREATE TABLE forbidden (a)")
        raw.set_authorizer(theirs)
        with pytest.raises(sqlite3.DatabaseError, match="not authorized|prohibited"):
            raw.execute("SELECT a FROM forbidden")
        raw.set_authorizer(None)
        raw.execute("SELECT a FROM forbidden")
        raw.execute(f"ATTACH '{victim.path}' AS o")

    error = migrate(project, monkeypatch, work)
    assert "by ATTACH" in error.cause
    assert "forbidden" in seen


@pytest.mark.parametrize("attach", [False, True])
def test_an_authorizer_that_is_taken_off_all_the_same_fails_the_step(project, monkeypatch, tmp_path, driver, attach):
    def work(connection):
        raw, run = raw_of(connection)
        run(lambda: sqlite3.Connection.set_authorizer(raw, lambda *_: sqlite3.SQLITE_OK))
        if attach:
            run(lambda: raw.execute(f"ATTACH '{tmp_path}/made.db' AS o"))

    error = migrate(project, monkeypatch, work, driver)
    assert ("it has opened" if attach else "it took the authorizer off") in error.cause


def test_a_pool_that_kept_a_file_attached_since_before_the_run_is_refused(project, monkeypatch, tmp_path):
    with databases.connect("sqlite://").make_scratch() as scratch:
        engine = sa.create_engine(scratch.url, poolclass=sa.QueuePool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"ATTACH '{tmp_path}/made.db' AS o")
        module = type(sys)("engine_of_before")
        module.engine = engine
        monkeypatch.setitem(sys.modules, "engine_of_before", module)
        project.env.write_text("from engine_of_before import engine\nengine.connect()\n")
        project.add("a")
        with pytest.raises(WrongDatabaseError):
            Migrator(project.config(), scratch).upgrade("a")
        engine.dispose()


def test_after_the_run_and_in_threads_of_before_the_module_opens_any_file(project, monkeypatch, victim, tmp_path):
    start, done, opened = threading.Event(), threading.Event(), []

    def serve():
        start.wait(10)
        opened.append(sqlite3.connect(tmp_path / "theirs_too.db").execute("CREATE TABLE x (a)"))
        opened.append(sqlite3.Connection(tmp_path / "theirs_too.db").execute("SELECT * FROM x"))
        done.set()

    def work(_connection):
        start.set()
        assert done.wait(10)

    thread = threading.Thread(target=serve)
    thread.start()
    assert migrate(project, monkeypatch, work) is None
    thread.join()
    assert len(opened) == 2
    assert sqlite3.connect is connect_of_before is sqlite3.dbapi2.connect
    assert type(sqlite3.connect(tmp_path / "third.db")) is sqlite3.Connection


def test_what_a_project_asks_of_connect_it_gets(project, monkeypatch):
    """Class, arguments by position and by keyword; too many or none are refused in Python's own words."""

    class Mine(sqlite3.Connection):
        def hello(self):
            return "hello"

    def work(_connection):
        assert sqlite3.connect(":memory:", factory=Mine).hello() == "hello"
        assert isinstance(sqlite3.connect(":memory:", factory=Mine), Mine)
        assert sqlite3.connect(":memory:", isolation_level=None).isolation_level is None
        assert sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES).execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(TypeError):
            sqlite3.connect()
        with pytest.raises(TypeError):
            sqlite3.connect(":memory:", colour="red")

    assert migrate(project, monkeypatch, work) is None
