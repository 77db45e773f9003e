"""Things of which most stay as they are, in groups of which most stay as they are: a query over each is planned once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import TypeVar

Thing = TypeVar("Thing")
SIZE = 16
"""How many are in a group: of more, a change has more of them planned again; of fewer, there are more answers to wait for."""


def group(things: Iterable[Thing], name: Callable[[Thing], str]) -> list[list[Thing]]:
    """Return them in groups by their names alone: one that comes or goes changes no other group, as its place in a list would."""
    listed = list(things)
    number = 1
    while number * SIZE < len(listed):
        number *= 2
    groups: dict[int, list[Thing]] = {}
    for thing in listed:
        groups.setdefault(zlib.crc32(name(thing).encode()) % number, []).append(thing)
    return list(groups.values())
