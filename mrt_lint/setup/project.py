"""What a project has: its migrations, its database, its tests, its CI."""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mrt_lint.files.discovery import VersionLocation, discover, may_hold
from mrt_lint.files.env_py import env_of
from mrt_lint.settings import Settings, load_settings
from mrt_lint.setup.database import PIPELINES, DatabaseEvidence, find_database
from mrt_lint.setup.environment import EnvironmentFacts, read_environment
from mrt_lint.setup.file_text import text_of
from mrt_lint.setup.toml_text import read_toml
from mrt_lint.usage import UsageError

_PYTEST: Final = (("pytest.ini", "pytest"), (".pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))
_PACKAGED: Final = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile")
_DEPTH: Final = 2
"""So deep in a project packages are looked for that hold its tests: src/shop/tests."""
_TEST_VARIABLE: Final = re.compile(r"\b(?=\w*TEST)(?=\w*(?:DATABASE|DB|SQL|POSTGRES))[A-Z][A-Z0-9_]*_(?:URL|URI|DSN)\b")
_USES_MRT: Final = re.compile(r"\bmrt (?:check|verify)\b|\bpytest\b.*--mrt\b|\bpytest-mrt\b|\bmrt-check\b")


@dataclass(frozen=True)
class ProjectSurvey:
    """A project with migrations. root: where its configuration is; configuration: what declares the migrations."""

    root: Path
    settings: Settings
    configuration: Path
    locations: tuple[VersionLocation, ...]
    environment: EnvironmentFacts | None
    database: DatabaseEvidence | None

    @property
    def dialect(self) -> str:
        """What the migrations run on: as it is configured, or as it was found; empty if nothing says."""
        return self.settings.target.dialect or (self.database.dialect if self.database else "")

    @cached_property
    def repository(self) -> Path:
        """The folder of the git repository, where CI and pre-commit have their files; the project's own without one."""
        return repository_of(self.root)

    @cached_property
    def pyproject(self) -> dict[str, Any]:
        """What pyproject.toml says."""
        return read_toml(self.root / "pyproject.toml")

    @cached_property
    def pytest(self) -> tuple[str, Path]:
        """The file that configures pytest, empty if there is none, and the folder of the tests."""
        name, folders = self._pytest_paths()
        known = [self.root / folder for folder in (*folders, "tests", "test") if (self.root / folder).is_dir()]
        if not known and not folders:
            known = [only] if (only := _only_tests(self.root)) else []
        return name, known[0] if known else self.root / next(iter(folders), "tests")

    def _pytest_paths(self) -> tuple[str, list[str]]:
        options = self.pyproject.get("tool", {}).get("pytest", {})
        options = options.get("ini_options", options)
        if options:
            paths = options.get("testpaths", [])
            return "pyproject.toml", paths.split() if isinstance(paths, str) else list(paths)
        for name, section in _PYTEST:
            parser = configparser.RawConfigParser(strict=False)
            try:
                parser.read(self.root / name, encoding="utf-8")
            except (configparser.Error, UnicodeDecodeError):
                continue
            if parser.has_section(section):
                return name, parser.get(section, "testpaths", fallback="").split()
        return "", []

    @cached_property
    def conftests(self) -> list[Path]:
        """The files of fixtures at the root and beside the tests."""
        return [file for file in (self.root / "conftest.py", self.pytest[1] / "conftest.py") if file.is_file()]

    @cached_property
    def is_configured_by_conftest(self) -> bool:
        """Whether a conftest.py sets an MRTConfig, which then takes precedence."""
        return any("_mrt_config" in text_of(file) for file in self.conftests)

    @cached_property
    def pipelines(self) -> list[Path]:
        """The files of GitHub Actions and GitLab."""
        return [file for pattern in PIPELINES for file in sorted(self.repository.glob(pattern)) if file.is_file()]

    @cached_property
    def checking_pipeline(self) -> Path | None:
        """The one that calls mrt already."""
        return next((file for file in self.pipelines if _USES_MRT.search(text_of(file))), None)

    @property
    def url_variable(self) -> str:
        """The environment variable that names the test database, as tests or CI have it; else pytest-mrt's own."""
        files = (*self.conftests, *self.pipelines, self.root / ".env.example", self.root / "tox.ini")
        return next((found[0] for file in files if (found := _TEST_VARIABLE.search(text_of(file)))), "MRT_DATABASE_URL")

    def has_test(self) -> Path | None:
        """Return a test that uses the `mrt` fixture."""
        files = sorted(self.pytest[1].rglob("test_*.py")) if self.pytest[1].is_dir() else []
        return next((file for file in files if re.search(r"def test\w*\([^)]*\bmrt\b", text_of(file))), None)


def _only_tests(root: Path) -> Path | None:
    """Return the folder of pytest's tests inside of a project's packages; None where there is none, or there are several."""
    found: list[Path] = []
    for above, folders, _ in os.walk(root):
        here = Path(above)
        tests = [name for name in folders if name in {"tests", "test"} and any((here / name).rglob("test_*.py"))]
        found += [here / name for name in tests]
        is_deep = len(here.relative_to(root).parts) >= _DEPTH
        folders[:] = [name for name in folders if not is_deep and name not in tests and may_hold(above, name)]
    return found[0] if len(found) == 1 else None


def repository_of(folder: Path) -> Path:
    """Return the folder of the git repository that a folder is in; itself if it is in none."""
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)


def find_project(here: Path) -> Path:
    """Return the folder below where the migrations are, if it has a pyproject.toml of its own; else the folder itself.

    Raises UsageError if a configuration cannot be read, or several below could be meant.
    """
    _, configuration = discover(here)
    if configuration is None or here not in configuration.parents:
        return here
    between = [folder for folder in configuration.parents if here in folder.parents]
    return next((folder for folder in between if (folder / "pyproject.toml").is_file()), here)


def survey(here: Path) -> ProjectSurvey:
    """Look at the project that a folder is in, or that is in it. Raises UsageError without migrations, or if a file is broken."""
    here = find_project(here)
    settings = load_settings(here)
    histories, configuration = discover(here)
    if configuration is None:
        raise UsageError(
            "There is no alembic.ini and no [tool.alembic] in this folder, above it in its repository or below: "
            "run it in the folder of a project with migrations (alembic init migrations begins them)."
        )
    root = settings.root if settings != Settings(root=settings.root) else _root(here, configuration)
    locations = tuple(dict.fromkeys(location for history in histories for location in history))
    env = next((env for location in locations if (env := env_of(location.folder))), None)
    environment = read_environment(env, _application(env, configuration, root)) if env else None
    database = find_database((root, configuration.parent, repository_of(root)), configuration, environment)
    return ProjectSurvey(root, settings, configuration, locations, environment, database)


def _root(here: Path, configuration: Path) -> Path:
    """Return the folder of the project: the nearest above that is packaged, else the one that its migrations are started in.

    A repository of several services has neither at its root.
    """
    repository = repository_of(here)
    above = [folder for folder in (here, *here.parents) if repository in (folder, *folder.parents)]
    packaged = next((folder for folder in above if any((folder / mark).is_file() for mark in _PACKAGED)), None)
    if packaged is not None:
        return packaged
    inside = configuration.parent.parent if (configuration.parent / "env.py").is_file() else configuration.parent
    return here if here in configuration.parents and here != configuration.parent else inside


def _application(env: Path, configuration: Path, root: Path) -> Path:
    """Return the folder that env.py imports from: the configuration's, above it where that is the folder of the migrations."""
    folder = configuration.parent.parent if configuration.parent == env.parent else configuration.parent
    return folder if root in (folder, *folder.parents) else root
