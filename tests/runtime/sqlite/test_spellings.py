"""SQLite refuses what leaves the scratch database: no statement, however spelt and executed, changes a file of the user's own."""

import contextlib
import itertools
import json
import os
import sqlite3

import pytest
import sqlalchemy as sa

from mrt_lint.cli import main
from mrt_runtime import databases
from mrt_runtime.migrate import Migrator

WAYS = {
    "execute": lambda connection, sql, _: connection.execute(sa.text(sql.replace(":", r"\:"))),
    "exec_driver_sql": lambda connection, sql, _: connection.exec_driver_sql(sql),
    "cursor": lambda connection, sql, _: connection.connection.cursor().execute(sql),
    "executescript": lambda connection, sql, below: below(connection, lambda raw: raw.executescript(f"SELECT 1; {sql}; SELECT 2")),
    "a connection of its own": lambda connection, sql, _: alone(str(connection.engine.url.database), sql),
    "memory": lambda _connection, sql, _below: alone(":memory:", sql),
}


def alone(file, sql):
    with contextlib.closing(sqlite3.connect(file, uri=True)) as connection:
        connection.execute(sql)


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
        shown = name.format(
            path=path, link=link, hex=path.encode().hex(), escaped=escaped, folder=victim.folder, file=path.rpartition("/")[2]
        )
        yield before + opening.format(name=shown)


def test_every_spelling_of_this_file_does_open_another_file_where_nothing_refuses(theirs, tmp_path):
    """What the next test proves would otherwise be worth nothing."""
    for sql in spell(theirs):
        with contextlib.closing(sqlite3.connect(tmp_path / "own.db", uri=True, isolation_level=None)) as connection:
            connection.executescript(sql)
            copies = list(theirs.folder.glob("*.copy*"))
            assert len(connection.execute("PRAGMA database_list").fetchall()) == 2 or copies, sql
            for copy in copies:
                copy.unlink()


@pytest.mark.parametrize("way", WAYS)
def test_no_spelling_opens_another_file(trial, victim, driver, below, way):
    refused = []

    def work(connection):
        for sql in spell(victim):
            with pytest.raises(
                Exception, match=r"not authorized|authorization denied|outside of the scratch|one statement at a time|syntax error"
            ) as error:
                WAYS[way](connection, sql, below)
            refused.append((sql, str(error.value)))

    error = trial.run(work, driver)
    assert [sql for sql, _ in refused] == list(spell(victim))
    # the driver takes no statement behind a semicolon, SQLite no comment that is not closed: these two never got as far
    assert all("authori" in words or "outside" in words or ";" in sql for sql, words in refused)
    assert "outside of the scratch database" in error.cause
    assert (error.phase, error.revision) == ("upgrade", "a")
    assert (error.file, error.line) == (trial.file, 12 if driver == "pysqlite" else error.line)


def test_a_bound_name_is_refused_whatever_it_is(trial, victim, driver):
    error = trial.run(lambda connection: connection.exec_driver_sql("ATTACH ? AS o", (str(victim.path),)), driver)
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
def test_functions_settings_and_modules_that_reach_files_are_refused(trial, victim, below, sql, words):
    def work(connection):
        below(connection, lambda raw: raw.create_function("writefile", 2, lambda *_: victim.path.write_bytes(b"")))
        connection.exec_driver_sql(sql.format(path=victim.path, folder=victim.folder))

    error = trial.run(work)
    assert words in error.cause
    assert "outside of the scratch database, which is all that a migration may write to" in error.cause


@pytest.mark.parametrize(
    "sql", ["CREATE VIEW v AS SELECT load_extension('x')", "CREATE TRIGGER t AFTER INSERT ON s BEGIN {f}; END"]
)
def test_views_and_triggers_of_a_migration_may_do_no_more_on_our_own_connections(trial, sql):
    with databases.connect("sqlite://").make_scratch() as scratch:
        trial.project.add(
            "a", upgrade=f"op.execute('CREATE TABLE s (a)'); op.execute({sql.format(f='SELECT load_extension(new.a)')!r})"
        )
        Migrator(trial.project.config(), scratch).upgrade("a")
        with scratch.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match=r"not authorized|unsafe use of"):
            connection.exec_driver_sql("INSERT INTO s VALUES (1)" if "TRIGGER" in sql else "SELECT * FROM v")
        with scratch.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="not authorized"):
            connection.exec_driver_sql(f"ATTACH '{trial.project.root}/made.db' AS o")
    assert not (trial.project.root / "made.db").exists()


def test_what_touches_no_other_file_works(trial, victim, driver, below):
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
            if driver == "pysqlite":
                below(connection, lambda raw: raw.backup(memory))
            assert below(connection, lambda raw: list(raw.iterdump()))
        with contextlib.closing(sqlite3.connect(str(connection.engine.url.database))) as second:
            found.extend(second.execute("SELECT name FROM sqlite_master WHERE name = 'big'"))
        with contextlib.closing(sqlite3.connect(f"file:{victim.path}?mode=ro&immutable=1", uri=True)) as reading:
            found.append(reading.execute("SELECT count(*) FROM sqlite_master").fetchone())
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reading.execute("CREATE TABLE x (a)")

    left = sorted(os.listdir(trial.project.root))  # noqa: PTH208
    assert trial.run(work, driver) is None
    assert found[0] == ("big",)
    assert sorted(os.listdir(trial.project.root)) == left  # noqa: PTH208


def test_a_verification_blames_the_revision_that_reaches_out_and_goes_on(project, victim, monkeypatch, capsys):
    sql = f"/* tidy up */ ATTACH '' || '{victim.path}' AS o"
    project.add("a")
    project.add("b", "a", upgrade=f"op.get_bind().connection.cursor().execute({sql!r})", downgrade="pass")
    project.add("c", "a")
    monkeypatch.chdir(project.root)
    assert main(["verify", "--db-url", "sqlite:///never.db", "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert shown.err == ""
    outcomes = {one["revision"]: one for one in json.loads(shown.out)["revisions"]}
    assert {name: one["outcome"] for name, one in outcomes.items()} == {"a": "reversible", "b": "upgrade-failed", "c": "reversible"}
    (failure,) = outcomes["b"]["failures"]
    assert "it opens a file whose name SQL works out by ATTACH or VACUUM INTO, outside of the scratch" in failure["message"]
    assert "Put ':memory:' in the place of the file" in failure["message"]
    assert (failure["file"], failure["line"]) == ("migrations/versions/b.py", 12)
