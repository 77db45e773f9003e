"""Standard output and standard error in any state that the caller left them in: closed, full, or without a reader."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any, Final, TextIO

# 0, 1 and 2 are input, output and errors
_STANDARD: Final = 3


class OutputError(Exception):
    """The result cannot be written: one sentence with the reason."""


class GuardedStream:
    """A stream whose own errors are distinct from all others: they are OutputError, except that the reader closed the pipe.

    What is not part of the result (`needed` is false) is dropped instead if it cannot be written.
    """

    def __init__(self, stream: TextIO, *, needed: bool = True) -> None:
        self._stream = stream
        self._needed = needed
        self.broken = False

    def write(self, text: str) -> int:
        """Write a text."""
        with self:
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back."""
        with self:
            self._stream.flush()

    def __enter__(self) -> GuardedStream:  # noqa: PYI034  Self came with Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Translate errors of the stream; leave all others alone."""
        if not isinstance(error, OSError):
            return False
        self.broken = True
        if not self._needed:
            return True
        if isinstance(error, BrokenPipeError):
            return False
        raise OutputError(f"the output cannot be written: {error.strerror or error}") from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class StandardStreams:
    """Sees that there are standard streams for as long as a command runs; what is closed leads nowhere."""

    def __enter__(self) -> StandardStreams:  # noqa: PYI034  Self came with Python 3.11
        self.closed = sys.stdout is None
        self._before = {name: getattr(sys, name) for name in ("stdout", "stderr")}
        if None in (sys.stdin, *self._before.values()):
            _fill()
        for name, stream in self._before.items():
            stream = stream or open(os.devnull, "w", encoding="utf-8")  # noqa: PLW2901, PTH123  for the whole run
            if hasattr(stream, "reconfigure"):
                # a name of a user may not exist in the terminal's encoding, and must not end the command
                stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, GuardedStream(stream, needed=name == "stdout"))
        return self

    def __exit__(self, *_: object) -> None:
        """Return the streams back; what a broken one still holds back must not be tried again at the exit."""
        for name, stream in self._before.items():
            setattr(sys, name, None if getattr(sys, name).broken else stream)


def _fill() -> None:
    """Open something in the place of each standard stream that is closed: the next file would take its number, and its writes."""
    while (number := os.open(os.devnull, os.O_RDWR)) < _STANDARD:
        pass
    os.close(number)
