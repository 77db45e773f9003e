"""`mrt init` finds what a project has, and writes what it lacks: never over anything, and once."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path

import pytest
import yaml

from mrt_lint import __version__
from mrt_lint.setup.environment import read_environment
from mrt_lint.setup.toml_text import TomlEntry, tomllib, with_entries
from mrt_lint.setup.yaml_text import with_item, with_key
from tests.lint.conftest import DROP, UPDATE

ENV = 'import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ["DATABASE_URL"])\n'
COMPOSE = "services:\n  db:\n    image: postgres:15-alpine\n  cache:\n    image: redis:7\n"
PRE_COMMIT = "repos:\n  # formatters\n  - repo: https://github.com/psf/black\n    rev: 24.1.0\n    hooks:\n      - id: black  # ours\n# the end\n"
GITLAB = "stages: [build, test]\n\nbuild:\n  stage: build\n  script:\n    - !reference [.make, script]\n    - make  # all\n"


@pytest.fixture
def fresh(project):
    """A project as many are: an alembic.ini whose URL is a template's, env.py asks the environment, a server in compose."""
    project.write(".git/HEAD", "")
    project.write("alembic.ini", "[alembic]\nscript_location = migrations\nsqlalchemy.url = driver://user:pass@localhost/dbname\n")
    project.write("migrations/env.py", ENV)
    project.migration("a1", None, folder="migrations/versions")
    project.write("docker-compose.yml", COMPOSE)
    project.write("pyproject.toml", '[project]\nname = "shop"  # ours\n\n[tool.pytest.ini_options]\ntestpaths = ["checks"]\n')
    project.write(".pre-commit-config.yaml", PRE_COMMIT)
    project.write(".github/workflows/ci.yml", "on: push\nenv:\n  TEST_DATABASE_URL: postgresql://localhost/test\n")
    return project


def files(project) -> dict[str, bytes]:
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in sorted(project.root.rglob("*"))
        if path.is_file() and ".mrt_cache" not in path.parts
    }


def written(project) -> dict:
    return tomllib.loads((project.root / "pyproject.toml").read_bytes().decode())["tool"]["mrt"]


def test_a_project_is_set_up_by_what_its_files_say_and_a_second_time_there_is_nothing_to_do(fresh):
    before = files(fresh)
    result = fresh.mrt("init", "--yes")
    assert (result.code, result.err) == (0, "")
    assert written(fresh) == {
        "dialect": "postgresql",
        "pg_version": "15",
        "db_url": "${TEST_DATABASE_URL}",
        "env": {"DATABASE_URL": "{url}"},
    }
    after = files(fresh)
    new = {"checks/test_migrations.py", ".github/workflows/migrations.yml"}
    changed = {"pyproject.toml", ".pre-commit-config.yaml"}
    assert {name for name in after if after[name] != before.get(name)} == new | changed
    assert all(after[name].startswith(before[name].rstrip(b"# the end\n")) for name in changed)
    assert after["checks/test_migrations.py"].count(b"def test_") == 1
    workflow = yaml.safe_load(after[".github/workflows/migrations.yml"])["jobs"]["migrations"]
    assert workflow["services"]["database"]["image"] == "postgres:15"
    assert workflow["steps"][2]["run"] == "pip install ."
    action = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text())
    assert workflow["steps"][-1]["uses"] == f"pytest-mrt/pytest-mrt@v{__version__}"
    assert workflow["steps"][-1]["with"] == {"extras": "postgres", "db-url": "postgresql://postgres@127.0.0.1:5432/postgres"}
    assert workflow["steps"][-1]["with"].keys() <= action["inputs"].keys()
    assert "postgresql 15 (postgres:15-alpine in docker-compose.yml)" in result.out
    assert result.out.endswith("$ mrt check\n1 migration checked: nothing found.\n")
    again = fresh.mrt("init")
    assert (again.code, again.err) == (0, "")
    assert "Nothing to do: everything is set up already.\n" in again.out
    assert files(fresh) == after


@pytest.mark.parametrize(("arguments", "code"), [(("--dry-run",), 0), ((), 2)])
def test_nothing_is_written_where_nobody_agrees(fresh, monkeypatch, arguments, code):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = files(fresh)
    result = fresh.mrt("init", *arguments)
    assert result.code == code
    assert '+db_url = "${TEST_DATABASE_URL}"' in result.out
    assert ("--yes writes all of it" in result.err) is (code == 2)
    assert files(fresh) == before


