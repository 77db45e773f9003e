"""Fixing one migration of a history that begins with a table of users."""

from __future__ import annotations

import re

from tests.lint.conftest import functions

ADD = functions('op.add_column("users", sa.Column("a", sa.Text))', "pass")
"""Two functions, of which the second can be fixed."""


def fix(project, body: str, *arguments: str, revision: str = "a2") -> str:
    """Fix a migration after the first and give its functions."""
    path = project.migration(revision, "a1", body)
    header = path.read_text().removesuffix(body)
    project.mrt("check", "versions", "--fix", *arguments)
    text = path.read_text()
    compile(text, str(path), "exec")
    return text.removeprefix(header)


def downgrade(project, upgrade: str, *arguments: str) -> str:
    """Give the body that is written for an empty downgrade(), whatever else could be fixed."""
    text = fix(project, functions(upgrade, "pass"), *arguments, "--ignore", "MRT4")
    return text.partition("def downgrade():\n")[2].strip()


def joined(body: str) -> str:
    """Write calls that run over several lines on one."""
    return re.sub(r",\n\s+(?=\S)", ", ", re.sub(r",\n\s+\)", ")", re.sub(r"\(\n\s+", "(", body)))
