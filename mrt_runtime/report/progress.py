"""The line that shows at a terminal what is being verified."""

from __future__ import annotations

from typing import TextIO

from mrt_lint.escape import printable

# to the line's start, and erase to its end (ECMA-48)
CLEAR = "\r\x1b[K"


class Progress:
    """Rewrites one line of a terminal; silent where the stream is none."""

    def __init__(self, stream: TextIO, total: int, doing: str = "verifying") -> None:
        self._doing = doing
        self._stream = stream
        self._total = total
        self._number = 0
        self._visible = stream.isatty()

    def start(self, revision: str) -> None:
        """Show that the next revision is begun."""
        self._number += 1
        self._write(f"{CLEAR}  {self._number}/{self._total}  {self._doing} {printable(revision)}")

    def clear(self) -> None:
        """Make room for other output."""
        self._write(CLEAR)

    def _write(self, text: str) -> None:
        if self._visible:
            self._stream.write(text)
            self._stream.flush()
