"""A graph drawn in characters, one node a row: a lane is a column in which a line runs down to the one node that it leads to.

Every line that leads to a node joins its lane, so the drawing is no wider than there are nodes waited for, and each edge can be
followed: from a node down; on the row below it, along the horizontal to a lane; down that lane to the next node in it. A lane that
a horizontal merely crosses stays upright; one that bends to the left goes on in the lane where its horizontal ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_UPRIGHT: Final = _UP | _DOWN
_LYING: Final = _LEFT | _RIGHT
UNICODE: Final = dict(enumerate(" ╵╷│╴╯╮┤╶╰╭├─┴┬┼"))
"""A character for each set of arms: up 1, down 2, left 4, right 8."""
ASCII: Final = dict(enumerate(" '.|-'.+-'.+-'.+"))
CUT: Final = {True: "┆", False: ":"}
"""What a lane ends with whose node is not shown, in Unicode or ASCII."""


class DrawnRow(NamedTuple):
    """A row of the drawing: its characters and, if it shows a node, the node and its column."""

    text: str
    node: str | None = None
    place: int = 0


class LaneDrawing:
    """Draws nodes one after the other, each before those that it leads to."""

    def __init__(self, *, unicode: bool = True) -> None:
        self._characters = UNICODE if unicode else ASCII
        self._cut = CUT[unicode]
        self._awaited: list[str | None] = []
        self._columns: dict[str, int] = {}
        self._free: list[int] = []
        self._ended: int | None = None

    def draw(self, nodes: Iterable[tuple[str, Sequence[str]]]) -> Iterator[DrawnRow]:
        """Return the rows for nodes and what each leads to; one that never comes leaves its lane open at the end."""
        for node, targets in nodes:
            yield from self._draw(node, targets)
        if self._columns:
            yield DrawnRow("".join(f"{self._cut if target is not None else ' '} " for target in self._awaited).rstrip())

    def _draw(self, node: str, targets: Sequence[str]) -> Iterator[DrawnRow]:
        column = self._columns.pop(node, None)
        if column is None:
            column = self._take()
            if column == self._ended:  # right below the last node of another line, it would seem to follow it
                yield self._row({})
        self._awaited[column] = node
        yield self._row({}, node, column)
        self._awaited[column] = None
        if len(targets) == 1 and self._columns.get(targets[0], column) > column:
            yield self._draw_in(targets[0], column)
            return
        joined: list[int] = []
        opened: list[int] = []
        for target in targets:
            if target in self._columns:
                joined.append(self._columns[target])
            elif self._awaited[column] is None:
                self._await(target, column)
            else:
                opened.append(self._take())
                self._await(target, opened[-1])
        joined = [lane for lane in joined if lane != column]
        if joined or opened:
            yield self._row(self._spread(column, joined, opened))
        self._ended = column if self._awaited[column] is None and not (joined or opened) else None
        if self._awaited[column] is None:
            self._leave(column)

    def _draw_in(self, target: str, column: int) -> DrawnRow:
        """Return the row in which a lane bends left into the column of a node that leads to the same: what is long stays left."""
        lane = self._columns[target]
        self._await(target, column)
        self._awaited[lane] = None
        crossed = {between: _UPRIGHT if self._awaited[between] is not None else _LYING for between in range(column + 1, lane)}
        row = self._row({column: _UPRIGHT | _RIGHT, **crossed, lane: _UP | _LEFT})
        self._ended = None
        self._leave(lane)
        return row

    def _spread(self, hub: int, joined: Sequence[int], opened: Sequence[int]) -> dict[int, int]:
        """Return the arms in the row below a node, by column: its own, and those of the lanes that its lines join or open."""
        first, last = min(hub, *joined, *opened), max(hub, *joined, *opened)
        arms = {hub: _UP | (_DOWN if self._awaited[hub] is not None else 0)}
        arms |= dict.fromkeys(joined, _UPRIGHT) | dict.fromkeys(opened, _DOWN)
        for column in range(first, last + 1):
            if column not in arms:
                arms[column] = _UPRIGHT if self._awaited[column] is not None else _LYING
                continue
            arms[column] |= (_LEFT if column > first else 0) | (_RIGHT if column < last else 0)
        return arms

    def _row(self, arms: dict[int, int], node: str | None = None, place: int = 0) -> DrawnRow:
        """Write a row: lanes run through, but for the columns with arms of their own, between which a horizontal runs."""
        first, last = (min(arms), max(arms)) if arms else (0, 0)
        text: list[str] = []
        for column, target in enumerate(self._awaited):
            shape = arms.get(column, _UPRIGHT if target is not None else 0)
            text.append(self._characters[shape])
            text.append(self._characters[_LYING if first <= column < last else 0])
        return DrawnRow("".join(text).rstrip(), node, place * 2)

    def _take(self) -> int:
        """Return the leftmost column that is free."""
        while self._free:
            column = heapq.heappop(self._free)
            if column < len(self._awaited):  # it was not cut off in the meantime
                return column
        self._awaited.append(None)
        return len(self._awaited) - 1

    def _await(self, target: str, column: int) -> None:
        self._awaited[column] = target
        self._columns[target] = column

    def _leave(self, column: int) -> None:
        heapq.heappush(self._free, column)
        while self._awaited and self._awaited[-1] is None:
            self._awaited.pop()
