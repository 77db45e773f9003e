"""Where migrations are tried out: one package a dialect, behind the protocol in `protocol`."""

from __future__ import annotations

import importlib

from sqlalchemy import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import parse_url
from mrt_runtime.databases.isolation import ROLE, Isolation, Translation
from mrt_runtime.databases.protocol import Checkpoint, ConnectionTarget, Database, Scratch, Watcher

__all__ = ["Checkpoint", "ConnectionTarget", "Database", "Isolation", "Scratch", "Translation", "Watcher", "connect"]

EMBEDDED = "embedded:postgresql"
PACKAGES = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


def connect(url: str | URL, isolation: str = ROLE) -> Database:
    """Open the database that a URL names; "embedded:postgresql" starts a private server.

    isolation: as MRTConfig has it; without meaning for SQLite.
    A URL with an async driver is fine: our own connections use a sync driver for the same server.
    Raises ConfigurationError, in one sentence with the password masked, where it cannot be reached or its driver is missing.
    """
    if str(url) == EMBEDDED:
        return open_package("embedded", isolation)
    parsed = parse_url(url)
    dialect = parsed.get_backend_name()
    if dialect not in PACKAGES:
        raise ConfigurationError(f"db_url is for {dialect}: supported are {', '.join(PACKAGES)} and {EMBEDDED!r}.")
    return open_package(PACKAGES[dialect], parsed, isolation)


def open_package(name: str, *arguments: URL | str) -> Database:
    """Call `connect` of a dialect's package, imported only now."""
    database: Database = importlib.import_module(f"{__name__}.{name}").connect(*arguments)
    return database
