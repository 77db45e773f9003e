"""A SQLite file of this run alone."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from mrt_runtime.databases.folder import Folder
from mrt_runtime.databases.isolation import AUTHORIZER, Isolation, Translation
from mrt_runtime.databases.journal import NO_JOURNAL, Journal
from mrt_runtime.databases.kept_session import KeptSession, NoKeptSession
from mrt_runtime.databases.outage import refuse_outage
from mrt_runtime.databases.protocol import Checkpoint, ConnectionTarget, Database, Watcher
from mrt_runtime.databases.sqlite.attach import find_files
from mrt_runtime.databases.sqlite.authorizer import INSTEAD_OF_A_FILE
from mrt_runtime.databases.sqlite.enclosure import AuthorizedConnection, enclose, make_authorizer
from mrt_runtime.databases.sqlite.filename import is_inside, is_memory

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class FileCheckpoint:
    """A copy of the file."""

    path: Path

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


class SQLiteScratch:
    """A connection to it is proved by the file's path, in a folder that this run made under a random name."""

    allows_idle_connections = False  # the file is replaced, and a journal's mode changes only when no other connection is there

    def __init__(self, database: Database, folder: Folder, url: URL, env_url: URL, template: Path | None) -> None:
        self.database = database
        self.url = url
        self.env_url = env_url
        self._folder = folder
        self._path = Path(str(url.database))
        self._template = template
        self._checkpoints = 0
        self._looks = 0
        self._watcher: Watcher | None = None
        self.generation = 0
        self.journal: Journal = NO_JOURNAL
        self.kept_session: KeptSession = NoKeptSession()
        self.engine: Engine = create_engine(url, future=True, poolclass=NullPool)
        refuse_outage(self.engine, bool)  # no server can be lost, but a disk may be full
        event.listen(self.engine, "connect", self._on_connect)
        self.reset()

    def is_mine(self, connection: Connection) -> bool:
        cursor = connection.connection.cursor()
        try:
            return self.owns(cursor)
        finally:
            cursor.close()

    def owns(self, cursor: Any) -> bool:
        cursor.execute("PRAGMA database_list")
        files = {name: file for _, name, file in cursor.fetchall()}
        return self._is_path(files.pop("main")) and not any(map(self._is_outside, files.values()))

    def is_elsewhere(self, target: ConnectionTarget) -> bool:
        return target.dialect != "sqlite" or not self._is_path((target.database or "").removeprefix("file:").partition("?")[0])

    @property
    def isolation(self) -> Isolation:
        return Isolation(level=AUTHORIZER)

    def translate(self, statement: str) -> Translation:
        outside = self.reaches_out(statement) or ""
        return Translation(statement=statement, outside=outside, instead=outside and INSTEAD_OF_A_FILE)

    def explain_refusal(self, error: BaseException) -> str:  # noqa: ARG002  the authorizer reports it to the watcher
        return ""

    def reaches_out(self, statement: str) -> str | None:
        """Return the file that a statement would open beside the database; None for all ordinary statements."""
        return next(filter(self._is_outside, find_files(statement)), None)

    def enclose(self, watcher: Watcher) -> AbstractContextManager[object]:
        self._watcher = watcher
        return enclose(self._folder.path, watcher)

    def find_open(self, dbapi_connection: Any) -> str:
        raw = find_raw(dbapi_connection)
        if raw is not dbapi_connection and not is_loop_running():
            return ""  # an async one that was left open: nothing can be asked of it
        authorizer = getattr(raw, "authorizer", None)
        if authorizer is not None:
            authorizer.last_pragma = None
        self._looks += 1
        cursor = dbapi_connection.cursor()
        try:
            cursor.execute(f"PRAGMA database_list -- {self._looks}")  # a new text: one that is known would not be compiled again
            files = [row[2] for row in cursor.fetchall()]
        finally:
            cursor.close()
        outside = ", ".join(filter(self._is_outside, files))
        if outside:
            return f"it has opened {outside}, outside of the scratch database, which is all that a migration may write to"
        if authorizer is not None and authorizer.last_pragma is None:
            return "it took the authorizer off its connection, by which SQLite keeps migrations inside the scratch database"
        return ""

    def is_lost(self) -> bool:
        return False

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Nothing: connecting is quick."""

    def admit(self, dbapi_connection: Any) -> None:
        """Do without waiting for the disk: a scratch file need not survive a power cut. Authorize what another driver opened."""
        raw = find_raw(dbapi_connection)
        if not isinstance(raw, AuthorizedConnection) and hasattr(raw, "set_authorizer"):
            raw.set_authorizer(make_authorizer(self._folder.path, self._report, uri=False))
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("PRAGMA journal_mode")
        # a migration or env.py may have chosen WAL, and stays in it
        if cursor.fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode=MEMORY")
            cursor.fetchall()
        cursor.close()

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:
        for connection in dbapi_connections:
            raw = find_raw(connection)  # aiosqlite's own interrupt() needs the event loop that is blocked
            if isinstance(raw, sqlite3.Connection):
                with contextlib.suppress(sqlite3.Error):
                    raw.interrupt()

    def waits_for_itself(self, dbapi_connections: Iterable[Any]) -> bool:  # noqa: ARG002  see below
        """Return False: sqlite3 waits for seconds only, and then raises an error."""
        return False

    traffic = None  # a writer locks the whole file

    def watch_locks(self, connect: Callable[[], Connection]) -> None:
        """Nothing: a writer locks the whole file."""

    def find_algorithm(self, statement: str) -> str:  # noqa: ARG002  there are no ways to choose from
        return ""

    def read_transaction(self, dbapi_connection: Any) -> str:
        return "open" if getattr(find_raw(dbapi_connection), "in_transaction", False) else ""

    def measure(self) -> int:
        files = (self._path.with_name(self._path.name + ending) for ending in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def checkpoint(self) -> Checkpoint:
        self._checkpoints += 1
        kept = FileCheckpoint(self._folder.path / f"checkpoint-{self._checkpoints}.db")
        with contextlib.closing(sqlite3.connect(self._path)) as source, contextlib.closing(sqlite3.connect(kept.path)) as copy:
            copy.execute("PRAGMA synchronous=OFF")
            source.backup(copy)
        return kept

    def restore(self, checkpoint: Checkpoint) -> None:
        if not isinstance(checkpoint, FileCheckpoint):
            raise TypeError(f"{checkpoint!r} is not a checkpoint of a SQLite scratch database")
        self._replace_by(checkpoint.path)

    def reset(self) -> None:
        self._replace_by(self._template)

    def drop(self) -> None:
        self.engine.dispose()
        self._folder.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.drop()

    def _on_connect(self, dbapi_connection: Any, _record: object) -> None:
        self.admit(dbapi_connection)

    def _report(self, reason: str) -> None:
        if self._watcher is not None:
            self._watcher.note_refusal(reason)

    def _is_outside(self, file: str) -> bool:
        """Whether a file that is attached, or about to be, is not one of this scratch database."""
        return file != str(self._path) and not (is_memory(file, uri=False) or is_inside(file, self._folder.path, uri=False))

    def _is_path(self, name: str) -> bool:
        """Whether a file name means this scratch file."""
        try:
            return name == str(self._path) or (bool(name) and Path(name).samefile(self._path))  # the first costs nothing
        except OSError:
            return False

    def _replace_by(self, source: Path | None) -> None:
        """Put a new file in place of the present one: a connection that was left open keeps the old one and blocks nothing."""
        fresh = self._path.with_suffix(".new")
        if source is None:
            fresh.touch()
        else:
            shutil.copyfile(source, fresh)
        # SQLite would roll a journal that was left there back into the new file
        for ending in ("-journal", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        fresh.replace(self._path)
        self.generation += 1


def find_raw(dbapi_connection: Any) -> Any:
    """Return the driver's innermost connection: SQLAlchemy wraps that of an async driver, which wraps one of `sqlite3`."""
    driver = getattr(dbapi_connection, "driver_connection", dbapi_connection)
    return getattr(driver, "_conn", driver)


def is_loop_running() -> bool:
    """Whether this thread runs an event loop."""
    import asyncio  # noqa: PLC0415  only async drivers need it

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
