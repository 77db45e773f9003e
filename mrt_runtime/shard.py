"""One of several parts of a history, each for a machine or a process of its own. Standard library only."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

Item = TypeVar("Item")
REACHING = 0.1
"""What reaching a revision costs of what checking it costs, as measured on SQLite with 400 revisions: every part goes through those
before it."""
SPELLED = re.compile(r"(\d{1,4})/(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """The `number`th of `count` parts. All together are the whole, in its order, and each is of one piece."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return what "2/5" means on a command line."""
        match = SPELLED.fullmatch(text)
        shard = cls(*map(int, match.groups())) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.count:
            raise ArgumentTypeError(f"{text!r} names no shard: write 2/5 for the second of five")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def cut(self, whole: Sequence[Item], costs: Sequence[float] = ()) -> list[Item]:
        """Return the part: a smaller one the later it comes, so that all take the same time.

        costs: what checking each costs, in any unit; by default as much as any other.
        """
        until = [0.0, *accumulate(costs or [1.0] * len(whole))]
        return list(whole[self._end(self.number - 1, until) : self._end(self.number, until)])

    def _end(self, number: int, until: Sequence[float]) -> int:
        """Return where a part ends. until: what all that comes before each place costs."""
        wanted = until[-1] * (1 - (1 - REACHING) ** number) / (1 - (1 - REACHING) ** self.count)
        after = min(bisect_left(until, wanted), len(until) - 1)
        return after if not after or until[after] - wanted <= wanted - until[after - 1] else after - 1


WHOLE = Shard()
