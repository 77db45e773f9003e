"""`mrt check --watch`: check, and again whenever a file changes."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from mrt_lint.cli.inspection import prepare
from mrt_lint.escape import printable
from mrt_lint.files.lock import LOCK_FILE
from mrt_lint.files.snapshot import difference, take
from mrt_lint.settings import find_root
from mrt_lint.suppress.baseline import BASELINE_FILE
from mrt_lint.usage import UsageError

_PAUSE: Final = 0.5
_SHARE: Final = 60
"""How many times longer than looking the pause after it is at least, so that waiting takes under two percent of a processor."""
# ECMA-48: erase the screen, and go to its first line.
_CLEAR: Final = "\x1b[2J\x1b[H"
_CONFIGURATIONS: Final = ("pyproject.toml", "alembic.ini")


class _WatchedPaths(NamedTuple):
    """Folders that are looked at with all that is below them, and single files, there or not."""

    folders: frozenset[str]
    files: frozenset[str]


def watch(options: Namespace, check: Callable[[Namespace], int]) -> NoReturn:
    """Check for ever; only Ctrl-C ends it, as KeyboardInterrupt.

    What goes wrong with a check is said, and the next change may mend it. Raises UsageError for options that cannot be watched.
    """
    if options.output:
        raise UsageError("--watch shows each result on the terminal: leave out --output.")
    changed = ""
    watched: _WatchedPaths | None = None
    while True:
        watched = _watched(options, watched)
        before = take(*watched)  # what changes from here on, while the check is running too, makes another
        _start(changed)
        try:
            check(options)
        except UsageError as error:
            sys.stderr.write(f"mrt check: {printable(str(error))}\n")
            sys.stderr.flush()
        sys.stdout.write(f"\nWatching {_count(len(before))}. Ctrl-C ends it.\n")
        sys.stdout.flush()
        changed = ""
        while not changed:
            start = time.perf_counter()
            changed = difference(before, take(*watched))
            if not changed:
                time.sleep(max(_PAUSE, _SHARE * (time.perf_counter() - start)))


def _watched(options: Namespace, last: _WatchedPaths | None) -> _WatchedPaths:
    """Find what a check would read; where that cannot be determined now, what was watched last and everything that may be meant."""
    here = Path.cwd()
    old = _WatchedPaths(frozenset(), frozenset())
    baseline = BASELINE_FILE
    given = {Path(os.path.abspath(path)) for path in options.paths}  # noqa: PTH100  resolve() would follow links
    try:
        settings, names, engine = prepare(options)
    except UsageError:
        folders = {folder for folder in given or {here} if folder.is_dir()} or {here}
        root = find_root(here)
        old = last or old
    else:
        folders = {location.folder for location in engine.locations(names)} | {path for path in given if path.is_dir()}
        given |= names.keys()
        root = settings.root
        baseline = settings.baseline or baseline
    files = {file for file in given if not file.is_dir()} | {root / LOCK_FILE, root / baseline}
    files |= {above / name for folder in {here, *folders} for above in _upward(folder) for name in _CONFIGURATIONS}
    if options.baseline:
        files.add(here / options.baseline)
    if options.diff_base:
        files |= {above / ".git" / "logs" / "HEAD" for above in (here, *here.parents)}  # grows with every commit and checkout
    return _WatchedPaths(old.folders | set(map(str, folders)), old.files | set(map(str, files)))


def _upward(folder: Path) -> Iterator[Path]:
    """Return a folder and those above it as far as a configuration is looked for."""
    for above in (folder, *folder.parents):
        yield above
        if (above / ".git").exists():
            return


def _start(changed: str) -> None:
    """Make room for a result, and say what made it necessary."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        sys.stdout.write(_CLEAR)
    if changed:
        sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {printable(changed)}\n\n")


def _count(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"
