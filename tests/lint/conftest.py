"""Migrations to check, and the command to check them with, in this process: a start costs more than a check."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

from mrt_lint.cli import main

HEADER = '''"""Change something"""
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {parent!r}


'''


def functions(upgrade: str, downgrade: str) -> str:
    """Write the two functions of a migration, each given by its body."""
    return (
        "\n\n\n".join(
            f"def {name}():\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}"
            for name, body in (("upgrade", upgrade), ("downgrade", downgrade))
        )
        + "\n"
    )


DROP = functions('op.drop_column("users", "phone")', 'op.add_column("users", sa.Column("phone", sa.String(20)))')
CREATE = functions('op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))', 'op.drop_table("users")')
USERS = functions(
    """
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(50)),
        sa.Column("level", sa.Integer, server_default="1", nullable=False),
    )
    op.create_index(op.f("ix_users_email"), "users", ["email"], unique=True)
    """,
    'op.drop_table("users")',
)
UPDATE = functions('op.execute("UPDATE users SET name = lower(name)")', 'op.execute("UPDATE alembic_version SET version_num = 1")')


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
    monkeypatch.setattr("mrt_lint.check.workers.sensible_jobs", lambda _: 0)  # to fork this large process costs more than a check
    return Project(tmp_path, capsys)


@pytest.fixture
def history(project):
    """Three revisions: one clean, one with an error, one with a warning."""
    project.migration("a1", None)
    project.migration("a2", "a1", DROP)
    project.migration("a3", "a2", UPDATE)
    return project


@pytest.fixture
def users(project):
    """A history that begins with a table of users."""
    project.migration("a1", None, USERS)
    return project
