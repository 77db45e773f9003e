"""The README's example project with what both halves write about it, made once for all tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mrt_lint.cli import main
from tests.lint.conftest import Project

EXAMPLE = Path(__file__).parents[2] / "fixtures/projects/example"


class ExampleProject(Project):
    """A copy of the example, the current directory; `mrt` runs the command in this process."""

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A folder with the example and what check and verify write about it: check.json, verify.json."""
    root = tmp_path_factory.mktemp("saved")
    shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
    (root / ".git").mkdir()
    before = Path.cwd()
    os.chdir(root)
    try:
        assert main(["check", "--format", "json", "-o", "check.json"]) == 1
        assert main(["verify", "--format", "json", "-o", "verify.json"]) == 1
    finally:
        os.chdir(before)
    return root


@pytest.fixture
def example(saved, tmp_path, monkeypatch, capsys):
    """The example with both results, the current directory."""
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)
    return ExampleProject(tmp_path, capsys)
