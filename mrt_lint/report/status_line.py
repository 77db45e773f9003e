"""The line of a terminal that shows what a command is at, until there is something to read."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Final, TextIO

from mrt_lint.escape import printable
from mrt_lint.report.cells import cut_cells

# to the line's start, and erase to its end (ECMA-48)
CLEAR: Final = "\r\x1b[K"


class StatusLine:
    """Rewrites one line of a terminal; silent where the stream is none, or cannot do that."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._visible = stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, text: str) -> None:
        """Replace what the line shows."""
        # in the last column a terminal would begin another line, which nothing clears
        self._write(CLEAR + cut_cells(f"  {printable(text)}", shutil.get_terminal_size().columns - 1))

    def clear(self) -> None:
        """Make room for other output."""
        self._write(CLEAR)

    def _write(self, text: str) -> None:
        if self._visible:
            self._stream.write(text)
            self._stream.flush()


@contextlib.contextmanager
def showing(stream: TextIO, text: str) -> Iterator[None]:
    """Show what the body does for as long as it takes."""
    line = StatusLine(stream)
    line.show(text)
    try:
        yield
    finally:
        line.clear()
