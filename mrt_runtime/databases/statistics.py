"""The sizes of the tables of a database of any dialect, as its statistics estimate them. Nothing is written there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection

from mrt_lint.model.table_size import TableSize
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import mask
from mrt_runtime.databases.driver_error import read_words
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.databases.server_connection import make_engine
from mrt_runtime.secret import scrub

VERSIONS = "alembic_version"
"""The table in which Alembic keeps the revisions that a database has run, unless env.py gives it another name."""


@dataclass(frozen=True, slots=True)
class DatabaseStatistics:
    """The sizes of the tables as the server estimates them; `unknown` are tables of which it has no statistics."""

    dialect: str
    server: str
    revisions: tuple[str, ...]
    tables: tuple[TableSize, ...]
    unknown: tuple[str, ...]


@contextlib.contextmanager
def reading(given: URL, own: URL, begin: Iterable[str], **settings: object) -> Iterator[Connection]:
    """Open a connection in one transaction that `begin` begins; ConfigurationError where the database cannot be read.

    given: the URL as it is shown; own: the same with a driver that is installed. The transaction is rolled back.
    """
    try:
        with make_engine(own, **settings).connect() as connection:
            for statement in begin:
                connection.exec_driver_sql(statement)
            yield connection
            connection.exec_driver_sql("ROLLBACK")
    except exc.DBAPIError as error:
        words = end(scrub(join(read_words(error.orig) if error.orig is not None else error)))
        raise ConfigurationError(f"The statistics of {mask(given)} cannot be read: {words}") from None
