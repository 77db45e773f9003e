"""What all the rows of a table add up to, as text that the server hashes one by one: the same only for the same rows.

CHECKSUM TABLE does not serve: it is the same after a text has moved to the column beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.content import write_as_text
from mrt_runtime.databases.mysql.quoting import literal

IN_UTC = "SET time_zone = '+00:00'"
"""A TIMESTAMP is shown in the session's zone, where one hour of autumn is shown twice."""
SHOWN_BY = {"time_zone": "+00:00", "sql_mode": "", "sql_select_limit": 2**64 - 1}
"""Settings of a session by which values are shown, and how many, each with one that serves."""
DIGITS = 15  # of a hash that are summed: sixty bits
BATCH = 25  # tables that one statement reads
Ask = Callable[[str], Iterable[Sequence[Any]]]
"""Executes a query, and returns its rows."""
Columns = Sequence[tuple[str, str]]
"""Names of columns, each with its type, without any numbers."""
RowSum = tuple[int, str]
NO_ROWS: RowSum = (0, "0")


def sum_rows(ask: Ask, tables: Sequence[tuple[str, Columns]]) -> list[RowSum]:
    """Return how many rows each table has, and what they add up to. tables: the quoted name and the columns of each."""
    selects = []
    for at, (table, columns) in enumerate(tables):
        texts = ", ".join(write_as_text(name, base) for name, base in columns)
        number = f"CAST(CONV(SUBSTRING(MD5(JSON_ARRAY({texts})), 1, {DIGITS}), 16, 10) AS UNSIGNED)"
        selects.append(f"SELECT {at}, COUNT(*), SUM({number}) FROM {table}")
    found: dict[int, RowSum] = {}
    for start in range(0, len(selects), BATCH):
        rows = ask(" UNION ALL ".join(selects[start : start + BATCH]))
        found.update({int(at): (int(count), str(total or 0)) for at, count, total in rows})
    return [found[at] for at in range(len(tables))]


def asking(connection: Connection) -> Ask:
    """Return what asks on a connection."""
    return lambda query: connection.exec_driver_sql(query).all()


@contextmanager
def in_utc(connection: Connection) -> Iterator[None]:
    """Have times shown in UTC; definitions are shown and made in the session's own zone."""
    zone = str(connection.exec_driver_sql("SELECT @@time_zone").scalar_one())
    connection.exec_driver_sql(IN_UTC)
    try:
        yield
    finally:
        connection.exec_driver_sql(f"SET time_zone = {literal(zone)}")


@contextmanager
def shown_alike(ask: Ask) -> Iterator[None]:
    """Have a migration's session show values as every other one does, for as long as the block is executed."""
    [own] = ask(f"SELECT {', '.join(f'@@{name}' for name in SHOWN_BY)}")
    if list(own) == list(SHOWN_BY.values()):
        yield
        return
    _set(ask, SHOWN_BY)
    try:
        yield
    finally:
        _set(ask, dict(zip(SHOWN_BY, own, strict=True)))


def _set(ask: Ask, settings: Mapping[str, object]) -> None:
    written = {name: str(value) if isinstance(value, int) else literal(str(value)) for name, value in settings.items()}
    ask(f"SET {', '.join(f'{name} = {value}' for name, value in written.items())}")
