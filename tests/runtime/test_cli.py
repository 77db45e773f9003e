"""`mrt verify`: what it prints, what it exits with, and one sentence for every wrong command."""

import json
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from mrt_lint.cli import main
from tests.runtime.own_names import own

PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"


@pytest.fixture(autouse=True)
def _no_url(monkeypatch):
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)


@pytest.fixture
def enter(tmp_path, monkeypatch):
    """Stand in a copy of one of the projects."""

    def go(name):
        shutil.copytree(PROJECTS / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.chdir(tmp_path / name)
        return tmp_path / name

    return go


def verify(capsys, *arguments):
    """Run the command; gives its exit code and what it wrote."""
    try:
        code = main(["verify", *map(str, arguments)])
    except SystemExit as exited:
        code = exited.code
    written = capsys.readouterr()
    return code, written.out, written.err


def test_a_project_is_verified_without_any_configuration(enter, capsys):
    folder = enter("example")
    code, out, err = verify(capsys)
    assert (code, err) == (1, "")
    assert "\n  Verified on SQLite." in out
    assert "  ✗  003  data loss detected\n     └─ Column 'users.phone': 2/3 values lost after rollback\n" in out
    assert not list(folder.glob("*.db"))


@pytest.mark.parametrize("url", ["", " "])
def test_an_empty_url_on_the_command_line_is_no_url_and_no_wish_for_sqlite(enter, capsys, url):
    enter("example")
    Path("pyproject.toml").write_text('[tool.mrt]\ndb_url = "mysql+pymysql://root@127.0.0.1/test"\n')
    code, out, err = verify(capsys, "--db-url", url)
    assert (code, out) == (2, "")
    assert err.startswith("mrt verify: --db-url is empty and names no database")
    assert err.count("\n") == 1


@pytest.mark.parametrize(("text", "said"), [("[tool.mrt", "is not TOML"), ('[tool.mrt]\ndialct = "x"\n', "has no key 'dialct'")])
@pytest.mark.parametrize("options", [(), ("-c", "alembic.ini")])
def test_a_pyproject_that_cannot_be_read_is_named_and_the_project_not_denied(enter, capsys, text, said, options):
    enter("example")
    Path("pyproject.toml").write_text(text)
    code, out, err = verify(capsys, *options)
    assert (code, out) == (2, "")
    assert said in err
    assert "pyproject.toml" in err
    assert "There is no alembic.ini" not in err


def test_revisions_are_chosen_and_all_reversible_is_success(enter, capsys):
    enter("example")
    code, out, _ = verify(capsys, "002", "001")
    assert code == 0
    assert "  ✓  001  reversible\n  ✓  002  reversible\n" in out
    assert "003" not in out


def test_json_is_written_as_documented(enter, capsys):
    folder = enter("example")
    code, out, _ = verify(capsys, "--format", "json", "--db-url", "sqlite:///given.db")
    document = json.loads(out)
    assert code == 1
    assert document["database"]["dialect"] == "sqlite"
    assert document["database"]["url"] == "sqlite:///given.db"
    assert document["summary"] == {"reversible": 2, "failed": 1, "unproven": 0, "skipped": 0}
    last = document["revisions"][-1]
    assert (last["revision"], last["down_revision"], last["outcome"], last["passed"]) == ("003", ["002"], "data-loss", False)
    assert last["failures"][0]["line"] == 13
    assert verify(capsys, "--format", "json", "--output", folder / "report.json")[1] == ""
    assert json.loads((folder / "report.json").read_text())["summary"] == document["summary"]


def test_what_env_py_prints_does_not_spoil_the_json(enter, capsys):
    folder = enter("example")
    env = folder / "migrations" / "env.py"
    env.write_text("print('hello from env.py')\n" + env.read_text())
    assert json.loads(verify(capsys, "--format", "json")[1])["summary"]["reversible"] == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("branches", {"root": "reversible", "left": "reversible", "left2": "reversible", "right": "reversible", "merge": "reversible",
                      "other": "reversible", "other2": "data-loss"}),
        ("asynchronous", {"001": "reversible", "002": "data-loss"}),
        ("several_locations", {"c1": "reversible", "c2": "reversible", "s1": "reversible"}),
    ],
)  # fmt: skip
def test_projects_of_every_shape_are_verified(enter, capsys, name, expected):
    enter(name)
    document = json.loads(verify(capsys, "--format", "json")[1])
    assert {revision["revision"]: revision["outcome"] for revision in document["revisions"]} == expected


def test_each_revision_of_a_graph_gets_the_same_verdict_alone(enter, capsys):
    enter("branches")
    for revision, code in (("merge", 0), ("other2", 1), ("right", 0), ("billing@head", 0)):
        assert verify(capsys, revision)[0] == code, revision


