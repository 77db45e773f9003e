"""What a migration's text could not be read for: an error of a reader costs what it would have found, and not the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import TypeVar

Hint = TypeVar("Hint")

UNEXPECTED = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
HERE = str(Path(__file__).parent)


class UnreadHints:
    """Notes for each migration which readers failed on it."""

    def __init__(self) -> None:
        self._notes: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def describe(self, file: str) -> list[str]:
        """Return a warning of each error that a reader had with this migration."""
        return [
            f"pytest-mrt could not read {Path(file).name} for rows ({cause}): please report it; rows were made without it"
            for cause in self._notes.get(file, ())
        ]

    def note(self, file: str, error: BaseException) -> bool:
        """Note an error that no reader should have, and return whether it is one."""
        if not isinstance(error, UNEXPECTED):
            return False
        names = [frame.filename for frame in extract_tb(error.__traceback__)]
        own = next((name for name in reversed(names) if name.startswith(HERE) and name != __file__), names[-1] if names else "")
        self._notes[file][f"{type(error).__name__} in {Path(own).name}"] = None
        return True

    def noting(self, file: str) -> Reading:
        """Return a context in which such errors are noted and go no further."""
        return Reading(self, file)

    def read(self, file: str, found: Iterable[Hint]) -> Iterator[Hint]:
        """Yield what a reader finds, up to such an error."""
        with self.noting(file):
            yield from found


class Reading:
    """A migration while it is read."""

    def __init__(self, unread: UnreadHints, file: str) -> None:
        self._unread = unread
        self._file = file

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        return error is not None and self._unread.note(self._file, error)