def test_on_a_terminal_each_file_is_asked_for_and_the_end_of_the_input_is_no(fresh, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n\n"))
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    before = files(fresh)
    result = fresh.mrt("init")
    assert result.code == 0
    assert files(fresh).keys() - before.keys() == {"checks/test_migrations.py"}
    assert "Write checks/test_migrations.py? [Y/n] Written: checks/test_migrations.py\n" in result.out
    assert "Write .github/workflows/migrations.yml? [Y/n] \n" in result.out


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_shows_at_once_what_is_being_done_and_is_cleared(fresh, monkeypatch, is_terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    result = fresh.mrt("init", "--dry-run")
    assert result.err == ("\r\x1b[K  looking at the project and checking its migrations\r\x1b[K" if is_terminal else "")


def test_an_old_history_is_shown_and_accepted_and_its_newest_revisions_are_verified(project):
    project.write("alembic.ini", "[alembic]\nscript_location = .\nsqlalchemy.url = mysql+pymysql://localhost/app\n")
    project.migration("r-1", None)
    project.migration("r0", "r-1")
    for number in range(1, 20):
        project.migration(f"r{number}", f"r{number - 1}", DROP if number % 2 else UPDATE)
    drops = "\n    ".join(f'op.drop_column("users", "c{n}")' for n in range(30))
    project.migration("r20", "r19", DROP.replace('op.drop_column("users", "phone")', drops))
    result = project.mrt("init", "--yes")
    assert result.code == 0
    settings = written(project)
    assert settings["dialect"] == "mysql"
    assert settings["baseline"] == "mrt-baseline.json"
    assert settings["lock_warnings"] == "since-baseline"
    assert settings["minimum_downgrade_revision"] == "r0"
    assert "where it is not set" not in (project.root / "pyproject.toml").read_text()
    assert "mrt verify runs what came after r0, minimum_downgrade_revision in [tool.mrt];" in result.out
    overview, _, accepted = result.out.partition("\n$ mrt check --no-baseline\n")[2].partition("\n\n50 findings")
    assert f"{overview}\n" == project.mrt("check", "--no-baseline").out
    assert accepted.startswith(" of today are accepted in mrt-baseline.json: mrt check reports new ones.")
    assert result.out.splitlines()[-1].startswith("22 migrations checked: nothing found,")
    assert "Nothing to do" in project.mrt("init").out
    project.migration("r21", "r20", DROP.replace("phone", "fax"))
    assert [line.split()[1] for line in project.mrt("check", "--format", "concise").out.splitlines()[:1]] == ["MRT201"]


def test_a_flask_application_below_is_found_with_its_variable(project):
    project.write("migrations/alembic.ini", "[alembic]\n\n[loggers]\nkeys = root\n")
    project.write("migrations/env.py", "from flask import current_app\nconfig.set_main_option('x', current_app.config['URI'])\n")
    project.migration("a1", None, folder="migrations/versions")
    project.write(
        "shop/config.py", "import os\nclass Config:\n    SQLALCHEMY_DATABASE_URI = os.getenv('SHOP_DB_URL', 'mysql://x/y')\n"
    )
    project.write("requirements.txt", "Flask-Migrate\nPyMySQL==1.1\n")
    project.write(".gitlab-ci.yml", GITLAB)
    assert project.mrt("init", "--yes").code == 0
    assert written(project) == {
        "dialect": "mysql",
        "alembic_ini": "migrations/alembic.ini",
        "db_url": "${MRT_DATABASE_URL}",
        "env": {"SHOP_DB_URL": "{url}"},
    }
    text = (project.root / ".gitlab-ci.yml").read_text()
    assert text.startswith(GITLAB + "\nmigrations:\n  stage: test\n")
    assert '    - pip install -r requirements.txt "pytest-mrt[mysql]"\n    - mrt check --diff-base' in text
    assert "Nothing to do" in project.mrt("init").out


def test_a_project_below_with_a_pyproject_of_its_own_is_set_up_there_and_ci_where_git_is(project):
    project.write(".git/HEAD", "")
    project.write(".github/dependabot.yml", "")
    project.write("pyproject.toml", "[tool.uv.workspace]\n")
    project.write("uv.lock", "")
    project.write(".pre-commit-config.yaml", PRE_COMMIT)
    project.write("backend/pyproject.toml", "[project]\nname = 'b'\n")
    project.write("backend/alembic.ini", "[alembic]\nscript_location = app/alembic\n")
    project.migration("a1", None, folder="backend/app/alembic/versions")
    before = files(project)
    result = project.mrt("init", "--yes")
    assert result.code == 0
    assert "The project is in backend/, which has a pyproject.toml of its own" in result.out
    after = files(project)
    assert {name for name in after if after[name] != before.get(name)} == {
        "backend/pyproject.toml",
        "backend/tests/test_migrations.py",
        ".pre-commit-config.yaml",
        ".github/workflows/migrations.yml",
    }
    job = yaml.safe_load(after[".github/workflows/migrations.yml"])["jobs"]["migrations"]
    assert (job["defaults"], job["steps"][3]) == ({"run": {"working-directory": "backend"}}, {"run": "uv sync"})
    assert [step["run"].split(" --", 2)[1] for step in job["steps"][-2:]] == ["no-sync mrt check", "no-sync mrt verify"]
    hook = yaml.safe_load(after[".pre-commit-config.yaml"])["repos"][-1]["hooks"][0]
    assert hook == {"id": "mrt-check", "entry": "sh -c 'cd backend && exec mrt check'", "pass_filenames": False}
    assert "Nothing to do" in project.mrt("init").out


@pytest.mark.parametrize(("env", "dialect"), [("", "sqlite"), (ENV, None)])
def test_sqlite_is_believed_only_where_env_py_takes_no_other_url(fresh, env, dialect):
    (fresh.root / "docker-compose.yml").unlink()
    fresh.write("alembic.ini", "[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///app.db\n")
    fresh.write("migrations/env.py", env)
    result = fresh.mrt("init", "--yes")
    assert written(fresh).get("dialect") == dialect
    assert ("no file says which database it is" in result.out) is (dialect is None)


def test_what_conftest_or_the_user_has_said_is_left_alone(fresh):
    fresh.write("conftest.py", "def pytest_configure(config):\n    config._mrt_config = None\n")
    fresh.write("pyproject.toml", '[tool.mrt]\ndialect = "mysql" # really\nstrict = true\n\n[tool.ruff]\nline-length = 99\n')
    fresh.write("tests/test_it.py", "def test_all(mrt):\n    mrt.assert_all_reversible()\n")
    before = files(fresh)
    fresh.write(".github/workflows/ci.yml", "jobs:\n  a:\n    steps:\n      - run: mrt check\n")
    fresh.mrt("init", "--yes")
    assert {name for name, content in files(fresh).items() if content != before.get(name)} == {
        ".pre-commit-config.yaml",
        ".github/workflows/ci.yml",
    }


def test_crlf_files_keep_their_line_ends(fresh):
    for name in ("pyproject.toml", ".pre-commit-config.yaml"):
        path = fresh.root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    fresh.mrt("init", "--yes")
    for name in ("pyproject.toml", ".pre-commit-config.yaml"):
        content = (fresh.root / name).read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n") > 8
    assert written(fresh)["pg_version"] == "15"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pyproject.toml", "[tool\n", "pyproject.toml is not TOML: "),
        ("pyproject.toml", b"\xff", "pyproject.toml cannot be read: "),
        ("alembic.ini", "[alembic\n", "cannot be read: "),
        ("alembic.ini", "", "There is no alembic.ini and no [tool.alembic] in this folder"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_nothing_is_written(fresh, name, content, said):
    fresh.write(name, content)
    before = files(fresh)
    result = fresh.mrt("init", "--yes")
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert files(fresh) == before


@pytest.mark.parametrize(("location", "said"), [("gone", "gone/versions, which does not exist: "), ("empty", "empty/versions: ")])
def test_without_a_migration_nothing_is_set_up(fresh, location, said):
    fresh.write("empty/versions/.gitkeep", "")
    fresh.write("alembic.ini", f"[alembic]\nscript_location = {location}\n")
    before = files(fresh)
    result = fresh.mrt("init", "--yes")
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"There is no migration in the folder that alembic.ini names, {said}nothing was written.\n")
    assert files(fresh) == before


@pytest.mark.parametrize(("others", "folder"), [((), "src/shop/tests"), (("lib/tests/test_b.py",), "tests")])
def test_the_only_tests_below_get_the_first_test(fresh, others, folder):
    fresh.write("pyproject.toml", "")
    for name in ("src/shop/tests/unit/test_a.py", "web/tests/a.js", ".venv/tests/test_c.py", *others):
        fresh.write(name, "")
    fresh.mrt("init", "--yes")
    assert (fresh.root / folder / "test_migrations.py").is_file()


def test_yaml_that_cannot_be_extended_for_sure_is_left_alone_and_the_lines_are_shown(fresh):
    fresh.write(".pre-commit-config.yaml", "repos: [{repo: a, rev: b, hooks: [{id: c}]}]\n")
    result = fresh.mrt("init", "--yes")
    assert result.code == 2
    assert result.err.startswith(
        "mrt init: .pre-commit-config.yaml is written in a way that cannot be extended for sure: add to its repos by hand\n- repo"
    )
    assert (fresh.root / "checks/test_migrations.py").exists()


def test_a_file_that_cannot_be_written_is_named_and_stays_whole(fresh):
    path = fresh.root / "pyproject.toml"
    path.chmod(stat.S_IRUSR)
    before = path.read_bytes()
    result = fresh.mrt("init", "--yes")
    assert (result.code, result.err) == (2, "mrt init: pyproject.toml could not be written: it is read-only.\n")
    assert path.read_bytes() == before
    assert not [name for name in files(fresh) if name.endswith(".mrt")]


def environment(folder: Path, **sources: str):
    for name, source in sources.items():
        path = folder / name.replace("__", "/")
        path.with_suffix(".py").parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(source)
    return read_environment(folder / "env.py", folder)


@pytest.mark.parametrize(
    ("sources", "variables"),
    [
        ({"env": 'import os\nurl = os.environ.get("DATABASE_URL", "x")'}, {"DATABASE_URL": "{url}"}),
        ({"env": 'from os import getenv\nurl = getenv("APP_DB_DSN")'}, {"APP_DB_DSN": "{url}"}),
        ({"env": 'from decouple import config\nurl = config("DB_URI")'}, {"DB_URI": "{url}"}),
        (
            {
                "env": "from app.core import settings",
                "app__core": "class Settings(BaseSettings):\n    database_url: str\n    redis_url: str",
            },
            {"DATABASE_URL": "{url}"},
        ),
        (
            {
                "env": "from app import core",
                "app__core": 'class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="X_")\n    POSTGRES_SERVER: str\n'
                "    POSTGRES_PORT: int\n    POSTGRES_USER: str\n    POSTGRES_PASSWORD: str\n    POSTGRES_DB: str",
            },
            {
                "X_POSTGRES_SERVER": "{host}",
                "X_POSTGRES_PORT": "{port}",
                "X_POSTGRES_USER": "{user}",
                "X_POSTGRES_PASSWORD": "{password}",
                "X_POSTGRES_DB": "{database}",
            },
        ),
        ({"env": 'import os\nos.environ["SENTRY_DSN"]\nos.environ["UPGRADE_URL"]\nos.environ["TEST_DATABASE_URL"]'}, {}),
        ({"env": "def f(:\n"}, {}),
    ],
)
def test_the_variables_that_env_py_asks_for_are_read_where_they_are(tmp_path, sources, variables):
    assert dict(environment(tmp_path, **sources).variables) == variables


@pytest.mark.parametrize(
    "text",
    ["", "a = 1", "# only\n", "[tool]\nx.y = 1\n", "[tool.mrt]\n[tool.other]\nb = 2 # c\n", "[tool]\nmrt = { strict = true }\n",
     "[build-system]\nrequires = []\n[tool.a]\nx=1\n[project]\nname='n'\n[tool.mrt.skip]\n'r' = 'why'\n[tool.z]\nb=1\n"],
)  # fmt: skip
def test_toml_is_extended_whatever_is_there_or_not_at_all(text):
    entries = [TomlEntry("dialect", "sqlite", "why"), TomlEntry("A", 'q"\\', table="env")]
    after = with_entries(text, entries)
    assert after is not None
    tools = tomllib.loads(after)["tool"]
    assert (tools["mrt"]["dialect"], tools["mrt"]["env"]["A"]) == ("sqlite", 'q"\\')
    assert all(line in after for line in text.splitlines() if "{" not in line)


@pytest.mark.parametrize(
    ("text", "before_it"),
    [
        ("repos:\n- repo: a\n  hooks: [x]", "  hooks: [x]\n"),
        ("repos:\n    - repo: a\n      args: |\n        long\n        text\n\ndefault: x\n", "        text\n\n"),
        ("repos:\n  - repo: a # no\n  # comment\nci:\n  x: 1\n", "  - repo: a # no\n"),
        ("---\nrepos:\n- repo: 'a'\n...\n", "- repo: 'a'\n"),
    ],
)
def test_an_item_is_added_at_the_end_of_its_list(text, before_it):
    after = with_item(text, "repos", "- repo: ours\n  rev: v1\n")
    assert after is not None
    assert after[: after.index("- repo: ours")].rstrip(" ").endswith(before_it)
    plain, grown = yaml.safe_load(text), yaml.safe_load(after)
    assert grown["repos"][-1] == {"repo": "ours", "rev": "v1"}
    assert {**grown, "repos": grown["repos"][:-1]} == plain


@pytest.mark.parametrize("text", ["", "repos: []", "repos:\n", "- a", "a: [", "a: 1\n---\nb: 2\n", "repos: {a: 1}"])
def test_a_list_that_is_not_there_is_not_extended(text):
    assert with_item(text, "repos", "- repo: ours") is None


@pytest.mark.parametrize("text", ["", "- a", "{a: 1}", "a: [", "a: 1\n---\nb: 2\n", "a: 1\n...\n"])
def test_a_key_is_not_added_to_what_is_no_block(text):
    assert with_key(text, "job:\n  script: [x]\n") is None


@pytest.mark.parametrize("where", ["api", "api/migrations"])
def test_a_service_of_a_repository_is_set_up_in_its_own_folder(project, monkeypatch, where):
    """Its requirements and its tests are there; the repository's root belongs to all."""
    project.write(".github/dependabot.yml", "")
    image = (
        "jobs:\n  test:\n    services:\n      db:\n        image: postgres:{}\n    defaults: {{run: {{working-directory: ./{}}}}}\n"
    )
    project.write(".github/workflows/a.yml", image.format(12, "other-api"))
    project.write(".github/workflows/b.yml", image.format(14, "api"))
    project.write("web/package.json", "{}")
    project.write("api/setup.py", "")
    project.write("api/requirements.txt", "psycopg2\n")
    project.write("api/src/api/__init__.py", "")
    project.write("api/tests/test_it.py", "def test_it(): pass\n")
    project.write("api/migrations/alembic.ini", "[alembic]\nscript_location = .\n")
    project.write("api/migrations/env.py", "from flask import current_app\n")
    project.migration("a1", None, folder="api/migrations/versions")
    before = files(project)
    monkeypatch.chdir(where)
    assert project.mrt("init", "--yes").code == 0
    after = files(project)
    assert {name for name in after if after[name] != before.get(name)} == {
        "api/pyproject.toml",
        "api/tests/test_migrations.py",
        ".github/workflows/migrations.yml",
    }
    job = yaml.safe_load(after[".github/workflows/migrations.yml"])["jobs"]["migrations"]
    assert job["defaults"]["run"]["working-directory"] == "api"
    assert {"run": "pip install -r requirements.txt -e ."} in job["steps"]
    assert job["steps"][-1]["with"]["working-directory"] == "api"
    assert job["services"]["database"]["image"] == "postgres:14"


def test_a_package_with_its_migrations_deep_inside_is_set_up_where_it_is_packaged(project, monkeypatch):
    project.write("pyproject.toml", "[project]\nname = 'shop'\n")
    project.write("shop/db/migration/alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n")
    project.migration("a1", None, folder="shop/db/migration/alembic/versions")
    for where in ("shop/db/migration", "."):
        monkeypatch.chdir(project.root / where)
        result = project.mrt("init", "--dry-run")
        assert 'alembic_ini = "shop/db/migration/alembic.ini"' in result.out
        assert "pyproject.toml: what both halves" in result.out.replace("../", "")
    assert project.mrt("check").out == "1 migration checked: nothing found.\n"


def test_of_several_histories_deep_inside_the_one_that_is_meant_is_to_be_named(project):
    for name in ("shop", "mail"):
        project.write(f"{name}/db/migration/alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n")
        project.migration("a1", None, folder=f"{name}/db/migration/alembic/versions")
    result = project.mrt("check")
    assert (result.code, "There are 2 histories below this folder" in result.err) == (2, True)


@pytest.mark.parametrize(
    ("pyproject", "python"),
    [
        ('[project]\nrequires-python = ">=3.13"', "3.13"),
        ('[project]\nrequires-python = "==3.11.*"', "3.11"),
        ('[project]\nrequires-python = ">=3.9,<3.12"', "3.11"),
        ('[project]\nrequires-python = ">=3.14"', "3.14"),
        ('[tool.poetry.dependencies]\npython = "^3.13.2"', "3.13"),
        ('[tool.poetry.dependencies]\npython = "~3.10"', "3.10"),
        ('[project]\nrequires-python = "any"', "3.12"),
        ("", "3.12"),
    ],
)
def test_ci_runs_a_python_that_the_project_is_for(project, pyproject, python):
    project.write(".github/dependabot.yml", "")
    project.write("alembic.ini", "[alembic]\nscript_location = .\n")
    project.write("pyproject.toml", f"{pyproject}\n")
    project.migration("a1", None)
    assert project.mrt("init", "--yes").code == 0
    job = yaml.safe_load(files(project)[".github/workflows/migrations.yml"])["jobs"]["migrations"]
    assert job["steps"][1]["with"]["python-version"] == python
