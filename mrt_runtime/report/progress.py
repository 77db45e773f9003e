"""The line that shows at a terminal what is being verified, and how long the rest may take."""

from __future__ import annotations

import time
from typing import TextIO

from mrt_lint.report.status_line import StatusLine

ENOUGH = 3
"""Revisions that have to be done, and seconds to have passed, before anything is said about the rest."""
MINUTE, HOUR = 60, 3600


class Progress:
    """Shows on the line of a terminal at which revision a run is, and of how many."""

    def __init__(self, stream: TextIO, total: int, doing: str = "verifying") -> None:
        self._doing = doing
        self._line = StatusLine(stream)
        self._total = total
        self._number = 0
        self._begun = time.monotonic()

    def start(self, revision: str) -> None:
        """Show that the next revision is begun."""
        self._number += 1
        self._line.show(f"{self._number}/{self._total}{self._spell_rest()}  {self._doing} {revision}")

    def clear(self) -> None:
        """Make room for other output."""
        self._line.clear()

    def _spell_rest(self) -> str:
        """Return how long the rest takes if it goes on as until now; nothing where it is too early to know."""
        done, passed = self._number - 1, time.monotonic() - self._begun
        if done < ENOUGH or passed < ENOUGH:
            return ""
        return f"  {spell_rest(passed / done * (self._total - done))} left"


def spell_rest(seconds: float) -> str:
    """Return a duration that is but an estimate: "40 s", "3 min", "1 h 20 min"."""
    if seconds < MINUTE:
        return f"{max(round(seconds), 1)} s"
    if seconds < HOUR:
        return f"{round(seconds / MINUTE)} min"
    hours, rest = divmod(round(seconds / MINUTE), MINUTE)
    return f"{hours} h {rest} min"
