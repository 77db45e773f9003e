"""What `mrt init` writes into pyproject.toml, and the baseline and the test beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mrt_lint import __version__
from mrt_lint.check.engine import shown
from mrt_lint.setup.change import FileChange, FileText
from mrt_lint.setup.history import HistoryLook
from mrt_lint.setup.project import ProjectSurvey
from mrt_lint.setup.toml_text import TomlEntry, with_entries
from mrt_lint.setup.yaml_text import with_item
from mrt_lint.suppress.baseline import BASELINE_FILE, dumps
from mrt_lint.usage import UsageError

_VERSION_KEYS: Final = {"postgresql": "pg_version", "mysql": "mysql_version", "mariadb": "mariadb_version"}
_FIRST_TEST: Final = '''"""Every migration can be rolled back, and the data survives it."""


def test_all_migrations_are_reversible(mrt):
    mrt.assert_all_reversible()
'''
_HOOK: Final = f"""\
- repo: https://github.com/pytest-mrt/pytest-mrt
  rev: v{__version__}
  hooks:
    - id: mrt-check
"""


def propose_settings(project: ProjectSurvey, look: HistoryLook) -> FileChange | None:
    """Return what `[tool.mrt]` is to say beside what it says; None if that is nothing.

    Raises UsageError if it cannot be added without a change of something else.
    """
    path = project.root / "pyproject.toml"
    known = project.pyproject.get("tool", {}).get("mrt", {})
    named = {key.replace("-", "_"): value for key, value in known.items()}
    entries = [
        entry
        for entry in (*_for_both(project, look), *_for_verify(project))
        if entry.key not in (named.get(entry.table, {}) if entry.table else named)
    ]
    if not entries:
        return None
    file = FileText(path)
    text = with_entries(file.text, entries)
    if text is None:
        lines = "".join(f"\n    {entry.key} = {entry.value!r}" for entry in entries)
        raise UsageError(f"{shown(path)} cannot be extended without a change of what is there: add to [tool.mrt] by hand{lines}")
    return file.changed(text, "what both halves of pytest-mrt are to know")


def _for_both(project: ProjectSurvey, look: HistoryLook) -> Iterator[TomlEntry]:
    """Yield what was found about the database, and since when findings count."""
    found = project.database
    if project.dialect:
        yield TomlEntry("dialect", project.dialect, f"from {found.where}" if found else "")
    version_key = _VERSION_KEYS.get(project.dialect)
    if found and found.version and version_key and not project.settings.target.dialect:
        yield TomlEntry(version_key, found.version, "the oldest that they run on")
    baseline = project.settings.baseline or (BASELINE_FILE if look.is_old or (project.root / BASELINE_FILE).exists() else "")
    if baseline:
        yield TomlEntry("baseline", baseline, "accepted findings: mrt check reports others")
    if look.is_old and not (project.root / baseline).exists():
        yield TomlEntry("lock_warnings", "since-baseline", "old revisions are deployed already")
        if look.floor and not project.is_configured_by_conftest:
            yield TomlEntry("minimum_downgrade_revision", look.floor, "later ones are verified; without it, all are")


def _for_verify(project: ProjectSurvey) -> Iterator[TomlEntry]:
    """Yield what a verification needs, unless a conftest.py says it."""
    if project.is_configured_by_conftest:
        return
    if project.configuration != project.root / "alembic.ini" and project.configuration.suffix == ".ini":
        yield TomlEntry("alembic_ini", project.configuration.relative_to(project.root).as_posix())
    is_embedded = project.dialect in {"", "sqlite", "postgresql"}
    otherwise = "where it is not set, an embedded database" if is_embedded else f"{project.dialect}://user@host/any_test_database"
    yield TomlEntry("db_url", f"${{{project.url_variable}}}", f"a test server's; {otherwise}")
    if project.environment:
        for name, value in project.environment.variables:
            yield TomlEntry(name, value, f"{project.environment.file.name} asks for it", table="env")


def propose_baseline(project: ProjectSurvey, look: HistoryLook) -> FileChange | None:
    """Return a baseline of an old history that has none."""
    path = project.root / (project.settings.baseline or BASELINE_FILE)
    if not look.is_old or path.exists():
        return None
    content = dumps(look.acceptable, look.revisions)
    return FileChange(
        path, None, content.encode(), f"the {len(look.acceptable)} findings of today, so that only new ones are reported"
    )


def propose_test(project: ProjectSurvey) -> FileChange | None:
    """Return a first test, unless one uses the fixture."""
    if project.has_test():
        return None
    names = ("test_migrations.py", "test_migration_rollbacks.py")
    path = next((path for name in names if not (path := project.pytest[1] / name).exists()), None)
    return FileChange(path, None, _FIRST_TEST.encode(), "a test that every revision can be rolled back") if path else None


def propose_hook(project: ProjectSurvey) -> FileChange | None:
    """Return the entry for pre-commit, if the project uses it. Raises UsageError if its file cannot be extended for sure."""
    path = project.repository / ".pre-commit-config.yaml"
    if not path.is_file():
        return None
    file = FileText(path)
    if "mrt-check" in file.text or "mrt check" in file.text:
        return None
    item = _HOOK
    if project.root != project.repository:
        folder = project.root.relative_to(project.repository).as_posix()
        item += f"      entry: sh -c 'cd {folder} && exec mrt check'\n      pass_filenames: false\n"
    elif any(location.folder.name != "versions" for location in project.locations):
        folders = "|".join(location.folder.relative_to(project.repository).as_posix() for location in project.locations)
        item += f"      files: ^({folders})/.*\\.py$\n"
    text = with_item(file.text, "repos", item)
    if text is None:
        raise UsageError(f"{shown(path)} is written in a way that cannot be extended for sure: add to its repos by hand\n{item}")
    return file.changed(text, "mrt check before a commit that touches a migration")
