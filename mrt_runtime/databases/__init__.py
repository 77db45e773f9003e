"""Where migrations are tried out: one package a dialect, behind the protocol in `protocol`."""

from __future__ import annotations

from sqlalchemy import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import parse_url
from mrt_runtime.databases.isolation import ROLE, Isolation, Translation
from mrt_runtime.databases.protocol import Checkpoint, ConnectionTarget, Database, Scratch, Watcher
from mrt_runtime.databases.registry import BACKENDS, backend_of

__all__ = ["Checkpoint", "ConnectionTarget", "Database", "Isolation", "Scratch", "Translation", "Watcher", "connect"]

EMBEDDED = "embedded:postgresql"


def connect(url: str | URL, isolation: str = ROLE) -> Database:
    """Open the database that a URL names; "embedded:postgresql" starts a private server.

    isolation: as MRTConfig has it; without meaning for SQLite.
    A URL with an async driver is fine: our own connections use a sync driver for the same server.
    Raises ConfigurationError, in one sentence with the password masked, where it cannot be reached or its driver is missing.
    """
    if str(url) == EMBEDDED:
        from mrt_runtime.databases import embedded  # noqa: PLC0415  brings PostgreSQL's packages

        return embedded.connect(isolation)
    parsed = parse_url(url)
    dialect = parsed.get_backend_name()
    if dialect not in BACKENDS:
        raise ConfigurationError(f"db_url is for {dialect}: supported are {', '.join(BACKENDS)} and {EMBEDDED!r}.")
    return backend_of(dialect).connect(parsed, isolation)
