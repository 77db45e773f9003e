"""Where a finding is, for a service that knows the repository and not the folder in which `mrt` was run."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

HOME: Final = "https://github.com/pytest-mrt/pytest-mrt"


def page_of(code: str) -> str:
    """Return the address of a rule's page."""
    return f"{HOME}/blob/main/docs/rules/{code}.md"


def in_repository(path: str) -> str:
    """Return a shown path from the root of its repository, with slashes; from the current folder where there is no repository."""
    absolute = Path.cwd() / path
    for root in (_root(absolute.parent), Path.cwd()):
        if root and root in absolute.parents:
            return absolute.relative_to(root).as_posix()
    return absolute.as_posix()


@cache
def _root(folder: Path) -> Path | None:
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)
