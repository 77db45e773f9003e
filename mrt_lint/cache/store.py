"""Results of earlier runs, stored by content beside the project: never trusted, never unpickled, and optional.

An entry is one file: a line with a digest of the rest and of its key, then one text. An entry that is
damaged, foreign, or of another version is ignored, and replaced. A folder that cannot be written is not used.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import Final

from mrt_lint import __version__

FOLDER: Final = ".mrt_cache"
_MAX_ENTRIES: Final = 64
_TAG: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by mrt; safe to delete.\n"
"""What backup programs look for (bford.info/cachedir)."""


def digest(*parts: str | bytes) -> str:
    """Make one short name of several parts; no two lists of parts share one."""
    state = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        # the lengths part ("ab", "c") from ("a", "bc")
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


def fingerprint() -> str:
    """Return a digest of everything besides the input that a result depends on: Python, this tool's code, its parsers."""
    import sys  # noqa: PLC0415  only with a cache
    from importlib.util import find_spec  # noqa: PLC0415  only with a cache

    parts = [__version__, str(sys.implementation.cache_tag), str(sys.version_info)]
    folders = [os.path.dirname(os.path.dirname(__file__))]  # noqa: PTH120  pathlib doubles the cost of a start
    # the list grows while it is walked
    for folder in folders:
        for file in os.scandir(folder):
            if file.is_dir() and file.name != "__pycache__":
                folders.append(file.path)
            elif file.name.endswith(".py"):
                # times and sizes in place of contents: reading 300 files would cost more than the cache saves
                stat = file.stat()
                parts.append(f"{file.name} {stat.st_size} {stat.st_mtime_ns}")
    for name in ("libcst", "sqlglot"):
        spec = find_spec(name)
        origin = spec.origin if spec else None
        installed = os.path.dirname(os.path.dirname(origin)) if origin else ""  # noqa: PTH120  see above; packages add operations
        times = [os.stat(path).st_mtime_ns for path in (origin, installed) if path]  # noqa: PTH116  see above
        parts.append(f"{origin} {times}")
    return digest(*sorted(parts))


class DiskCache:
    """The entries in one folder; `DiskCache(None)` stores nothing."""

    def __init__(self, root: Path | None) -> None:
        self._folder = root / FOLDER if root else None
        self.fingerprint = fingerprint() if root else ""

    def __bool__(self) -> bool:
        return self._folder is not None

    def get(self, entry: str, key: str) -> str | None:
        """Return the text of an entry, None if there is none, or it has another key, or is damaged."""
        if self._folder is None:
            return None
        try:
            signature, _, text = (self._folder / entry).read_text(encoding="ascii").partition("\n")
        except (OSError, ValueError):
            return None
        return text if signature == self._signature(key, text) else None

    def put(self, entry: str, key: str, text: str) -> None:
        """Store an entry, atomically; do nothing if that is impossible."""
        if self._folder is None:
            return
        # renamed when it is whole: another run reads the old entry or the new one, never half of one
        scratch = self._folder / f"{entry}.{os.getpid()}.new"
        try:
            self._make_folder(self._folder)
            scratch.write_text(f"{self._signature(key, text)}\n{text}", encoding="ascii", newline="\n")
            scratch.replace(self._folder / entry)
            self._tidy(self._folder)
        except (OSError, ValueError):
            self._discard(scratch)

    def _signature(self, key: str, text: str) -> str:
        return f"mrt {digest(self.fingerprint, key, text)}"

    @staticmethod
    def _make_folder(folder: Path) -> None:
        """Make it with what keeps it out of version control and of backups."""
        if folder.is_dir():
            return
        folder.mkdir()
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
        (folder / "CACHEDIR.TAG").write_text(_TAG, encoding="ascii")

    @classmethod
    def _tidy(cls, folder: Path) -> None:
        """Delete the oldest entries."""
        entries = [file for file in os.scandir(folder) if file.name[0] != "." and file.name != "CACHEDIR.TAG"]
        if len(entries) > _MAX_ENTRIES:
            entries.sort(key=lambda file: file.stat().st_mtime)
            for file in entries[: len(entries) - _MAX_ENTRIES]:
                cls._discard(Path(file.path))

    @staticmethod
    def _discard(path: Path) -> None:
        try:
            path.unlink()
        except OSError:
            return
