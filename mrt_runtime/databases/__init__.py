"""Where migrations are tried out: one package a dialect, behind the protocol in `protocol`."""

from __future__ import annotations

from sqlalchemy.engine import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import mask, parse_url
from mrt_runtime.databases.isolation import ROLE, Isolation, Translation
from mrt_runtime.databases.protocol import Checkpoint, ConnectionTarget, Database, Scratch, Watcher
from mrt_runtime.databases.registry import BACKENDS, backend_of
from mrt_runtime.databases.sentences import name_some
from mrt_runtime.databases.statistics import DatabaseStatistics

__all__ = [
    "Checkpoint",
    "ConnectionTarget",
    "Database",
    "DatabaseStatistics",
    "Isolation",
    "Scratch",
    "Translation",
    "Watcher",
    "connect",
    "connect_copying",
    "read_statistics",
]

EMBEDDED = "embedded:postgresql"
FAMILIES = {"mariadb": "mysql"}


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


def connect_copying(source: str | URL, target: str | URL | None, isolation: str = ROLE, subset: int | None = None) -> Database:
    """Open what makes copies of the database that a URL names, beside it or where `target` names; the source is only read.

    subset: how many rows of each table a copy gets, with all that they refer to; None for all rows.
    Raises ConfigurationError, in one sentence with passwords masked, where that is impossible.
    """
    given = parse_url(source)
    dialect = given.get_backend_name()
    if dialect not in BACKENDS:
        raise ConfigurationError(f"--from is a URL for {dialect}: supported are {', '.join(BACKENDS)}.")
    other = None
    if target is not None and str(target) == EMBEDDED:
        raise ConfigurationError(f"A copy cannot be made on {EMBEDDED!r}: leave --db-url out, or name a server.")
    if target is not None:
        other = parse_url(target)
        if FAMILIES.get(other.get_backend_name(), other.get_backend_name()) != FAMILIES.get(dialect, dialect):
            raise ConfigurationError(f"--db-url is for {other.get_backend_name()} and --from for {dialect}: a copy needs the same.")
    return backend_of(dialect).connect_copying(given, other, isolation, subset)


def read_statistics(url: str | URL, expected: str | None = None) -> DatabaseStatistics:
    """Return how large the tables of the database are that a URL names, as its statistics estimate it; nothing is written there.

    expected: the dialect that the migrations are written for, where that is known; a database of another one is refused.
    Raises ConfigurationError, in one sentence with the password masked, where the statistics cannot be read or there are none.
    """
    given = parse_url(url)
    dialect = given.get_backend_name()
    if dialect not in BACKENDS:
        raise ConfigurationError(f"The URL is for {dialect}: statistics are read from {', '.join(BACKENDS)}.")
    if expected is not None and FAMILIES.get(expected, expected) != FAMILIES.get(dialect, dialect):
        raise ConfigurationError(f"The URL is for {dialect}, and the migrations are for {expected}: [tool.mrt] dialect says so.")
    found = backend_of(dialect).read_statistics(given)
    if found.unknown and not any(table.rows for table in found.tables):
        raise ConfigurationError(f"The server has no statistics of {name_some(list(found.unknown))} yet: run ANALYZE there first.")
    if not found.tables:
        raise ConfigurationError(f"{mask(given)} has no table that this user may see: check the database and the user in the URL.")
    return found
