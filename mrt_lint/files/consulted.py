"""The other files that a reading depends on: modules and SQL files of the project that a migration imports and reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from mrt_lint.cache.store import digest

MAX_BYTES: Final = 200_000
"""Bytes of a module that is read."""


def read_module(path: str) -> bytes | None:
    """Read a module; None where there is no such file, or it is too long to be read."""
    file = Path(path)
    try:
        return file.read_bytes() if file.is_file() and file.stat().st_size <= MAX_BYTES else None
    except OSError:
        return None


def digest_of(content: bytes | None) -> str:
    """Return what is kept of a module's content; nothing of one that is not there."""
    return "" if content is None else digest(content)


def is_current(consulted: Iterable[Sequence[str]]) -> bool:
    """Return whether every file is as it was when it was read."""
    return all(digest_of(read_module(path)) == known for path, known in consulted)
