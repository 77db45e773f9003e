"""What traffic on a table executes beside a migration: one who reads a row by its key, and one who locks it as an UPDATE does."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mrt_runtime.compare.schema import Table


class TrafficEnd(enum.Enum):
    """How an attempt ended that the database refused."""

    BUSY = "another session has a lock that it needs"
    AGAIN = "it can be repeated at once"
    GONE = "there is nothing more to read or write"


class TrafficDialect(Protocol):
    """The statements of traffic. None of them changes a row, fires a trigger or outlives its own round trip to the server.

    The last thing that one returns is how many seconds it took on the server, or nothing where the row is gone.
    """

    patience: float
    """Seconds after which a session gives up."""

    def limit(self) -> tuple[str, ...]:
        """Return what makes a session give up."""

    def find_row(self, cursor: Any, table: Table, *, last: bool) -> str:
        """Return a condition that finds the first row of a table by its key, or the last one; any row where there is no key."""

    def read(self, table: Table, row: str) -> str:
        """Return a statement that reads the row of a condition."""

    def write(self, table: Table, row: str) -> str:
        """Return a statement that takes the locks of an UPDATE of the row."""

    def judge(self, error: BaseException) -> TrafficEnd:
        """Return what it means that a statement was refused."""


def list_keys(table: Table) -> tuple[str, ...]:
    """Return the columns of a table's primary key; none where it has none."""
    return table.primary_key.columns if table.primary_key is not None else ()


def find_row(
    cursor: Any, table: str, keys: Sequence[str], *, last: bool, show: Callable[[str], str], write: Callable[[Any], str]
) -> str:
    """Return a condition for the first row of a table in the order of its key, or for the last one; for any where there is none.

    table, keys: quoted. show: writes a column as it is read; write: writes what was read as a literal.
    """
    if not keys:
        return "TRUE"
    order = ", ".join(f"{name} DESC" if last else name for name in keys)
    cursor.execute(f"SELECT {', '.join(map(show, keys))} FROM {table} ORDER BY {order} LIMIT 1")
    found = cursor.fetchone()
    return " AND ".join(f"{name} = {write(value)}" for name, value in zip(keys, found, strict=True)) if found else "TRUE"
