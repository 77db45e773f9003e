"""What files look like from outside, and what has become of them since: cheap enough to be asked twice a second."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from stat import S_ISREG
from typing import Final, TypeAlias

from mrt_lint.files.discovery import is_candidate, may_hold

Stamp: TypeAlias = tuple[int, int, int]
Snapshot: TypeAlias = dict[str, Stamp]
"""By path: when it was written, how long it is, and which file it is, for one that was moved into its place."""

_MOST_NAMED: Final = 3


def take(folders: Iterable[str], files: Iterable[str]) -> Snapshot:
    """Look at every Python file at any depth of some folders, and at some other files; one that is not there is left out."""
    found = {file: stamp(file) for file in files}
    waiting = list(folders)
    while waiting:
        folder = waiting.pop()
        for entry in _entries(folder):
            if is_candidate(entry.name):
                found[entry.path] = stamp(entry)
            elif _is_folder(entry) and may_hold(folder, entry.name):
                waiting.append(entry.path)
    return {path: stamp for path, stamp in found.items() if stamp is not None}


def difference(before: Snapshot, after: Snapshot) -> str:
    """Describe what has changed, in one line; empty if nothing has."""
    changes = [f"{_shown(path)} changed" for path in after if path in before and after[path] != before[path]]
    changes += [f"{_shown(path)} added" for path in after if path not in before]
    changes += [f"{_shown(path)} deleted" for path in before if path not in after]
    rest = len(changes) - _MOST_NAMED
    return ", ".join(sorted(changes)[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def stamp(file: str | os.DirEntry[str]) -> Stamp | None:
    """Return what distinguishes two states of a file, None if it does not exist or is no file."""
    try:
        stat = os.stat(file) if isinstance(file, str) else file.stat()  # noqa: PTH116  pathlib doubles the cost
    except OSError:
        return None
    if not S_ISREG(stat.st_mode):
        return None
    # an editor that writes a new file and renames it may keep size and, on coarse clocks, time
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
