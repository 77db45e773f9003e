"""States of the scratch database on its way through the history, to come back to, and when another one is worth its cost."""

from __future__ import annotations

from dataclasses import dataclass

from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.databases import Checkpoint, Scratch
from mrt_runtime.seed import Seeded

COST = 5
"""Revisions whose replay takes as long as a copy of the database: one on SQLite, three on PostgreSQL, up to ten on MariaDB."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A state to come back to, the revisions that are applied in it, and what the last look there saw."""

    checkpoint: Checkpoint
    applied: frozenset[str]
    seeded: Seeded | None
    seen: Snapshot | None = None


class MilestoneRecord:
    """The milestone of a run, `last`, and what going back and setting one took so far.

    Without one on the way, going back costs a replay of all that came since. As often as the walk went back so far, it is expected
    to go back again: what that would cost adds up at each revision, and once it comes to what a milestone costs, one is set. So the
    replays cost no more than the milestones do, however long the history. Costs are counted in revisions and not measured: to where
    the walk goes back decides which rows it finds there, and two runs are to find the same ones.
    Most histories never need one: before the walk had to turn back for the first time, none is set.
    """

    def __init__(self) -> None:
        self.last: Milestone | None = None
        self._approaches = 0
        self._returns = 0
        self._due = 0.0

    def note_return(self) -> None:
        """Note that the walk went back."""
        self._returns += 1

    def is_due(self, distance: int) -> bool:
        """Whether to set one here, so many revisions behind the last one that leads on from here. Asked at each approach."""
        self._approaches += 1
        self._due += self._returns / self._approaches * (distance + 1)
        return bool(self._returns and distance) and (self.last is None or self._due >= COST)

    def set(self, scratch: Scratch, applied: frozenset[str], seeded: Seeded | None, seen: Snapshot | None = None) -> None:
        """Keep the present state instead of the last one, where the server allows it. No connection of ours may be open."""
        checkpoint = scratch.checkpoint()
        if checkpoint is None:
            return
        if self.last is not None:
            self.last.checkpoint.drop()
        self.last, self._due = Milestone(checkpoint, applied, seeded, seen), 0.0
