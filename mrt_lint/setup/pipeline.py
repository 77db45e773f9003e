"""The step of CI: a workflow of its own for GitHub Actions, a job more for GitLab."""

from __future__ import annotations

import re
import textwrap
from typing import Final, NamedTuple

from mrt_lint import __version__
from mrt_lint.check.engine import shown
from mrt_lint.setup.change import FileChange, FileText
from mrt_lint.setup.project import ProjectSurvey
from mrt_lint.setup.yaml_text import keys, with_key, words
from mrt_lint.usage import UsageError

_EXTRAS: Final = {"postgresql": "[postgres]", "mysql": "[mysql]", "mariadb": "[mysql]"}
_PYTHONS: Final = ("3.12", "3.13", "3.11", "3.10", "3.14")
"""The first of these that the project is for is taken."""
_STAGES: Final = ("migrations", "test", "tests", "testing", "check", "lint", "quality", "verify")

_WORKFLOW: Final = """\
name: Migrations

on:
  pull_request:

permissions:
  contents: read

jobs:
  migrations:
    runs-on: ubuntu-latest
{defaults}{services}    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0  # what is new is found in git's history
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
{installation}{check}"""
_ACTION: Final = f"""\
      - uses: pytest-mrt/pytest-mrt@v{__version__}  # marks beside the lines, a summary, a page
"""
# in an environment of a package manager's own, which the action does not know
_COMMANDS: Final = """\
      - name: Read the migrations that are new
        run: {mrt} check --format github --diff-base "origin/$GITHUB_BASE_REF"
      - name: Roll them back on a scratch database
        run: {mrt} verify --diff-base "origin/$GITHUB_BASE_REF"
"""


class DatabaseService(NamedTuple):
    """A database server beside a job: no password, for it is gone with the job."""

    image: str
    variables: tuple[tuple[str, str], ...]
    url: str
    health: str
    port: int


class Installation(NamedTuple):
    """How a project and pytest-mrt are installed, and what commands begin with then."""

    lines: tuple[str, ...]
    prefix: str = ""


def propose_pipeline(project: ProjectSurvey) -> FileChange | None:
    """Return what CI is to do more; None if it calls mrt already, or there is no CI that is known.

    Raises UsageError if .gitlab-ci.yml cannot be extended for sure.
    """
    if project.checking_pipeline:
        return None
    gitlab = project.repository / ".gitlab-ci.yml"
    if gitlab.is_file():
        return _gitlab(project, FileText(gitlab))
    path = project.repository / ".github" / "workflows" / "migrations.yml"
    if not (project.repository / ".github").is_dir() or path.exists():
        return None
    return FileChange(path, None, _workflow(project).encode(), "mrt check and mrt verify of what is new in a pull request")


def _workflow(project: ProjectSurvey) -> str:
    service, installed = _service(project), _installation(project, has_action=True)
    folder = project.root.relative_to(project.repository).as_posix()
    return _WORKFLOW.format(
        defaults=f"    defaults:\n      run:\n        working-directory: {folder}\n" if folder != "." else "",
        services=textwrap.indent(_github_service(service), "    ") if service else "",
        python=_python(project),
        installation="".join(f"      - run: {line}\n" for line in installed.lines),
        check=_commands(project, service, installed.prefix) if installed.prefix else _action(project, service, folder),
    )


def _commands(project: ProjectSurvey, service: DatabaseService | None, prefix: str) -> str:
    environment = f"        env:\n          {project.url_variable}: {service.url}\n" if service else ""
    return _COMMANDS.format(mrt=f"{prefix}mrt") + environment


def _action(project: ProjectSurvey, service: DatabaseService | None, folder: str) -> str:
    """Return the step that calls this project's action; it installs pytest-mrt where the application is."""
    inputs = {
        "working-directory": folder if folder != "." else "",
        "extras": _EXTRAS.get(project.dialect, "").strip("[]"),
        "db-url": service.url if service else "",
    }
    given = "".join(f"          {name}: {value}\n" for name, value in inputs.items() if value)
    return _ACTION + (f"        with:\n{given}" if given else "")


