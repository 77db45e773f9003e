"""Reads a drawn graph as a person would: from each node down along the lines, by nothing but the characters."""

from __future__ import annotations

from collections.abc import Sequence

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
ARMS = {
    "│": UP | DOWN,
    "─": LEFT | RIGHT,
    "├": UP | DOWN | RIGHT,
    "┤": UP | DOWN | LEFT,
    "┼": UP | DOWN | LEFT | RIGHT,
    "┬": DOWN | LEFT | RIGHT,
    "┴": UP | LEFT | RIGHT,
    "╮": DOWN | LEFT,
    "╭": DOWN | RIGHT,
    "╯": UP | LEFT,
    "╰": UP | RIGHT,
}
"""Which way each character leads, by its shape."""


class UnreadableError(Exception):
    """A line that leads nowhere, or that cannot be told from another."""


class Drawing:
    """The rows of a drawing in which each character of `nodes` is a node."""

    def __init__(self, rows: Sequence[str], nodes: str) -> None:
        self.rows = rows
        self.nodes = nodes

    def edges(self) -> set[tuple[str, str]]:
        """Give every edge that can be followed."""
        named = [(x, y, name) for y, row in enumerate(self.rows) for x, name in enumerate(row) if name in self.nodes]
        return {(name, target) for x, y, name in named for target in self.leave(x, y)}

    def leave(self, x: int, y: int) -> set[str]:
        """Follow the lines that leave a node downwards."""
        below = self.at(x, y + 1)
        if below == " ":
            return set()
        if below in self.nodes or below in "│┆":
            return {self.fall(x, y + 1)}
        arms = arms_of(below)
        if not arms & UP:
            return set()
        found = {self.fall(x, y + 2)} if arms & DOWN else set()
        for step, towards in ((1, RIGHT), (-1, LEFT)):
            if arms & towards:
                found |= self.lie(x + step, y + 1, step)
        return found

    def lie(self, x: int, y: int, step: int) -> set[str]:
        """Follow a horizontal away from its node, and down each lane that it joins or opens."""
        onwards, back = (RIGHT, LEFT) if step > 0 else (LEFT, RIGHT)
        found: set[str] = set()
        while True:
            here = self.at(x, y)
            if here == "│" and self.at(x + step, y) == "─":  # a lane that is only crossed
                x += step
                continue
            arms = arms_of(here)
            if not arms & back:
                raise UnreadableError(f"the horizontal ends at {here!r}")
            if arms & DOWN:
                found.add(self.fall(x, y + 1))
            if not arms & onwards:
                return found
            x += step

    def fall(self, x: int, y: int) -> str:
        """Follow a lane down to the node that it leads to, around the bend where it turns into another."""
        while (here := self.at(x, y)) not in self.nodes:
            if here == "┆":
                return here
            arms = arms_of(here)
            if arms == UP | LEFT:
                x = self.bend(x - 2, y)
            elif not (arms & UP and arms & DOWN):
                raise UnreadableError(f"the lane ends at {here!r}")
            y += 1
        return here

    def bend(self, x: int, y: int) -> int:
        """Follow a lane that turns left to the lane that it goes on in."""
        while self.at(x, y) in "│─":
            x -= 2
        if arms_of(self.at(x, y)) != UP | DOWN | RIGHT:
            raise UnreadableError(f"the lane bends into {self.at(x, y)!r}")
        return x

    def at(self, x: int, y: int) -> str:
        return self.rows[y][x] if 0 <= y < len(self.rows) and 0 <= x < len(self.rows[y]) else " "


def arms_of(character: str) -> int:
    if character not in ARMS:
        raise UnreadableError(f"{character!r} is no line")
    return ARMS[character]
