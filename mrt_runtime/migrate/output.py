"""What env.py and migrations print: kept apart from the report, whatever they do with the standard streams."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

STANDARD = (0, 1, 2)


class OutputCapture(io.BytesIO):
    """Keeps what is printed through streams made on it; closing or detaching one of those takes nothing away."""

    def begin(self) -> io.TextIOWrapper:
        """Start again, and return a stream to print to, with all that a real one offers."""
        self.seek(0)
        self.truncate()
        return io.TextIOWrapper(self, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)

    def close(self) -> None:
        """Stay open: it is read after the streams are gone."""

    def read_text(self) -> str:
        """Return what was printed."""
        return self.getvalue().decode(errors="backslashreplace")


@contextlib.contextmanager
def printing_to(stream: io.TextIOWrapper) -> Iterator[None]:
    """Lead Python's standard streams to this one, and have all of them back afterwards, the system's under them as well.

    A closed one would be the next file's: the report would be written into a database.
    """
    before = {name: getattr(sys, name) for name in ("stdout", "stderr", "__stdout__", "__stderr__", "stdin", "__stdin__")}
    copies = dict(copy_open())
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, former in before.items():
            setattr(sys, name, former)
        for number, copy in copies.items():
            if not is_same(number, copy):
                os.dup2(copy, number)
            os.close(copy)


def copy_open() -> Iterator[tuple[int, int]]:
    """Yield the system's standard streams that are open, each with a copy, as far as the process may open more files."""
    for number in STANDARD:
        with contextlib.suppress(OSError):
            yield number, os.dup(number)


def is_same(number: int, copy: int) -> bool:
    """Whether a stream is still what it was when it was copied."""
    try:
        one, other = os.fstat(number), os.fstat(copy)
    except OSError:
        return False
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
