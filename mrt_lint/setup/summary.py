"""What `mrt init` says: what it found, and what is left to people."""

from __future__ import annotations

from collections.abc import Iterator
from os.path import relpath

from mrt_lint.report.style import counted
from mrt_lint.setup.history import HistoryLook
from mrt_lint.setup.project import ProjectSurvey
from mrt_lint.setup.toml_text import read_toml

_SHOWN_FILES = 3


def summarize(project: ProjectSurvey, look: HistoryLook) -> str:
    """Return what was found, a line for each thing."""
    rows = [
        (
            "migrations",
            f"{counted(len(look.revisions), 'revision')} in {_folders(project)}, declared in {relpath(project.configuration)}",
        ),
        ("env.py", _environment(project)),
        ("database", _database(project)),
        ("tests", _tests(project)),
        ("pre-commit", _named(project, ".pre-commit-config.yaml")),
        ("CI", ", ".join(relpath(file) for file in project.pipelines[:_SHOWN_FILES]) or "none of GitHub's or GitLab's"),
    ]
    return "Found:\n" + "\n".join(f"  {name:<11} {text}" for name, text in rows)


def remarks(project: ProjectSurvey, look: HistoryLook) -> Iterator[str]:
    """Yield what this program leaves to people."""
    if not project.dialect:
        yield 'Left to you: no file says which database it is: dialect = "postgresql" in [tool.mrt], or what else it is.'
    written = read_toml(project.root / "pyproject.toml")  # as it is by now
    floor = str(written.get("tool", {}).get("mrt", {}).get("minimum_downgrade_revision", ""))
    if look.is_old and floor:
        yield f"mrt verify runs what came after {floor}, minimum_downgrade_revision in [tool.mrt]; without it, every revision."


def acceptance(baseline: str, look: HistoryLook) -> str:
    """Return what became of the findings of an old history, once its baseline is written."""
    return (
        f"{counted(len(look.acceptable), 'finding')} of today are accepted in {baseline}: "
        "mrt check reports new ones. Read all of them at any time: mrt check --no-baseline --all."
    )


def _folders(project: ProjectSurvey) -> str:
    return ", ".join(relpath(location.folder) for location in project.locations)


def _environment(project: ProjectSurvey) -> str:
    facts = project.environment
    if facts is None:
        return "not there"
    kind = " ".join(["async" if facts.is_async else "sync", *(["Flask-Migrate"] if facts.is_flask else [])])
    asked = ", ".join(name for name, _ in facts.variables)
    return f"{relpath(facts.file)}, {kind}, {f'asks the environment for {asked}' if asked else 'asks the environment for no URL'}"


def _database(project: ProjectSurvey) -> str:
    if project.settings.target.dialect:
        return f"{project.settings.target.dialect} (dialect in [tool.mrt])"
    return f"{project.database.text} ({project.database.where})" if project.database else "no file says which"


def _tests(project: ProjectSurvey) -> str:
    file, folder = project.pytest
    test = project.has_test()
    said = f", configured in {file}" if file else ""
    return f"{relpath(folder)}/{'' if folder.is_dir() else ' (not there yet)'}{said}" + (
        f", {relpath(test)} verifies" if test else ""
    )


def _named(project: ProjectSurvey, name: str) -> str:
    path = project.repository / name
    return relpath(path) if path.is_file() else "not used"
