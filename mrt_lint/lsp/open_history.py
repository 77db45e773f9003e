"""A history that is kept in memory while its files are edited: only what changed is read, replayed and judged again."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from typing import Final

from mrt_lint.cache.store import DiskCache
from mrt_lint.check import judgement
from mrt_lint.check.engine import HistoryInput
from mrt_lint.check.readings import HistoryReader
from mrt_lint.files.consulted import is_current
from mrt_lint.files.lock import LOCK_FILE, breaks_lock
from mrt_lint.fix.session import FixOutcome, FixSession
from mrt_lint.history import History
from mrt_lint.model.finding import Finding
from mrt_lint.model.migration import Migration
from mrt_lint.parse.outline import history_of
from mrt_lint.parse.reading import BrokenFile, MigrationSource, ReadResult, read
from mrt_lint.report import CheckReport
from mrt_lint.settings import Settings
from mrt_lint.suppress.baseline import accept, load_baseline

_FEW: Final = 16
"""Changed files that are read one by one; of more, as after a checkout, the cache on disk may know some."""


class OpenHistory:
    """The readings and the replayed schemas of one history.

    A file that is being edited and does not parse just now is judged, and is in the history, as it was when it last did: its
    neighbours would be reported for nothing otherwise, at every other keystroke.
    """

    def __init__(self, cache: DiskCache) -> None:
        self._cache = cache
        self._sources: dict[str, bytes] = {}
        self._readings: dict[str, ReadResult] = {}
        self._settings = Settings()
        self._input: HistoryInput | None = None
        self._history: History | None = None
        self._edited: frozenset[str] = frozenset()
        self._is_fresh = False
        self.unfinished: dict[str, BrokenFile] = {}
        """The edited files that do not parse, each with the reason."""

    def update(self, given: HistoryInput, edited: frozenset[str]) -> None:
        """Take the files as they are now; `edited` are the paths of those whose text is not saved."""
        if given == self._input and edited == self._edited:
            return
        settings = given.settings
        known = self._readings if settings.target.dialect == self._settings.target.dialect else {}
        readings = self._read(given, known)
        sources = dict(given.sources)
        self.unfinished = {}
        for path in edited & readings.keys():
            reading, before = readings[path], known.get(path)
            if isinstance(reading, BrokenFile):
                self.unfinished[path] = reading
                if isinstance(before, Migration):
                    sources[path], readings[path] = self._sources[path], before
        history = history_of(sources, readings, settings.target)
        if self._history is not None and self._settings.target.dialect == settings.target.dialect:
            history.keep_from(self._history)
        self._history, self._sources, self._readings = history, sources, readings
        self._settings, self._input, self._edited = settings, given, edited

    def judged(self, path: str) -> bytes | None:
        """Return the bytes of a file that findings are about; None where nothing could be read of it yet."""
        return None if path in self.unfinished and isinstance(self._readings[path], BrokenFile) else self._sources[path]

    def report(self, path: str) -> CheckReport:
        """Return what `mrt check` would of one file. Raises UsageError if the settings or the baseline cannot be meant."""
        assert self._input is not None  # noqa: S101  update() comes first
        settings = self._settings
        report = judgement.judge(
            self._sources, self._readings, settings, self._input.breaches, history=self._history, only={path}
        ).only({path})
        if self._is_fresh:  # what will stay need not be looked through by every collection, each of which takes 0.2 s
            self._is_fresh = False
            gc.freeze()
        return accept(report, load_baseline(settings.root / settings.baseline)) if settings.baseline else report

    def fix(self, path: str, findings: Iterable[Finding], lock: bytes | None, *, unsafe: bool) -> FixOutcome:
        """Return what becomes of a file if findings are fixed in it; nothing is written."""
        session = FixSession(
            self._sources,
            self._readings,
            self._settings,
            unsafe=unsafe,
            breaks=lambda file, before, after: breaks_lock(lock, LOCK_FILE, file, before, after),
            history=self._history,
        )
        return session.fix(path, findings)

    def _read(self, given: HistoryInput, known: Mapping[str, ReadResult]) -> dict[str, ReadResult]:
        """Return the readings of all files, those that did not change as they are."""
        dialect = given.settings.target.dialect
        before = self._sources
        same = {path: known[path] for path, source in given.sources.items() if path in known and before.get(path) == source}
        consulting = {
            path: reading.consulted for path, reading in same.items() if isinstance(reading, Migration) and reading.consulted
        }
        # many migrations may import the same modules
        stale = {others for others in set(consulting.values()) if not is_current(others)}
        kept = {path: reading for path, reading in same.items() if consulting.get(path) not in stale} if stale else same
        changed = {path: source for path, source in given.sources.items() if path not in kept}
        if len(changed) <= _FEW:
            fresh: Mapping[str, ReadResult] = {
                path: read(MigrationSource(path, source, dialect)) for path, source in changed.items()
            }
        else:
            self._is_fresh = True
            fresh = next(HistoryReader(self._cache, dialect, 1).of([(repr(given.locations), given.sources)]))
        return {path: kept.get(path) or fresh[path] for path in given.sources}
