"""How a user names a revision, in Alembic's syntax: an id, its prefix, head, heads, base, branch@head, head-1, a1+2.

Alembic, “Partial Revision Identifiers”, “Relative Migration Identifiers” and “Working with Branches”
(https://alembic.sqlalchemy.org/en/latest/tutorial.html, …/branches.html). Where Alembic counts from the revision that the database
is at, a reader of files has no database: `-1` counts from the head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mrt_lint.history.graph import RevisionGraph
from mrt_lint.settings import nearest
from mrt_lint.usage import UsageError

# as Alembic reads +1 and head-2; a bound, since int() raises beyond 4,300 digits
_RELATIVE: Final = re.compile(r"(?P<start>.*?)(?P<distance>[+-]\d{1,9})")


def find(wanted: str, graph: RevisionGraph) -> tuple[str, ...] | None:
    """Return the revisions that are meant: one; none for `base`; for `heads` as many as there are. None if the graph has no such.

    Raises UsageError if several could be meant, and where a distance leads nowhere.
    """
    if wanted in graph.migrations:
        return (wanted,)
    branch, _, symbol = wanted.rpartition("@")
    line = None
    if branch:
        root = _one(branch, graph)
        if root is None:
            return None
        line = _lineage(root, graph)
    if relative := _RELATIVE.fullmatch(symbol):
        start = _absolute(relative["start"] or "head", graph, line, wanted)
        return None if start is None else _walk(start, int(relative["distance"]), graph, line, wanted)
    return _absolute(symbol, graph, line, wanted)


def unknown_revision(wanted: str, names: Iterable[str]) -> UsageError:
    """Return the error that there is no such revision, with the one that may be meant."""
    return UsageError(f"There is no revision {wanted}{nearest(wanted, names) or '.'}")


def _absolute(symbol: str, graph: RevisionGraph, line: set[str] | None, wanted: str) -> tuple[str, ...] | None:
    if symbol == "base":
        return ()
    if symbol in {"head", "heads"}:
        heads = tuple(head for head in graph.heads if line is None or head in line)
        if not heads:
            raise UsageError(f"There is no {symbol}: no revision is the last.")
        if symbol == "head" and len(heads) > 1:
            raise UsageError(f"{wanted} may be any of {len(heads)} heads: name {_either(heads)}, or write heads.")
        return heads
    found = _one(symbol, graph)
    if found is not None and line is not None and found not in line:
        raise UsageError(f"{found} is not on the branch that {wanted} names.")
    return None if found is None else (found,)


def _one(name: str, graph: RevisionGraph) -> str | None:
    """Find a revision by its id, by a branch label that it declares, or by the prefix of its id."""
    if not name or name in graph.migrations:
        return name or None
    if name in graph.labels:
        return graph.labels[name]
    fitting = [known for known in graph.migrations if known.startswith(name)]
    if len(fitting) > 1:
        raise UsageError(f"{name} is the beginning of several revisions: {', '.join(sorted(fitting))}.")
    return fitting[0] if fitting else None


def _walk(start: tuple[str, ...], distance: int, graph: RevisionGraph, line: set[str] | None, wanted: str) -> tuple[str, ...]:
    """Go some revisions towards the heads or, with a negative distance, towards the bases, while the way is the only one."""
    if len(start) > 1:
        raise UsageError(f"{wanted} cannot be counted from several heads: name {_either(start)} instead of heads.")
    here = start[0] if start else None
    for step in range(abs(distance)):
        if distance > 0:
            ways = graph.bases if here is None else graph.children.get(here, ())
        else:
            ways = () if here is None else graph.parents[here]
            if not ways and here is not None and graph.migrations[here].down_revision != ():
                raise UsageError(f"{wanted} leads out of the history: what {here} follows is in no file.")
        ways = tuple(way for way in ways if line is None or way in line)
        if len(ways) > 1:
            raise UsageError(f"{wanted} may be {_either(ways)}: name one.")
        if not ways and (here is None or distance > 0):
            raise UsageError(f"{wanted} leads out of the history: it ends after {_steps(step)}.")
        here = ways[0] if ways else None
    return () if here is None else (here,)


def _lineage(root: str, graph: RevisionGraph) -> set[str]:
    """Return a revision with all that descend from it and all that it descends from; dependencies make no branch."""
    found = {root}
    for edges in (graph.parents, graph.children):
        left = [root]
        while left:
            new = [other for other in edges.get(left.pop(), ()) if other not in found]
            found.update(new)
            left += new
    return found


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
