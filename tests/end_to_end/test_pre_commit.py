"""The hook through real pre-commit, on a git repository of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lint.conftest import CREATE, DROP, HEADER

ROOT = Path(__file__).parent.parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")]


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.run("git", "init", "-q", "-b", "main")

    def run(self, *command: str, **more) -> subprocess.CompletedProcess[str]:
        identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        places = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PRE_COMMIT_HOME": str(self.root.parent / "cache"),
        }
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        return subprocess.run(
            command,
            cwd=self.root,
            env=clean | identity | places,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            **more,
        )

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self) -> subprocess.CompletedProcess[str]:
        self.run("git", "add", "-A")
        return self.run("git", "commit", "-q", "-m", "Change")


def migration(revision: str, parent: str | None, body: str) -> str:
    return HEADER.format(revision=revision, parent=parent) + body


def a_history(repository: Repository, configuration: str) -> None:
    repository.write(".pre-commit-config.yaml", configuration)
    repository.write("db/versions/a1.py", migration("a1", None, CREATE))
    repository.write("db/versions/a2.py", migration("a2", "a1", DROP))
    repository.run("git", "add", "-A")
    repository.run("git", "commit", "-q", "--no-verify", "-m", "Start")
    installed = repository.run("pre-commit", "install")
    assert installed.returncode == 0, installed.stderr


HOOK = """\
repos:
  - repo: local
    hooks:
      - id: mrt-check
        name: mrt check
        entry: mrt check
        language: system
        types: [python]
        files: (^|/)versions/.*\\.py$
        require_serial: true
"""


def test_a_commit_is_stopped_by_what_it_changes_in_the_light_of_the_whole_history(tmp_path):
    repository = Repository(tmp_path / "app")
    a_history(repository, HOOK)
    repository.write("model.py", "x = 1\n")
    repository.write("db/versions/__init__.py", "")
    assert repository.commit().returncode == 0
    repository.write("db/versions/b2.py", migration("b2", "a1", CREATE.replace("users", "orders")))
    stopped = repository.commit()
    assert stopped.returncode == 1
    assert "db/versions/b2.py:5:1  MRT901 multiple-heads" in stopped.stdout + stopped.stderr
    assert "MRT201" not in stopped.stdout + stopped.stderr
    repository.write("db/versions/b2.py", migration("b2", "a2", CREATE.replace("users", "orders")))
    assert repository.commit().returncode == 0


@pytest.mark.skipif(not os.environ.get("CI"), reason="installs the project with pip, which takes a minute: set CI=true")
def test_the_hook_of_this_project_installs_itself(tmp_path):
    """pre-commit clones the hook's repository and installs it with pip, as it does for everybody."""
    hooks = Repository(tmp_path / "hooks")
    for name in ("pyproject.toml", "README.md", "LICENSE", "pytest_mrt.py", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, hooks.root / name)
    for package in ("mrt_lint", "mrt_runtime"):
        shutil.copytree(ROOT / package, hooks.root / package, ignore=shutil.ignore_patterns("__pycache__"))
    hooks.run("git", "add", "-A")
    assert hooks.run("git", "commit", "-q", "-m", "Hooks").returncode == 0
    revision = hooks.run("git", "rev-parse", "HEAD").stdout.strip()
    repository = Repository(tmp_path / "app")
    a_history(
        repository,
        f"repos:\n  - repo: {hooks.root}\n    rev: {revision}\n    hooks:\n      - id: mrt-check\n        args: [--strict]\n",
    )
    repository.write("db/versions/a3.py", migration("a3", "a2", DROP.replace("phone", "fax")))
    stopped = repository.commit()
    assert stopped.returncode == 1
    assert "db/versions/a3.py:10:5  MRT201 drop-column" in stopped.stdout + stopped.stderr
    assert "a2.py" not in stopped.stdout + stopped.stderr