def _gitlab(project: ProjectSurvey, file: FileText) -> FileChange:
    service, installed = _service(project), _installation(project)
    stages = words(file.text, "stages")
    stage = next((stage for stage in _STAGES if stage in stages), stages[0] if stages else "")
    name = "migrations" if "migrations" not in keys(file.text) else "mrt-migrations"
    folder = project.root.relative_to(project.repository).as_posix()
    since = '--diff-base "$CI_MERGE_REQUEST_DIFF_BASE_SHA"'
    variables = {"GIT_DEPTH": '"0"  # what is new is found in git\'s history'}
    if service:
        host = service.image.partition(":")[0]
        variables |= {**dict(service.variables), project.url_variable: service.url.replace("127.0.0.1", host)}
    commands = [*([f"cd {folder}"] if folder != "." else []), *installed.lines]
    commands += [f"{installed.prefix}mrt {command} {since}" for command in ("check", "verify")]
    block = "".join(
        [
            f"{name}:\n",
            f"  stage: {stage}\n" if stage else "",
            f'  image: "python:{_python(project)}"\n',
            f"  services:\n    - {service.image}\n" if service else "",
            "  variables:\n" + "".join(f"    {key}: {value}\n" for key, value in variables.items()),
            "  rules:\n    - if: $CI_MERGE_REQUEST_DIFF_BASE_SHA\n",
            "  script:\n" + "".join(f"    - {command}\n" for command in commands),
        ]
    )
    text = with_key(file.text, block)
    if text is None:
        raise UsageError(f"{shown(file.path)} is written in a way that cannot be extended for sure: add this job by hand\n{block}")
    return file.changed(text, "mrt check and mrt verify of what is new in a merge request")


def _service(project: ProjectSurvey) -> DatabaseService | None:
    """Return the server for the project's dialect, of its version where that was found."""
    found = project.database
    version = found.version if found and found.dialect == project.dialect else ""
    if project.dialect == "postgresql":
        url = "postgresql://postgres@127.0.0.1:5432/postgres"
        return DatabaseService(f"postgres:{version or 17}", (("POSTGRES_HOST_AUTH_METHOD", "trust"),), url, "pg_isready", 5432)
    if project.dialect == "mysql":
        variables = (("MYSQL_ALLOW_EMPTY_PASSWORD", '"yes"'), ("MYSQL_DATABASE", "test"))
        return DatabaseService(f"mysql:{version or '8.4'}", variables, "mysql://root@127.0.0.1:3306/test", "mysqladmin ping", 3306)
    if project.dialect == "mariadb":
        variables = (("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", '"yes"'), ("MARIADB_DATABASE", "test"))
        check = "healthcheck.sh --connect"
        return DatabaseService(f"mariadb:{version or 11}", variables, "mariadb://root@127.0.0.1:3306/test", check, 3306)
    return None


def _github_service(service: DatabaseService) -> str:
    variables = "".join(f"      {name}: {value}\n" for name, value in service.variables)
    options = f'--health-cmd "{service.health}" --health-interval 5s --health-timeout 5s --health-retries 10'
    ports = f'["{service.port}:{service.port}"]'
    return f"services:\n  database:\n    image: {service.image}\n    env:\n{variables}    options: {options}\n    ports: {ports}\n"


def _installation(project: ProjectSurvey, *, has_action: bool = False) -> Installation:
    """Return how the project is installed, by the files that package managers keep, and pytest-mrt unless the action does that."""
    name = f'"pytest-mrt{_EXTRAS[project.dialect]}"' if project.dialect in _EXTRAS else "pytest-mrt"
    beside = "" if has_action else f" {name}"
    files = ("uv.lock", "poetry.lock", "Pipfile.lock", "requirements.txt", "setup.py")
    has = {file: (project.root / file).is_file() for file in files}
    has["uv.lock"] |= (project.repository / "uv.lock").is_file()  # a workspace has one for all
    if has["uv.lock"]:
        return Installation(("pip install uv", "uv sync", f"uv pip install {name}"), "uv run --no-sync ")
    if has["poetry.lock"]:
        return Installation(("pip install poetry", "poetry install", f"poetry run pip install {name}"), "poetry run ")
    if has["Pipfile.lock"]:
        return Installation(("pip install pipenv", "pipenv sync --dev", f"pipenv run pip install {name}"), "pipenv run ")
    if has["requirements.txt"]:
        own = " -e ." if has["setup.py"] or "project" in project.pyproject else ""  # what env.py imports may be in src/
        return Installation((f"pip install -r requirements.txt{own}{beside}",))
    if has["setup.py"] or "project" in project.pyproject:
        return Installation((f"pip install .{beside}",))
    return Installation((f"pip install{beside}",) if beside else ())


def _python(project: ProjectSurvey) -> str:
    """Return the Python to run on: the one that the project pins, else one that it is for."""
    pinned = project.root / ".python-version"
    version = pinned.read_text(encoding="utf-8").strip() if pinned.is_file() else ""
    if version[:2] == "3.":
        return ".".join(version.split(".")[:2])
    poetry = project.pyproject.get("tool", {}).get("poetry", {}).get("dependencies", {}).get("python", "")
    wanted = str(project.pyproject.get("project", {}).get("requires-python", poetry))
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415  most commands set nothing up

    try:
        # Poetry's own spellings
        admitted = SpecifierSet(re.sub(r"~(\d+\.\d+)(?!\.)", r"~=\1.0", re.sub(r"\^(?=\d)", ">=", wanted)))
    except InvalidSpecifier:
        return _PYTHONS[0]
    # a version's own patches are newer than the oldest that may be asked for
    return next((minor for minor in _PYTHONS if admitted.contains(f"{minor}.99")), _PYTHONS[0])
