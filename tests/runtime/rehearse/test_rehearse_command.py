"""`mrt rehearse`: what it prints, what it exits with, and one sentence for every wrong command."""

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from mrt_lint.cli import main
from mrt_runtime import databases
from tests.runtime.own_names import own

pytestmark = pytest.mark.exhaustive

HARMLESS = ("harmless", 'op.add_column("users", sa.Column("email", sa.String(120)))', 'op.drop_column("users", "email")')
LOSSY = ("lossy", 'op.execute("UPDATE users SET name = lower(name)")', "pass")
WAITING = (
    "waiting",
    "import pathlib, time\n    op.execute('UPDATE users SET name = name')\n    pathlib.Path('here').touch()\n    time.sleep(60)",
    "pass",
)


@pytest.fixture
def command(history, monkeypatch, capsys):
    """Run the command on a source in a project with these steps; gives its exit code and what it wrote."""

    def run(url, *steps, arguments=()):
        monkeypatch.chdir(history(*steps).root)
        try:
            code = main(["rehearse", "--from", url, *map(str, arguments)])
        except SystemExit as exited:
            code = exited.code
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


def test_the_picture_names_what_a_line_locks_and_what_is_lost(postgres_source, command):
    code, out, err = command(postgres_source.url, HARMLESS, LOSSY)
    assert (code, err) == (1, "")
    assert "  A copy of 1 table with 30 rows (" in out
    assert "It is at first." in out
    assert "  ✓  harmless  reversible\n" in out
    assert "ALTER TABLE users ADD COLUMN email VARCHAR(120)\n         ACCESS EXCLUSIVE on users for " in out
    assert "     └─ Column 'users.name': 10/30 values changed after rollback\n" in out
    assert "Ada" not in out
    assert "which was only read." in out


def test_all_is_well_where_all_is_reversible_or_nothing_is_pending(source, command):
    code, out, _ = command(source.url, HARMLESS)
    assert code == 0
    if source.engine.dialect.name != "postgresql":
        assert "does not show afterwards which locks" in out
    source.execute("UPDATE alembic_version SET version_num = 'harmless'")
    code, out, _ = command(source.url, HARMLESS)
    assert code == 0
    assert "Nothing is pending" in out


def test_json_has_the_shape_of_a_verification_and_what_each_statement_took(source, command):
    code, out, err = command(source.url, LOSSY, arguments=["--format", "json"])
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert told["summary"] == {"reversible": 0, "failed": 1, "unproven": 0, "skipped": 0}
    assert told["copy"].keys() == {"revisions", "tables", "rows", "bytes", "seconds", "shows_locks", "subset"}
    assert told["copy"]["revisions"] == ["first"]
    [revision] = told["revisions"]
    assert (revision["outcome"], revision["passed"]) == ("data-loss", False)
    assert revision["file"].endswith("lossy.py")
    assert [step["step"] for step in revision["steps"]] == ["upgrade", "downgrade", "second upgrade"]
    [statement] = revision["steps"][0]["statements"]
    assert statement["statement"] == "UPDATE users SET name = lower(name)"
    if told["copy"]["shows_locks"]:
        assert {lock["mode"] for lock in statement["locks"]} == {"ROW EXCLUSIVE"}
        assert statement["rows_read"] == {"users": 30}
    else:
        assert statement["locks"] is None
    assert "Ada" not in out


def test_the_report_goes_to_a_file(source, command, tmp_path):
    code, out, _ = command(source.url, LOSSY, arguments=["--format", "json", "-o", tmp_path / "report.json", "--show-values"])
    assert (code, out) == (1, "")
    assert "'Ada" in (tmp_path / "report.json").read_text()


def wrong(result):
    """What a command that is refused says, in one line on standard error and nothing anywhere else."""
    code, out, err = result
    assert (code, out) == (2, ""), err
    assert err.startswith("mrt rehearse: ")
    assert err.count("\n") == 1
    return err


def test_a_revision_that_the_history_does_not_hold_is_named(source, command):
    source.execute("UPDATE alembic_version SET version_num = 'deadbeef'")
    before = source.digest()
    assert "The database is at revision 'deadbeef'" in wrong(command(source.url, HARMLESS))
    assert source.leftovers() == []
    assert source.digest() == before


def test_rows_without_a_revision_are_refused(source, command):
    source.execute("DELETE FROM alembic_version")
    assert "no table that says which revisions it has run" in wrong(command(source.url, HARMLESS))
    assert source.leftovers() == []


def test_a_revision_that_was_run_already_is_named(source, command):
    assert "The database has run first already" in wrong(command(source.url, HARMLESS, arguments=["--revisions", "first"]))


@pytest.mark.parametrize("url", ["", " "])
def test_an_empty_url_is_none(command, url):
    assert "--from is empty" in wrong(command(url, HARMLESS))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "is in memory"),
        ("sqlite:///absent.db", "does not exist"),
        ("sqlite:///migrations", "is a folder"),
        ("oracle://a:secret7@b/c", "--from is a URL for oracle"),
        ("nonsense", "cannot be read"),
        ("embedded:postgresql", "cannot be read"),
        ("postgresql://ada:secret7@127.0.0.1:1/shop", "cannot be copied: .*refused"),
        ("mysql+pymysql://ada:secret7@127.0.0.1:1/shop", "cannot be copied: "),
    ],
)
def test_a_source_that_cannot_be_copied_is_one_sentence(command, url, words):
    said = wrong(command(url, HARMLESS))
    assert re.search(words, said), said
    assert "secret7" not in said


