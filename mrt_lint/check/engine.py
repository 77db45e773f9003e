"""Check migrations: gather the histories that the files belong to, read them, judge them, and remember the result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mrt_lint.cache.store import DiskCache, digest
from mrt_lint.files.consulted import read_module
from mrt_lint.files.discovery import HistoryFinder, HistoryLocations, VersionLocation, walk
from mrt_lint.files.lock import LOCK_FILE
from mrt_lint.files.statistics_file import with_statistics
from mrt_lint.gate import is_migration
from mrt_lint.model.finding import Finding
from mrt_lint.report import CheckReport
from mrt_lint.settings import Settings, load_settings
from mrt_lint.suppress.baseline import with_deployed
from mrt_lint.usage import UsageError

if TYPE_CHECKING:
    from mrt_lint.files.lock import LockViolation
    from mrt_lint.parse.reading import ReadResult


def shown(path: Path) -> str:
    """Return a path as people want to read it: from the current directory where it is below."""
    text, here = str(path), os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118  asked thousands of times, and Path is slow
    if text.startswith(here):
        return text[len(here) :]
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_file(file: Path) -> bytes:
    """Read a file. Raises UsageError where that cannot be done."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown(file)} cannot be read: {error.strerror or error}") from None


def _entry_of(history: HistoryLocations, settings: Settings) -> str:
    """Return the entry that holds the report on a history under these settings."""
    return f"report-{digest(repr(history), repr(settings))}"


def _beside(entry: str) -> str:
    """Return the entry that lists the other files which a report depends on."""
    return f"others-{entry}"


def check_paths(paths: Iterable[Path]) -> list[Finding]:
    """Check files and folders under the settings of the current folder, as `mrt check` does; what `noqa` silences is left out.

    Raises UsageError if the settings or a file cannot be read.
    """
    settings = load_settings(Path.cwd())
    files = [file for path in map(Path.absolute, paths) for file in (walk(path) if path.is_dir() else [path])]
    return list(CheckEngine(settings, cache=DiskCache(settings.root)).check(files).findings)


class HistoryInput(NamedTuple):
    """What one history is judged by: its files' bytes by shown path, the settings for it, and what its lock file misses."""

    locations: HistoryLocations
    sources: dict[str, bytes]
    settings: Settings
    breaches: tuple[LockViolation, ...]


