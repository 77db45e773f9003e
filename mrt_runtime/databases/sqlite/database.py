"""A SQLite file, as the user names it in `db_url`. It is looked at, never opened for writing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases import folder
from mrt_runtime.databases.address import choose_driver, keep_driver, mask
from mrt_runtime.databases.sqlite.scratch import SQLiteScratch

DRIVERS = {"pysqlite": "sqlite3"}
ABOUT_THE_FILE = {"uri", "mode", "cache", "immutable", "vfs", "nolock"}
"""Query arguments that say how the user's own file is opened; all others (timeout, detect_types …) hold for scratch files too."""


class SQLiteDatabase:
    """Makes scratch files. `given` is the user's file where there is one; a memory database or a missing file is as good."""

    dialect = "sqlite"

    def __init__(self, url: URL, given: Path | None) -> None:
        self._url = url
        self.given = given

    @property
    def url(self) -> str:
        return mask(self._url)

    def version(self) -> str:
        return sqlite3.sqlite_version

    def make_scratch(self, worker: str = "main") -> SQLiteScratch:
        self.sweep()
        private = folder.Folder()
        url = self._url.set(
            database=str(private.path / f"{worker}.db"),
            query={name: value for name, value in self._url.query.items() if name not in ABOUT_THE_FILE},
        )
        own = choose_driver(url, DRIVERS, "")
        return self._fill(private, (own, keep_driver(url, own)))

    def _fill(self, private: folder.Folder, urls: tuple[URL, URL]) -> SQLiteScratch:
        """Return the scratch file in a folder; `urls` are those for our own driver and for env.py."""
        # an empty file may have settings in its header that migrations count on: page size, encoding, WAL
        template = self.given if self.given is not None and is_empty(self.given) else None
        return SQLiteScratch(self, private, urls[0], urls[1], template)

    def sweep(self) -> None:
        folder.sweep()

    def close(self) -> None:
        """Nothing is held."""


def connect(url: URL, isolation: str) -> SQLiteDatabase:  # noqa: ARG001  its engine always refuses
    """Take a SQLite URL; its file need not exist. Raises ConfigurationError where the file is no database."""
    given = locate(url)
    if given is not None and given.is_dir():
        raise ConfigurationError(f"{mask(url)} names a folder: db_url has to name a SQLite file, such as sqlite:///test.db.")
    if given is not None and given.is_file():
        is_empty(given)
        return SQLiteDatabase(url, given)
    return SQLiteDatabase(url, None)


def locate(url: URL) -> Path | None:
    """Return which file a URL means; None for a memory database. Source: SQLAlchemy's documentation of pysqlite URLs."""
    name = url.database or ""
    if name.startswith("file:"):
        name = name.removeprefix("file:").partition("?")[0]
    return None if name in {"", ":memory:"} or url.query.get("mode") == "memory" else Path(name)


def is_empty(file: Path) -> bool:
    """Whether a file holds no tables. `immutable` keeps SQLite from writing even the side files that reading may need."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1", uri=True)
        try:
            return not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ConfigurationError(f"{file} cannot be read as a SQLite database: {error}.") from None
