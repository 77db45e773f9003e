"""A sample of a database that is referentially complete: some rows of each table, and every row that their foreign keys need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

WHOLE = 100
"""A table of so many rows is taken whole: it may be the one of Alembic, or a list that everything refers to."""
BATCH = 1000
"""Rows that are fetched by their keys at a time."""


@dataclass(frozen=True, slots=True)
class SubsetKey:
    """A foreign key, with names as the database's SQL takes them: rows of `child` need those of `parent`."""

    child: str
    columns: tuple[str, ...]
    parent: str
    referred: tuple[str, ...]


def complete(keys: Iterable[SubsetKey], bring: Callable[[SubsetKey], int]) -> None:
    """Bring the rows that those in the copy need, and those that these need in turn, until none is missing.

    bring: brings the parents that one key lacks, and returns how many. Keys of a table are asked again when it got rows, so cycles
    and references to the same table come to an end where nothing more is missing.
    """
    every = list(keys)
    pending = list(every)
    while pending:
        key = pending.pop()
        if bring(key):
            pending += [other for other in every if other.child == key.parent and other not in pending]


def halves(count: int) -> tuple[int, int]:
    """Return how many of the first and of the last rows of a table make a sample of so many."""
    return count - count // 2, count // 2