class CheckEngine:
    """Checks files under fixed settings.

    `sources` holds the bytes of files that are not as they are on disk (an editor's buffer), by absolute path. `jobs` is the
    number of processes for reading; None decides by the work at hand.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        cache: DiskCache,
        jobs: int | None = 1,
        sources: Mapping[Path, bytes] | None = None,
    ) -> None:
        self._settings = with_statistics(with_deployed(settings))
        self._cache = cache
        self._jobs = jobs
        self._contents: dict[Path, bytes] = dict(sources or {})
        self._neighbours = HistoryFinder()
        self._known: dict[HistoryLocations, CheckReport] = {}
        self._read: dict[HistoryLocations, dict[str, ReadResult]] = {}

    def check(self, files: Iterable[Path]) -> CheckReport:
        """Check the migrations among these files (absolute paths), each in the light of its whole history.

        Files that are no migrations are passed over. Raises UsageError if a file cannot be read, or the settings name a code
        that no rule has.
        """
        asked: dict[HistoryLocations, set[str]] = {}
        for file in files:
            if is_migration(self._content(file)):
                asked.setdefault(self._neighbours.history(file), set()).add(shown(file))
        new = [history for history in asked if history not in self._known]
        if new:
            self._known |= zip(new, self._reports(new), strict=True)
        # What a lock file misses has no file of its own: it is the lock file's.
        lock = shown(self._settings.root / LOCK_FILE)
        return sum((self._known[history].only({*paths, lock}) for history, paths in asked.items()), CheckReport())

    def histories(self, files: Iterable[Path]) -> list[dict[str, bytes]]:
        """Return every migration of each history that these files belong to: its bytes, by the path that is shown."""
        migrations = (file for file in files if is_migration(self._content(file)))
        return [self._sources(history) for history in dict.fromkeys(map(self._neighbours.history, migrations))]

    def input_of(self, history: HistoryLocations, sources: dict[str, bytes]) -> HistoryInput:
        """Return what a history is judged by, given its migrations by the path that is shown."""
        return HistoryInput(history, sources, self._settings_of(history, sources), self._breaches(self._lock(), history, sources))

    def locations(self, files: Iterable[Path]) -> set[VersionLocation]:
        """Return every place that the histories of these files are read from."""
        return {place for file in files if is_migration(self._content(file)) for place in self._neighbours.history(file)}

    def readings(self, files: Iterable[Path]) -> list[tuple[dict[str, bytes], dict[str, ReadResult], Settings]]:
        """Return what `histories` returns, each with what was read of its files, by the same paths, and the settings for it."""
        migrations = (file for file in files if is_migration(self._content(file)))
        histories = list(dict.fromkeys(map(self._neighbours.history, migrations)))
        sources = [self._sources(history) for history in histories]
        self._read_all({history: files for history, files in zip(histories, sources, strict=True) if history not in self._read})
        pairs = zip(histories, sources, strict=True)
        return [(files, self._read[history], self._settings_of(history, files)) for history, files in pairs]

    def remember(self, kind: str, files: Iterable[Path], asked: str, make: Callable[[], str]) -> str:
        """Return a text that follows from the histories of these files and from what is asked: an earlier run's, or made now."""
        named, parts = [], [asked]
        for history in dict.fromkeys(self._neighbours.history(file) for file in files if is_migration(self._content(file))):
            sources = self._sources(history)
            entry = _entry_of(history, self._settings_of(history, sources))
            named.append(entry)
            parts.append(self._key(sources, self._lock(), self._others(entry)))
        name, key = f"{kind}-{digest(*named)}", digest(*parts)
        text = self._cache.get(name, key)
        if text is None:
            text = make()
            self._cache.put(name, key, text)
        return text

    def _read_all(self, histories: Mapping[HistoryLocations, dict[str, bytes]]) -> None:
        from mrt_lint.check.readings import HistoryReader  # noqa: PLC0415  brings the operations

        named = [(repr(history), files) for history, files in histories.items()]
        readings = HistoryReader(self._cache, self._settings.target.dialect, self._jobs).of(named)
        self._read |= zip(histories, readings, strict=True)

    def _reports(self, histories: list[HistoryLocations]) -> list[CheckReport]:
        from mrt_lint.cache import saved_report  # noqa: PLC0415  without migrations there is nothing to remember

        sources = [self._sources(history) for history in histories]
        settings = [self._settings_of(history, files) for history, files in zip(histories, sources, strict=True)]
        entries = [_entry_of(history, known) for history, known in zip(histories, settings, strict=True)]
        lock = self._lock()
        others = [self._others(entry) for entry in entries]
        keys = [self._key(files, lock, known) for files, known in zip(sources, others, strict=True)]
        reports = {
            index: report
            for index, (entry, key) in enumerate(zip(entries, keys, strict=True))
            if (report := saved_report.loads(self._cache.get(entry, key)))
        }
        unknown = [index for index in range(len(histories)) if index not in reports]
        if unknown:
            from mrt_lint.check import judgement  # noqa: PLC0415  brings the rules

            self._read_all({histories[index]: sources[index] for index in unknown})
            for index in unknown:
                broken = self._breaches(lock, histories[index], sources[index])
                readings = self._read[histories[index]]
                reports[index] = judgement.judge(sources[index], readings, settings[index], broken)
                consulted = sorted({path for reading in readings.values() for path, _ in getattr(reading, "consulted", ())})
                # which files to ask for is known only after reading, so they are kept in an entry of their own, found without them
                if consulted != others[index]:
                    self._cache.put(_beside(entries[index]), "", json.dumps(consulted))
                self._cache.put(entries[index], self._key(sources[index], lock, consulted), saved_report.dumps(reports[index]))
        return [reports[index] for index in range(len(histories))]

    def _others(self, entry: str) -> list[str]:
        """Return the files beside the history that its last report depended on."""
        return json.loads(self._cache.get(_beside(entry), "") or "[]")  # type: ignore[no-any-return]  # its digest was checked

    @staticmethod
    def _key(files: Mapping[str, bytes], lock: bytes | None, others: Sequence[str]) -> str:
        """Return a digest of everything that a report depends on besides the settings."""
        parts = [*(part for item in files.items() for part in item), *(() if lock is None else (lock,))]
        return digest(*parts, *(part for path in others for part in (path, read_module(path) or "")))

    def _settings_of(self, history: HistoryLocations, sources: Mapping[str, bytes]) -> Settings:
        """Return the settings with what env.py does to the connection, as far as it is not declared and may matter."""
        settings = self._with_foreign_keys(history, sources)
        if settings.target.dialect not in {None, "postgresql"}:
            return settings
        from mrt_lint.files import env_py  # noqa: PLC0415  with migrations only

        folders = [location.folder for location in history]
        begun, path = env_py.what_begins_before_alembic(folders), env_py.search_path_of(folders)
        if not begun and not path:
            return settings
        return replace(settings, target=replace(settings.target, begun_by_env=begun, search_path=path))

    def _with_foreign_keys(self, history: HistoryLocations, sources: Mapping[str, bytes]) -> Settings:
        target = self._settings.target
        if target.sqlite_foreign_keys is not None or target.dialect not in {None, "sqlite"}:
            return self._settings
        # env.py is parsed for this, in milliseconds that histories without SQLite save
        if target.dialect is None and not any(b"sqlite" in content for content in sources.values()):
            return self._settings
        from mrt_lint.files.env_py import enforces_foreign_keys  # noqa: PLC0415  few histories are SQLite's

        enforced = enforces_foreign_keys(location.folder for location in history)
        return self._settings if enforced is None else replace(self._settings, target=replace(target, sqlite_foreign_keys=enforced))

    def _lock(self) -> bytes | None:
        """Read the project's lock file, None if it has none."""
        file = self._settings.root / LOCK_FILE
        return read_file(file) if file.exists() else None

    def _breaches(self, lock: bytes | None, history: HistoryLocations, sources: dict[str, bytes]) -> tuple[LockViolation, ...]:
        if lock is None:
            return ()
        from mrt_lint.files.lock import breaches  # noqa: PLC0415  few projects have one

        root = self._settings.root
        return breaches(
            lock, shown(root / LOCK_FILE), sources, lambda path: any(location.holds(root / path) for location in history)
        )

    def _sources(self, history: HistoryLocations) -> dict[str, bytes]:
        """Return the migrations of a history, by the path that is shown."""
        files = {file for location in history for file in location.files()}
        files |= {file for file in self._contents if any(location.holds(file) for location in history)}
        contents = ((shown(file), self._content(file)) for file in sorted(files))
        return {path: content for path, content in contents if is_migration(content)}

    def _content(self, file: Path) -> bytes:
        """Read a file once."""
        if file not in self._contents:
            self._contents[file] = read_file(file)
        return self._contents[file]
