"""The files of small histories that serve as examples of rules about the revision graph."""

from __future__ import annotations

from typing import Final


def revision_file(name: str, revision: str, *parents: str, tail: str = "", deserves: str = "") -> tuple[str, str]:
    """Return a migration file, its name and its source: the header, then `tail`.

    `deserves` is the code that its first line deserves; with two parents or more it is a merge.
    """
    listed = "(" + ", ".join(f'"{parent}"' for parent in parents) + ")"
    below = listed if len(parents) > 1 else f'"{parents[0]}"' if parents else None
    mark = f"  # {deserves}" if deserves else ""
    start = "from alembic import op\n\n" if "op." in tail else ""
    return name, f'{start}revision = "{revision}"{mark}\ndown_revision = {below}\n{tail}'


USERS: Final = revision_file("001_users.py", "001")
EMAILS: Final = revision_file("002_emails.py", "002", "001")
PHONES: Final = revision_file("002_phones.py", "002b", "001")
"""A second revision on the same parent as EMAILS."""
