"""The line that shows at a terminal what is being verified, and how long the rest may take."""

from __future__ import annotations

import os
import shutil
import time
from typing import TextIO

from mrt_lint.escape import printable
from mrt_lint.report.cells import cut_cells

# to the line's start, and erase to its end (ECMA-48)
CLEAR = "\r\x1b[K"
ENOUGH = 3
"""Revisions that have to be done, and seconds to have passed, before anything is said about the rest."""
MINUTE, HOUR = 60, 3600


class Progress:
    """Rewrites one line of a terminal; silent where the stream is none, or cannot do that."""

    def __init__(self, stream: TextIO, total: int, doing: str = "verifying") -> None:
        self._doing = doing
        self._stream = stream
        self._total = total
        self._number = 0
        self._begun = time.monotonic()
        self._visible = stream.isatty() and os.environ.get("TERM") != "dumb"

    def start(self, revision: str) -> None:
        """Show that the next revision is begun."""
        self._number += 1
        left = self._spell_rest()
        line = f"  {self._number}/{self._total}{left}  {self._doing} {printable(revision)}"
        # in the last column a terminal would begin another line, which nothing clears
        self._write(CLEAR + cut_cells(line, shutil.get_terminal_size().columns - 1))

    def clear(self) -> None:
        """Make room for other output."""
        self._write(CLEAR)

    def _spell_rest(self) -> str:
        """Return how long the rest takes if it goes on as until now; nothing where it is too early to know."""
        done, passed = self._number - 1, time.monotonic() - self._begun
        if done < ENOUGH or passed < ENOUGH:
            return ""
        return f"  {spell_rest(passed / done * (self._total - done))} left"

    def _write(self, text: str) -> None:
        if self._visible:
            self._stream.write(text)
            self._stream.flush()


def spell_rest(seconds: float) -> str:
    """Return a duration that is but an estimate: "40 s", "3 min", "1 h 20 min"."""
    if seconds < MINUTE:
        return f"{max(round(seconds), 1)} s"
    if seconds < HOUR:
        return f"{round(seconds / MINUTE)} min"
    hours, rest = divmod(round(seconds / MINUTE), MINUTE)
    return f"{hours} h {rest} min"
