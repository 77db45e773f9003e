"""`mrt lock`: write down what every revision is, so that `mrt check` notices when one is changed."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine, read_file
from mrt_lint.cli.files import find
from mrt_lint.cli.output import write
from mrt_lint.files.lock import LOCK_FILE, LockEntry, dumps, entry_of, loads
from mrt_lint.report.style import counted
from mrt_lint.settings import Settings, load_settings
from mrt_lint.usage import UsageError


def run(options: Namespace) -> int:
    """Lock what there is, and say what differs from what was locked before."""
    settings = load_settings(Path.cwd())
    histories = CheckEngine(settings, cache=DiskCache(None)).histories(find(options.paths, settings, options.command))
    entries = [entry_of(source, settings.from_root(path)) for sources in histories for path, source in sources.items()]
    locked = [entry for entry in entries if entry]
    before = _before(settings)
    options.output = str(settings.root / LOCK_FILE)
    write(dumps(locked), options)
    sys.stdout.write(f"{LOCK_FILE} locks {counted(len(locked), 'revision')}{_difference(before, locked)}.\n")
    if len(locked) < len(entries):
        sys.stdout.write(f"{len(entries) - len(locked)} left out: what they assign to revision is no plain string.\n")
    return 0


def _before(settings: Settings) -> tuple[LockEntry, ...]:
    """Return what is locked already; a damaged file is replaced."""
    file = settings.root / LOCK_FILE
    try:
        return loads(read_file(file)) if file.exists() else ()
    except UsageError:
        return ()


def _difference(before: tuple[LockEntry, ...], now: list[LockEntry]) -> str:
    old, new = ({entry.revision: entry.content for entry in entries} for entries in (before, now))
    changed = sum(old[revision] != content for revision, content in new.items() if revision in old)
    counts = {"new": len(new.keys() - old.keys()), "changed": changed, "gone": len(old.keys() - new.keys())}
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f" ({said})" if said else ""
