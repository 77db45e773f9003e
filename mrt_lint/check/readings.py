"""Read many migrations: what the cache knows of them, the rest in as many processes as pay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote

from mrt_lint.cache.store import DiskCache, digest
from mrt_lint.check import workers
from mrt_lint.files.consulted import is_current
from mrt_lint.model.migration import Migration
from mrt_lint.model.values import SourceSpan
from mrt_lint.parse.reading import BrokenFile, MigrationSource, ReadResult, codec, prepare, read_text

LOST: Final = BrokenFile(place=SourceSpan(1, 1, 1, 1), reason="the process crashed", defect=True)


class HistoryReader:
    """Reads histories, and caches what was read of each."""

    def __init__(self, cache: DiskCache, dialect: str | None, jobs: int | None) -> None:
        self._cache = cache
        self._dialect = dialect
        self._jobs = jobs

    def of(self, histories: Sequence[tuple[str, Mapping[str, bytes]]]) -> Iterator[dict[str, ReadResult]]:
        """Read histories, each a name and the files' bytes by path; the readings come by path."""
        entries = [f"readings-{digest(name, str(self._dialect))}" for name, _ in histories]
        known = [self._load(entry) for entry in entries]
        # by content, so that files with the same bytes are read once, and a renamed one is known
        names = [{path: digest(content) for path, content in files.items()} for _, files in histories]
        tasks = {
            names[index][path]: MigrationSource(path, content, self._dialect)
            for index, (_, files) in enumerate(histories)
            for path, content in files.items()
            if names[index][path] not in known[index]
        }
        fresh = self._read(tasks)
        for entry, texts, paths in zip(entries, known, names, strict=True):
            needed = {name: fresh.get(name) or texts[name] for name in paths.values()}
            readings = {path: _placed(needed[name], path) for path, name in paths.items()}
            if fresh:
                others = {paths[path]: _consulted(reading) for path, reading in readings.items()}
                # quoted: the three parts of a line are separated by blanks
                lines = (f"{name} {quote(json.dumps(others[name]))} {text}\n" for name, text in needed.items())
                self._cache.put(entry, "", "".join(lines))
            yield readings

    def _read(self, tasks: Mapping[str, MigrationSource]) -> dict[str, str]:
        """Read files, by the digest of their bytes, while this process makes ready to judge them."""
        sources = list(tasks.values())
        weights = [len(source.content) for source in sources]
        jobs = workers.sensible_jobs(weights) if self._jobs is None else self._jobs if self._jobs > 1 else 0
        lines = workers.spread(read_text, sources, weights, jobs, prepare)
        if sources:
            from mrt_lint import rules  # noqa: PLC0415  while others import the parser
            from mrt_lint.check import judgement  # noqa: F401, PLC0415  while others import the parser

            rules.all_rules()
        names = list(tasks)
        return {names[index]: line or codec().dumps(LOST) for index, line in lines}

    def _load(self, entry: str) -> dict[str, str]:
        """Return the cached readings of which nothing has changed, by the digest of the file's bytes."""
        lines = (line.split(" ", 2) for line in (self._cache.get(entry, "") or "").splitlines())
        return {name: text for name, others, text in lines if others == _NOTHING or is_current(json.loads(unquote(others)))}


_NOTHING: Final = quote(json.dumps([]))


def _consulted(reading: ReadResult) -> list[tuple[str, str]]:
    """Return the other files that a reading depended on."""
    return list(reading.consulted) if isinstance(reading, Migration) else []


def _placed(text: str, path: str) -> ReadResult:
    """Decode a reading; it may have been made when the file had another path."""
    reading = codec().loads(text)
    if isinstance(reading, Migration) and reading.path != path:
        return replace(reading, path=path)
    return reading  # type: ignore[no-any-return]  # its digest was checked
