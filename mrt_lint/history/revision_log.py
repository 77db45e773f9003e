"""The revisions of a history, newest first, and what is wrong with each one's place in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TypeAlias

from mrt_lint.history.graph import RevisionGraph
from mrt_lint.model.lean import dataclass
from mrt_lint.model.migration import Migration

Edges: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRevision:
    """A revision. `key` is its file's path, since two files may claim one revision.

    `parents` are the keys of what it follows and `needs` of what it depends on, as far as there are such files; `above` are those
    of its parents that come before it in the log, which only a circle does. `problems` are clauses that say what is wrong.
    """

    key: str
    migration: Migration
    parents: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    above: frozenset[str] = field(default_factory=frozenset)
    is_head: bool = False
    is_base: bool = False
    problems: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """Its identifier."""
        return str(self.migration.revision)


def log(graph: RevisionGraph) -> list[LoggedRevision]:
    """Return every revision, each before what it follows or needs; of a cycle, one counts as the newest."""
    entries = _entries(graph)
    ordered: list[LoggedRevision] = []
    placed: set[str] = set()
    for key in _newest_first(entries, graph):
        placed.add(key)
        entry = entries[key]
        above = frozenset(parent for parent in entry.parents if parent in placed)
        circle = tuple(
            f"follows {entries[parent].revision}, which follows it: a circle" for parent in entry.parents if parent in above
        )
        ordered.append(replace(entry, above=above, problems=(*entry.problems, *circle)) if above else entry)
    return ordered


def _entries(graph: RevisionGraph) -> dict[str, LoggedRevision]:
    """Make an entry for each file, those that claim a revision that another has included."""
    missing: dict[str, list[str]] = {}
    for migration, wanted in graph.missing:
        missing.setdefault(migration.path, []).append(f"follows or needs {wanted}, which is in no file")
    heads, bases = set(graph.heads), set(graph.bases)
    entries: dict[str, LoggedRevision] = {}
    for revision, migration in graph.migrations.items():
        taken = [f"{other.path} claims this revision, too" for other in graph.duplicates.get(revision, ())]
        unread = [] if isinstance(migration.down_revision, tuple) else ["what it follows could not be read"]
        entries[migration.path] = LoggedRevision(
            key=migration.path,
            migration=migration,
            parents=_keys(graph.parents[revision], graph),
            needs=_keys(graph.dependencies[revision], graph),
            is_head=revision in heads,
            is_base=revision in bases,
            problems=(*missing.get(migration.path, ()), *taken, *unread),
        )
    for revision, later in graph.duplicates.items():
        for migration in later:
            entries[migration.path] = LoggedRevision(
                key=migration.path,
                migration=migration,
                parents=_keys((parent for parent in migration.parents if parent in graph.migrations), graph),
                problems=(f"{graph.migrations[revision].path} claims this revision, too",),
            )
    return entries


def _keys(revisions: Iterable[str], graph: RevisionGraph) -> tuple[str, ...]:
    return tuple(dict.fromkeys(graph.migrations[revision].path for revision in revisions))


def _newest_first(entries: dict[str, LoggedRevision], graph: RevisionGraph) -> Iterator[str]:
    """Return the keys so that a line is followed as far as it goes before the next one begins."""
    waiting = dict.fromkeys(entries, 0)
    followers: dict[str, list[str]] = {key: [] for key in entries}
    preceding = {key: _before(entry) for key, entry in entries.items()}
    for key in entries:
        for before in preceding[key]:
            waiting[before] += 1
            followers[before].append(key)
    files = {key: place for place, key in enumerate(entries)}
    # what is on a cycle has no rank, and comes last
    ranks = {key: graph.ranks.get(entry.revision, -1) for key, entry in entries.items()}
    oldest_first = sorted(entries, key=lambda key: (ranks[key], files[key]))
    ready = [key for key in oldest_first if waiting[key] == 0]
    placed: set[str] = set()
    while ready or oldest_first:
        if not ready:
            if oldest_first[-1] in placed:
                oldest_first.pop()
            else:
                ready.append(_on_circle(oldest_first[-1], followers, preceding, placed))
            continue
        key = ready.pop()
        if key in placed:
            continue
        placed.add(key)
        yield key
        for before in reversed(preceding[key]):
            waiting[before] -= 1
            if waiting[before] == 0:
                ready.append(before)


def _before(entry: LoggedRevision) -> Sequence[str]:
    return tuple(dict.fromkeys((*entry.parents, *entry.needs)))


def _on_circle(key: str, followers: Edges, preceding: Edges, placed: set[str]) -> str:
    """Return a revision of the circle that keeps another from being placed, of one that nothing but itself follows.

    What follows it and does not lead back to it is on another cycle, further on: so look there.
    """
    while True:
        further = _reach(key, followers, placed) - _reach(key, preceding, placed)
        if not further:
            return key
        key = min(further)


def _reach(key: str, edges: Edges, placed: set[str]) -> set[str]:
    """Return all that can be reached from a revision and is not placed yet."""
    found: set[str] = set()
    left = [key]
    while left:
        new = {other for other in edges[left.pop()] if other not in placed} - found
        found |= new
        left += new
    return found