def test_an_env_py_that_reads_a_variable_needs_to_be_told_and_touches_nothing_before(enter, capsys, monkeypatch, tmp_path):
    folder = enter("environment_variable")
    production = tmp_path / "production.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{production}")
    code, _, err = verify(capsys)
    assert code == 2
    assert "DATABASE_URL" in err
    assert not production.exists()
    (folder / "pyproject.toml").write_text('[tool.mrt]\nenv = {DATABASE_URL = "{url}"}\n')
    assert verify(capsys)[0] == 0
    assert not production.exists()


def test_a_project_elsewhere_is_named(enter, capsys, monkeypatch, tmp_path):
    folder = enter("example")
    monkeypatch.chdir(tmp_path)
    assert verify(capsys, "-c", folder / "alembic.ini", "001")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--alembic-ini", "missing.ini"], "There is no missing.ini"),
        (["nope"], "There is no revision 'nope'"),
        (["--db-url", "no url"], "cannot be read"),
        (["--db-url", "oracle://user:geheim99@host/x"], "supported are sqlite"),
        (["--db-url", "postgresql+psycopg://user:geheim99@127.0.0.1:1/x"], "127.0.0.1"),
        (["--db-url", "mysql+pymysql://user:geheim99@127.0.0.1:1/x"], "127.0.0.1"),
        (["--seed-rows", "0"], "seed_rows"),
        (["--timeout", "-1"], "migration_timeout"),
        (["--output", "no/such/folder/file"], "cannot be written"),
        (["--format", "xml"], "invalid choice"),
    ],
)
def test_a_wrong_command_is_one_sentence_on_standard_error(enter, capsys, arguments, said):
    enter("example")
    code, out, err = verify(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert "geheim99" not in err
    assert "Traceback" not in err


def test_a_folder_without_a_project_is_told(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, _, err = verify(capsys)
    assert (code, err.count("\n")) == (2, 1)
    assert "-c PATH" in err


def test_an_env_py_that_raises_is_told_with_its_line(enter, capsys):
    folder = enter("example")
    (folder / "migrations" / "env.py").write_text("import os\n\nraise KeyError('SECRET_KEY')\n")
    code, _, err = verify(capsys)
    assert (code, err.count("\n")) == (2, 1)
    assert "SECRET_KEY" in err
    assert "env.py:3" in err


def test_a_wrong_password_is_told_without_it(enter, capsys, mysql_server):
    enter("example")
    name = own("stranger")
    with sa.create_engine(mysql_server).connect() as connection:
        connection.execute(sa.text(f"CREATE OR REPLACE USER '{name}'@'%' IDENTIFIED BY 'right-word'"))
        try:
            url = mysql_server.set(username=name, password="geheim99")
            code, _, err = verify(capsys, "--db-url", url.render_as_string(hide_password=False))
        finally:
            connection.execute(sa.text(f"DROP USER '{name}'@'%'"))
    assert (code, err.count("\n")) == (2, 1)
    assert name in err
    assert "geheim99" not in err


def test_a_role_that_may_not_create_databases_is_told_what_to_grant(enter, capsys, postgres_server):
    enter("example")
    name = own("reader")
    engine = sa.create_engine(postgres_server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE ROLE {name} LOGIN PASSWORD 'geheim99'"))
        connection.execute(sa.text(f"CREATE DATABASE {name} OWNER {name}"))
        url = postgres_server.set(database=name)
        with sa.create_engine(url, poolclass=sa.NullPool).begin() as inside:
            inside.execute(sa.text("CREATE TABLE mine (id integer)"))
        try:
            given = url.set(username=name, password="geheim99").render_as_string(hide_password=False)
            code, _, err = verify(capsys, "--db-url", given)
        finally:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(sa.text(f"DROP ROLE {name}"))
    assert (code, err.count("\n")) == (2, 1)
    assert "CREATEDB" in err
    assert "geheim99" not in err


def test_in_a_subfolder_of_a_repository_the_project_above_is_meant(enter, capsys, monkeypatch):
    folder = enter("example")
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder / "migrations" / "versions")
    code, out, _ = verify(capsys, "001")
    assert (code, "001  reversible" in out) == (0, True)


def test_without_a_repository_nobody_elses_project_above_is_taken(enter, capsys, monkeypatch):
    monkeypatch.chdir(enter("example") / "migrations" / "versions")
    code, _, err = verify(capsys, "001")
    assert (code, "in this folder or above it in its repository" in err) == (2, True)


def test_a_history_without_a_revision_proves_nothing(enter, capsys):
    for file in (enter("example") / "migrations" / "versions").glob("*.py"):
        file.unlink()
    code, _, err = verify(capsys)
    assert (code, err) == (2, "mrt verify: There is no migration in the history of alembic.ini.\n")


def test_what_is_agreed_to_be_irreversible_is_skipped_with_its_reason(enter, capsys):
    (enter("example") / "pyproject.toml").write_text('[tool.mrt.irreversible]\n"003" = "the numbers are in the archive"\n')
    code, out, _ = verify(capsys, "003")
    assert code == 0
    assert "the numbers are in the archive" in out