def test_a_file_that_is_no_database_is_one_sentence(command, tmp_path):
    (tmp_path / "text.db").write_text("these are words, and no database at all. " * 40)
    assert "is not a database" in wrong(command(f"sqlite:///{tmp_path}/text.db", HARMLESS))


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_a_database_that_does_not_exist_is_one_sentence(command, request, server):
    url = request.getfixturevalue(f"{server}_server").set(database=own("absent")).render_as_string(hide_password=False)
    assert "cannot be copied" in wrong(command(url, HARMLESS))


def test_a_copy_is_made_on_a_server_of_the_same_kind(source, command):
    other = "mysql+pymysql://root@127.0.0.1/x" if source.engine.dialect.name == "postgresql" else "postgresql://127.0.0.1/x"
    assert "a copy needs the same" in wrong(command(source.url, HARMLESS, arguments=["--db-url", other]))


def test_the_source_as_the_server_for_the_copy_is_the_default(postgres_source, command):
    before = postgres_source.digest()
    assert command(postgres_source.url, HARMLESS, arguments=["--db-url", postgres_source.url])[0] == 0
    assert postgres_source.digest() == before


def test_a_copy_that_the_disk_does_not_hold_is_refused_before_it_is_begun(source, command, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    if source.engine.dialect.name == "mysql":
        source.execute("ANALYZE TABLE users")
    assert "The copy would take" in wrong(command(source.url, HARMLESS))
    assert source.leftovers() == []


def test_a_role_that_may_make_no_copy_is_told_what_to_grant(postgres_source, command):
    role = own("reader")
    postgres_source.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD 'pg-secret-7'", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    )
    url = sa.make_url(postgres_source.url).set(username=role, password="pg-secret-7").render_as_string(hide_password=False)
    try:
        said = wrong(command(url, HARMLESS))
        assert f'ALTER ROLE "{role}" CREATEDB CREATEROLE allows it' in said
        assert "pg-secret-7" not in said
        postgres_source.execute(f"ALTER ROLE {role} CREATEDB")
        assert "may create no role for the run" in wrong(command(url, HARMLESS))
        postgres_source.execute(f"ALTER ROLE {role} CREATEROLE", f"GRANT SELECT ON alembic_version TO {role}")
        code, out, err = command(url, HARMLESS)  # not the owner, so it is a dump
        assert code == 0, out + err
        postgres_source.execute(f"REVOKE SELECT ON users FROM {role}")
        assert "permission denied" in wrong(command(url, HARMLESS))
        assert postgres_source.leftovers() == []
    finally:
        postgres_source.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize("more", [(), ("--with-traffic",)], ids=["alone", "traffic"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_however_it_ends_nothing_is_left_and_the_source_is_as_it_was(source, history, how, more, monkeypatch):
    project = history(WAITING)
    before = source.digest()
    with project.started(source.url, "mrt_lint", "rehearse", "--from", source.url, *more) as process:
        assert process.poll() is None, process.stderr.read()
        process.send_signal(how)
        _, err = process.communicate(timeout=30)
    if how == signal.SIGKILL:
        monkeypatch.setattr("tempfile.tempdir", str(project.root / "temporary"))
        database = databases.connect_copying(source.url, None)
        deadline = time.monotonic() + 10
        while (source.leftovers() or list(Path(project.root / "temporary").iterdir())) and time.monotonic() < deadline:
            database.sweep()
        database.close()
    else:
        assert process.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[how]
        assert "the copy is dropped" in err
    assert source.leftovers() == []
    assert not any((project.root / "temporary").iterdir())
    assert source.digest() == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_in_the_middle_of_a_dump_both_programs_end_with_the_run(postgres_source, history, monkeypatch, tmp_path, how):
    project = history(HARMLESS)
    slow = tmp_path / "bin" / "pg_dump"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\necho $$ > here\nwhile :; do echo 'SELECT 1;'; sleep 0.05; done\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    arguments = ("mrt_lint", "rehearse", "--from", postgres_source.url)
    with postgres_source.engine.connect(), project.started(postgres_source.url, *arguments) as process:
        while not (project.root / "here").read_text():
            time.sleep(0.01)
        process.send_signal(how)
        process.communicate(timeout=30)
    dumper = int((project.root / "here").read_text())
    deadline = time.monotonic() + 10
    database = databases.connect_copying(postgres_source.url, None)
    while (is_running(dumper) or postgres_source.leftovers()) and time.monotonic() < deadline:
        database.sweep()
    database.close()
    assert not is_running(dumper)
    assert postgres_source.leftovers() == []


def is_running(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("count", ["0", "-3", "many", ""])
def test_a_sample_of_no_rows_is_refused(count, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", "--from", "sqlite:///x.db", f"--subset={count}"])
    assert ended.value.code == 2
    assert "is no whole number from 1" in capsys.readouterr().err
