"""Where the functions of a revision can be stopped, noted while they run as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mrt_runtime.databases import Scratch
from mrt_runtime.migrate.interruption import StepInterruption
from mrt_runtime.migrate.observation import watched

FUNCTIONS = frozenset({"upgrade", "downgrade"})


class HalfWayLog:
    """Notes the places in functions that come to their end, where `is_on`; of one that runs again those of the last time."""

    def __init__(self, scratch: Scratch, *, is_on: bool) -> None:
        self._scratch = scratch
        self._is_on = is_on
        self._noted: dict[str, StepInterruption] = {}

    @contextmanager
    def note(self, name: str) -> Iterator[None]:
        """Note what the body runs, where it is one of the functions: a second upgrade, which goes by another name, is not."""
        if not self._is_on or name not in FUNCTIONS:
            yield
            return
        with watched(StepInterruption(self._scratch.read_transaction)) as log:
            yield
        self._noted[name] = log

    def take(self) -> dict[str, StepInterruption]:
        """Return what was noted since the last time, by the names of the functions."""
        noted, self._noted = self._noted, {}
        return noted
