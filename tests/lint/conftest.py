"""Migrations to check, and the command to check them with, in this process: a start costs more than a check."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from mrt_lint.cli import main

HEADER = '"""Change something"""\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{revision}"\ndown_revision = {parent!r}\n\n\n'
DROP = 'def upgrade():\n    op.drop_column("users", "phone")\n\n\ndef downgrade():\n    op.add_column("users", sa.Column("phone", sa.String(20)))\n'
CREATE = 'def upgrade():\n    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))\n\n\ndef downgrade():\n    op.drop_table("users")\n'
UPDATE = 'def upgrade():\n    op.execute("UPDATE users SET name = lower(name)")\n\n\ndef downgrade():\n    op.execute("UPDATE orders SET paid = 1")\n'


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Project:
    """A folder with migrations in `versions/`; the current directory."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def migration(self, revision: str, parent: str | tuple[str, ...] | None, body: str = CREATE, folder: str = "versions") -> Path:
        return self.write(f"{folder}/{revision}.py", HEADER.format(revision=revision, parent=parent) + body)

    def mrt(self, *arguments: str) -> Result:
        try:
            code = main(arguments)
        except SystemExit as end:  # argparse leaves this way
            code = end.code
        return Result(code, *self._capsys.readouterr())


@pytest.fixture
def project(tmp_path, monkeypatch, capsys):
    """An empty project, cut off from whatever configuration lies above it."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return Project(tmp_path, capsys)


@pytest.fixture
def history(project):
    """Three revisions: one clean, one with an error, one with a warning."""
    project.migration("a1", None)
    project.migration("a2", "a1", DROP)
    project.migration("a3", "a2", UPDATE)
    return project
