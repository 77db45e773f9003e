"""Where migrations are tried out: one package a dialect, behind the protocol in `protocol`."""

from __future__ import annotations

import importlib

from sqlalchemy import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import parse_url
from mrt_runtime.databases.protocol import Checkpoint, Database, Scratch, Target

__all__ = ["Checkpoint", "Database", "Scratch", "Target", "connect"]

EMBEDDED = "embedded:postgresql"
PACKAGES = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


def connect(url: str | URL) -> Database:
    """Open the database that a URL names; "embedded:postgresql" starts a private server.

    A URL with an async driver is fine: our own connections use a sync driver for the same server.
    Raises ConfigurationError, in one sentence with the password masked, where it cannot be reached or its driver is missing.
    """
    if str(url) == EMBEDDED:
        return open_package("embedded")
    parsed = parse_url(url)
    dialect = parsed.get_backend_name()
    if dialect not in PACKAGES:
        raise ConfigurationError(f"db_url is for {dialect}: supported are {', '.join(PACKAGES)} and {EMBEDDED!r}.")
    return open_package(PACKAGES[dialect], parsed)


def open_package(name: str, *url: URL) -> Database:
    """Call `connect` of a dialect's package, imported only now."""
    database: Database = importlib.import_module(f"{__name__}.{name}").connect(*url)
    return database
