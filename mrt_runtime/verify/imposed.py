"""Values that migrations themselves wrote, into their own rows or into those that were made up: an application has them, too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from mrt_runtime.compare.snapshot import Snapshot


class ImposedValues:
    """The texts that came to a column while migrations ran, of which those count that a migration writes out.

    names: whether any of the migrations contains a text. What is computed from a value that was made up is as made up.
    """

    def __init__(self, names: Callable[[str], bool]) -> None:
        self._names = names
        self._come: set[tuple[str, str, str]] = set()

    def note(self, before: Snapshot | None, now: Snapshot, labels: Collection[str]) -> None:
        """Record what came to these tables since an earlier look; without one, all that is there."""
        for label in labels:
            self._come.update(_find_come(before, now, label))

    def __contains__(self, value: object) -> bool:
        """Whether a migration wrote this value: a table, a column and what is there."""
        text = value[-1] if isinstance(value, tuple) else None
        if not text or not isinstance(text, str) or value not in self._come:  # a part of a document cannot be looked up
            return False
        return any(self._names(f"{mark}{text}{mark}") for mark in "'\"")


def _find_come(before: Snapshot | None, now: Snapshot, label: str) -> Iterator[tuple[str, str, str]]:
    rows, known = now.rows.tables[label], before.rows.tables.get(label) if before is not None else None
    for place, column in enumerate(rows.columns):
        old = {value for (value,) in known.project([column])} if known is not None and column in known.columns else set()
        yield from ((label, column, row[place]) for row in rows.rows if isinstance(row[place], str) and row[place] not in old)
