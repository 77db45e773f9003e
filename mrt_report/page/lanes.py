"""The revision graph in lanes: a revision a row, and in each lane a line down to the one revision that it leads to."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    """What is drawn in one row, lanes by number from the left.

    The node's lane; whether a line comes to it from above; the lanes that pass by; those to which lines lead from the node, of
    which the `loose` only depend on another revision.
    """

    lane: int
    is_followed: bool
    passing: tuple[int, ...]
    leading: tuple[int, ...]
    loose: tuple[int, ...]


@dataclass(slots=True)
class OpenLanes:
    """The lanes in which a line runs, with the revision that it leads to, and those that are free again."""

    awaited: dict[int, str] = field(default_factory=dict)
    of: dict[str, int] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    width: int = 0

    def take(self, key: str) -> int:
        """Begin a line to a revision in the leftmost free lane, or find the one that leads there."""
        if key in self.of:
            return self.of[key]
        if self.free:
            lane = heapq.heappop(self.free)
        else:
            lane, self.width = self.width, self.width + 1
        self.awaited[lane], self.of[key] = key, lane
        return lane

    def end(self, key: str) -> int:
        """End the line to a revision, whose lane may be taken again from the next row on."""
        lane = self.of.pop(key)
        del self.awaited[lane]
        heapq.heappush(self.free, lane)
        return lane


def draw(nodes: Iterable[tuple[str, Sequence[str], Sequence[str]]]) -> Iterator[LaneRow]:
    """Yield a row for each revision, given with what it follows and what it needs, each before those.

    What is in no later row leaves its lane open to the end.
    """
    lanes = OpenLanes()
    for key, parents, needs in nodes:
        is_followed = key in lanes.of
        lane = lanes.take(key)
        passing = tuple(sorted(set(lanes.awaited) - {lane}))
        lanes.end(key)
        leading = tuple(dict.fromkeys(lanes.take(parent) for parent in parents))
        loose = tuple(dict.fromkeys(lanes.take(need) for need in needs if need not in parents))
        yield LaneRow(lane=lane, is_followed=is_followed, passing=passing, leading=leading, loose=loose)
