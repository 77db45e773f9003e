"""What is to be shown of the files that an editor holds: each in the light of its history, its text as it is in the editor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine, HistoryInput, shown
from mrt_lint.files.discovery import HistoryFinder, HistoryLocations
from mrt_lint.files.lock import LOCK_FILE
from mrt_lint.fix.session import FixOutcome
from mrt_lint.gate import is_migration
from mrt_lint.lsp.open_history import OpenHistory
from mrt_lint.lsp.stored_files import StoredFiles
from mrt_lint.model.finding import Finding
from mrt_lint.parse.reading import BrokenFile
from mrt_lint.report import CheckReport
from mrt_lint.settings import Settings, load_settings
from mrt_lint.usage import UsageError


class FileCheck(NamedTuple):
    """What was found in a file, and in which bytes of it; `unfinished` is why the present ones cannot be read, while edited."""

    path: str
    root: Path
    report: CheckReport
    judged: bytes | None
    unfinished: BrokenFile | None


class EditorChecker:
    """Checks files as an editor holds them; what it has read it keeps, and asks of everything else whether it is as it was."""

    def __init__(self) -> None:
        self._stored = StoredFiles()
        self._histories: dict[HistoryLocations, OpenHistory] = {}

    def round(self, texts: Mapping[Path, bytes]) -> CheckRound:
        """Begin to look at files as they all are at this moment; `texts` are those that are open."""
        return CheckRound(texts, self._stored, self._histories)


class CheckRound:
    """The state of all files at one moment."""

    def __init__(self, texts: Mapping[Path, bytes], stored: StoredFiles, histories: dict[HistoryLocations, OpenHistory]) -> None:
        self._texts = texts
        self._stored = stored
        self._histories = histories
        self._settings: dict[Path, Settings] = {}
        self._neighbours = HistoryFinder()
        self._inputs: dict[Path, HistoryInput] = {}
        self._edited = {file for file, text in texts.items() if not self._is_saved(file, text)}

    def check(self, file: Path) -> FileCheck | None:
        """Check a file; None if it is no migration. Raises UsageError if the settings or a file cannot be read."""
        opened = self._open(file)
        if opened is None:
            return None
        history, settings = opened
        path = shown(file)
        return FileCheck(path, settings.root, history.report(path), history.judged(path), history.unfinished.get(path))

    def fix(self, file: Path, findings: list[Finding], *, unsafe: bool) -> FixOutcome | None:
        """Return what becomes of a file if findings are fixed in it; None if it is no migration or does not parse just now."""
        opened = self._open(file)
        path = shown(file)
        if opened is None or path in opened[0].unfinished:
            return None
        lock = opened[1].root / LOCK_FILE
        return opened[0].fix(path, findings, self._stored.read(lock) if lock.exists() else None, unsafe=unsafe)

    def _open(self, file: Path) -> tuple[OpenHistory, Settings] | None:
        """Return the history of a file, up to date, and the settings for it; None if the file is no migration."""
        if not is_migration(self._texts.get(file, b"")):
            return None
        folder = file.parent
        if folder not in self._settings:
            self._settings[folder] = load_settings(folder)
        settings = self._settings[folder]
        if folder not in self._inputs:
            locations = self._neighbours.history(file)
            sources = self._stored.migrations(locations, self._texts)
            # it is asked for what does not come from the cache
            self._inputs[folder] = CheckEngine(settings, cache=DiskCache(None)).input_of(locations, sources)
        given = self._inputs[folder]
        if shown(file) not in given.sources:
            return None
        if given.locations not in self._histories:
            self._histories[given.locations] = OpenHistory(DiskCache(settings.root))
        history = self._histories[given.locations]
        history.update(given, frozenset(map(shown, self._edited)))
        return history, settings

    def _is_saved(self, file: Path, text: bytes) -> bool:
        try:
            # an editor shows no byte order mark
            return self._stored.read(file).removeprefix(b"\xef\xbb\xbf") == text
        except UsageError:
            return False
