"""Copies of a SQLite file, made page by page while it may be in use. The file is only read."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases import folder
from mrt_runtime.databases.address import mask
from mrt_runtime.databases.folder import Folder
from mrt_runtime.databases.sqlite.database import SQLiteDatabase, locate
from mrt_runtime.databases.sqlite.scratch import SQLiteScratch

PAGES = 4096  # copied at a time: between them Ctrl-C is noticed
OF_WAL = b"\x02\x02"
"""Bytes 18 and 19 of a file in WAL mode. Source: https://sqlite.org/fileformat.html."""


class CopyingSQLiteDatabase(SQLiteDatabase):
    """Makes scratch files that hold what the given file holds."""

    def __init__(self, url: URL, given: Path, subset: int | None = None) -> None:
        super().__init__(url, given)
        self._file = given
        self._subset = subset

    def _fill(self, private: Folder, urls: tuple[URL, URL]) -> SQLiteScratch:
        return CopiedSQLiteScratch(self, private, urls, self._file, self._subset)


class CopiedSQLiteScratch(SQLiteScratch):
    """A scratch file that begins as a copy of another one."""

    def __init__(self, database: SQLiteDatabase, private: Folder, urls: tuple[URL, URL], given: Path, subset: int | None) -> None:
        self._given = given
        self._subset = subset
        super().__init__(database, private, *urls, None)

    def reset(self) -> None:
        fresh = self._path.with_suffix(".copy")
        try:
            if self._subset is None:
                copy_file(self._given, fresh)
            else:
                from mrt_runtime.databases.sqlite.subset import copy_sample  # noqa: PLC0415  few want a part

                copy_sample(self._given, fresh, self._subset)
            self._replace_by(fresh)
        finally:
            fresh.unlink(missing_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment. Raises ConfigurationError where it cannot be read, or changes where it must not."""
    with reported(source), reading(source) as given, contextlib.closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA synchronous=OFF")
        given.execute("BEGIN")
        given.execute("SELECT 1 FROM sqlite_master").fetchall()  # from here on it is seen as it is now
        given.backup(copy, pages=PAGES, progress=lambda *_: None)


@contextlib.contextmanager
def reported(source: Path) -> Iterator[None]:
    """Raise ConfigurationError where a file cannot be read in the body, or is written to while it is read as one that is not."""
    was_still, before = is_still(source), identify(source)
    try:
        yield
    except sqlite3.Error as error:
        raise ConfigurationError(f"{source} cannot be copied: {error}.") from None
    if was_still and identify(source) != before:
        raise ConfigurationError(f"{source} was written to while it was copied: run again.")


@contextlib.contextmanager
def reading(source: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading."""
    with contextlib.closing(sqlite3.connect(write_uri(source), uri=True)) as connection:
        yield connection


def write_uri(source: Path) -> str:
    """Write a file as SQLite opens it for reading; `immutable` where it is still: reading in WAL mode makes files beside it."""
    how = "&immutable=1" if is_still(source) else ""
    return f"file:{quote(str(source.resolve()))}?mode=ro{how}"


def is_still(source: Path) -> bool:
    """Whether a file is in WAL mode and no process has it open for writing: then there is no log beside it."""
    with source.open("rb") as file:
        return file.read(20)[18:] == OF_WAL and not source.with_name(f"{source.name}-wal").exists()


def identify(source: Path) -> tuple[int, int]:
    """Return what changes when a file is written to."""
    state = source.stat()
    return state.st_size, state.st_mtime_ns


def connect_copying(source: URL, target: URL | None, isolation: str, subset: int | None) -> CopyingSQLiteDatabase:  # noqa: ARG001  its engine always refuses
    """See `DatabaseBackend`."""
    if target is not None:
        raise ConfigurationError("A copy of a SQLite file is made in the temporary folder, which TMPDIR names: leave --db-url out.")
    given = locate(source)
    if given is None:
        raise ConfigurationError(f"{mask(source)} is in memory, where nothing can be copied from: name a file.")
    if not given.is_file():
        what = "is a folder" if given.is_dir() else "does not exist"
        raise ConfigurationError(f"{mask(source)} cannot be copied: {given} {what}.")
    folder.sweep()
    log = given.with_name(f"{given.name}-wal")
    size = given.stat().st_size + (log.stat().st_size if log.exists() else 0)
    place = Path(tempfile.gettempdir())
    free = shutil.disk_usage(place).free
    if subset is None and free < size:
        sizes = f"{size / 1e6:,.0f} MB, and {place} has {free / 1e6:,.0f} MB left"
        raise ConfigurationError(f"The copy would take {sizes}: make room there, or let TMPDIR name another folder.")
    try:
        with reading(given) as connection:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except (sqlite3.Error, OSError) as error:
        raise ConfigurationError(f"{given} cannot be read as a SQLite database: {error}.") from None
    return CopyingSQLiteDatabase(source, given, subset)
