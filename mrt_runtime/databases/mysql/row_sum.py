"""What all the rows of a table add up to, as text that the server hashes one by one: the same only for the same rows.

CHECKSUM TABLE does not serve: it is the same after a text has moved to the column beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.content import write_as_text
from mrt_runtime.databases.mysql.quoting import literal

IN_UTC = "SET time_zone = '+00:00'"
"""A TIMESTAMP is shown in the session's zone, where one hour of autumn is shown twice."""
DIGITS = 15  # of a hash that are summed: sixty bits
BATCH = 25  # tables that one statement reads
Columns = Sequence[tuple[str, str]]
"""Names of columns, each with its type, without any numbers."""
RowSum = tuple[int, str]
NO_ROWS: RowSum = (0, "0")


def sum_rows(connection: Connection, tables: Sequence[tuple[str, Columns]]) -> list[RowSum]:
    """Return how many rows each table has, and what they add up to. tables: the quoted name and the columns of each."""
    selects = []
    for at, (table, columns) in enumerate(tables):
        texts = ", ".join(write_as_text(name, base) for name, base in columns)
        number = f"CAST(CONV(SUBSTRING(MD5(JSON_ARRAY({texts})), 1, {DIGITS}), 16, 10) AS UNSIGNED)"
        selects.append(f"SELECT {at}, COUNT(*), SUM({number}) FROM {table}")
    found: dict[int, RowSum] = {}
    for start in range(0, len(selects), BATCH):
        rows = connection.exec_driver_sql(" UNION ALL ".join(selects[start : start + BATCH])).all()
        found.update({int(at): (int(count), str(total or 0)) for at, count, total in rows})
    return [found[at] for at in range(len(tables))]


@contextmanager
def in_utc(connection: Connection) -> Iterator[None]:
    """Have times shown in UTC; definitions are shown and made in the session's own zone."""
    zone = str(connection.exec_driver_sql("SELECT @@time_zone").scalar_one())
    connection.exec_driver_sql(IN_UTC)
    try:
        yield
    finally:
        connection.exec_driver_sql(f"SET time_zone = {literal(zone)}")
