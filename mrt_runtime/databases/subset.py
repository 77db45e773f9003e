"""A sample of a database that is referentially complete: some rows of each table, and every row that their foreign keys need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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


def choose(ask: Callable[[str], object], table: str, key: Sequence[str], rows: int) -> Iterator[str]:
    """Yield how the SELECTs of a sample end, behind the table: all rows of a small one, else the first ones and the last ones.

    ask: executes a query, and returns the one value that it finds. table, key: as the database's SQL takes them; any rows are taken
    where there is no key.
    """
    most = max(rows, WHOLE)
    if int(str(ask(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {most + 1}) AS counted"))) <= most:
        yield ""
    elif not key:
        yield f" LIMIT {rows}"
    else:
        for amount, direction in ((rows - rows // 2, "ASC"), (rows // 2, "DESC")):
            if amount:
                yield f" ORDER BY {', '.join(f'{name} {direction}' for name in key)} LIMIT {amount}"
