"""A state of the scratch database on its way through the history, to come back to."""

from __future__ import annotations

from dataclasses import dataclass

from mrt_runtime.databases import Checkpoint
from mrt_runtime.seed import Seeded


@dataclass(frozen=True, slots=True)
class RunnerCheckpoint:
    """A state to come back to, and the revisions that are applied in it."""

    checkpoint: Checkpoint
    applied: frozenset[str]
    seeded: Seeded | None
