"""Several queries in one round trip: on a server that answers at once, most of a query's time goes with the way there and back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

IDLE = 0
"""The status of a session outside of transactions. Source: libpq's PGTransactionStatusType."""
SEVERAL = 1 << 16
"""The flag of a session that takes several statements. Source: MySQL's documentation of its protocol, CLIENT_MULTI_STATEMENTS."""


def fetch_all(cursor: Any, queries: Sequence[str]) -> list[list[Any]]:
    """Return the rows of each query, none of one that returns no rows.

    Where the driver can, all go in one round trip; with psycopg outside of a transaction in one of their own, which ends with them.
    """
    if not takes_several(cursor):
        return [_fetch(cursor, query) for query in queries]
    with _in_one_of_their_own(cursor):
        found = [_fetch(cursor, "\n;".join(queries))] if queries else []
        while cursor.nextset():
            found.append(_rows(cursor))
    return found


def takes_several(cursor: Any) -> bool:
    """Whether a session executes several statements that are one text, and returns the rows of each."""
    driver = _driver_of(cursor)
    return driver == "psycopg" or (driver == "pymysql" and bool(cursor.connection.client_flag & SEVERAL))


def ask_to_take_several(driver: str, settings: dict[str, Any]) -> None:
    """Complete the arguments of a connection of ours, so that it takes several statements where its driver can."""
    if driver == "pymysql":
        settings["client_flag"] = settings.get("client_flag", 0) | SEVERAL


def is_apart(cursor: Any) -> bool:
    """Whether queries that fail end no transaction but their own, as psycopg's can outside of transactions."""
    return _driver_of(cursor) == "psycopg" and bool(cursor.connection.info.transaction_status == IDLE)


@contextlib.contextmanager
def _in_one_of_their_own(cursor: Any) -> Iterator[None]:
    """Do without BEGIN where no transaction is open: the server ends what it executes as one text together."""
    connection = cursor.connection
    if not is_apart(cursor) or connection.autocommit:
        yield
        return
    connection.autocommit = True
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # the session is gone, and the error on its way says so
            connection.autocommit = False


def _driver_of(cursor: Any) -> str:
    return type(cursor).__module__.partition(".")[0]


def _fetch(cursor: Any, query: str) -> list[Any]:
    cursor.execute(query)
    return _rows(cursor)


def _rows(cursor: Any) -> list[Any]:
    # psycopg puts a description together each time, which takes longer than to fetch a few rows
    has_rows = cursor.rownumber is not None if _driver_of(cursor) == "psycopg" else cursor.description is not None
    return list(cursor.fetchall()) if has_rows else []
