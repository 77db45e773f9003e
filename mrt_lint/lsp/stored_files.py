"""The migrations of a history as they are on disk: listed and read again only where the folders look different from outside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mrt_lint.check.engine import read_file, shown
from mrt_lint.files.discovery import HistoryLocations
from mrt_lint.files.snapshot import Snapshot, Stamp, stamp, take
from mrt_lint.gate import is_migration


class StoredFiles:
    """Remembers the bytes of files, and the migrations of folders."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Stamp, bytes]] = {}
        self._histories: dict[HistoryLocations, tuple[Snapshot, dict[Path, tuple[str, bytes]]]] = {}

    def read(self, file: Path) -> bytes:
        """Read a file. Raises UsageError where that cannot be done."""
        path = os.fspath(file)
        now = stamp(path)
        known = self._known.get(path)
        if known is not None and known[0] == now:
            return known[1]
        content = read_file(file)
        if now is not None:
            self._known[path] = now, content
        return content

    def migrations(self, history: HistoryLocations, texts: Mapping[Path, bytes]) -> dict[str, bytes]:
        """Return the migrations of a history by shown path, in the order of a check; those that are open have their text."""
        stored = self._listed(history)
        held = {file: text for file, text in texts.items() if any(location.holds(file) for location in history)}
        files = sorted({*stored, *held}) if held.keys() - stored.keys() else stored
        found: dict[str, bytes] = {}
        for file in files:
            path, content = stored[file] if file in stored else (shown(file), b"")
            content = held.get(file, content)
            if file not in held or is_migration(content):
                found[path] = content
        return found

    def _listed(self, history: HistoryLocations) -> dict[Path, tuple[str, bytes]]:
        """Return the migrations on disk, each as it is shown and with its bytes."""
        now = take((str(location.folder) for location in history), ())
        known = self._histories.get(history)
        if known is not None and known[0] == now:
            return known[1]
        files = sorted({file for location in history for file in location.files()})
        contents = ((file, self.read(file)) for file in files)
        listed = {file: (shown(file), content) for file, content in contents if is_migration(content)}
        self._histories[history] = now, listed
        return listed
