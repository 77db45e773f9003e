"""A SQLite file of this run alone."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event

from mrt_runtime.databases.folder import Folder
from mrt_runtime.databases.protocol import Checkpoint, Database, Target
from mrt_runtime.databases.shortage import refuse_shortage
from mrt_runtime.databases.sqlite.attach import find_attached_file

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class FileCheckpoint:
    """A copy of the file."""

    path: Path

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


class SQLiteScratch:
    """What proves that a connection stands here is the file's path, in a folder that this run made under a random name."""

    bears_company = False  # the file is replaced, and a journal's mode changes only when nobody else is there

    def __init__(self, database: Database, folder: Folder, url: URL, env_url: URL, template: Path | None) -> None:
        self.database = database
        self.url = url
        self.env_url = env_url
        self._folder = folder
        self._path = Path(str(url.database))
        self._template = template
        self._checkpoints = 0
        self.generation = 0
        self.engine: Engine = create_engine(url, poolclass=NullPool)
        refuse_shortage(self.engine)
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
        files = [row[2] for row in cursor.fetchall() if row[1] == "main"]
        return len(files) == 1 and self._is_path(files[0])

    def is_elsewhere(self, target: Target) -> bool:
        return target.dialect != "sqlite" or not self._is_path((target.database or "").removeprefix("file:").partition("?")[0])

    def reaches_out(self, statement: str) -> str | None:
        file = find_attached_file(statement)
        if file is None or Path(file).parent == self._folder.path:
            return None
        return file

    def is_lost(self) -> bool:
        return False

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Nothing: connecting is quick."""

    def admit(self, dbapi_connection: Any) -> None:
        """Do without waiting for the disk: a scratch file need not survive a power cut."""
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode=MEMORY")
            cursor.fetchall()
        cursor.close()

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:
        for connection in dbapi_connections:
            driver = getattr(connection, "driver_connection", connection)
            raw = getattr(driver, "_conn", driver)  # aiosqlite's own interrupt() needs the event loop that is blocked
            if isinstance(raw, sqlite3.Connection):
                with contextlib.suppress(sqlite3.Error):
                    raw.interrupt()

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

    def _is_path(self, name: str) -> bool:
        """Whether a file name means this scratch file."""
        try:
            return bool(name) and Path(name).samefile(self._path)
        except OSError:
            return False

    def _replace_by(self, source: Path | None) -> None:
        """Put a new file in place of the present one: a connection that somebody left open keeps the old one and blocks nothing."""
        fresh = self._path.with_suffix(".new")
        if source is None:
            fresh.touch()
        else:
            shutil.copyfile(source, fresh)
        for ending in ("-journal", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        fresh.replace(self._path)
        self.generation += 1
