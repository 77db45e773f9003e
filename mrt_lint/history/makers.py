"""Which revisions make a thing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from mrt_lint.history.effects import names_made, types_made
from mrt_lint.history.graph import RevisionGraph
from mrt_lint.model.migration import Migration
from mrt_lint.model.values import Unknown


class Makers:
    """The revisions of a graph by what their upgrade functions make; looked up when it is first asked for."""

    def __init__(self, graph: RevisionGraph) -> None:
        self._graph = graph

    def hold_for(self, graph: RevisionGraph, changed: Iterable[str]) -> bool:
        """Return whether they are the same in a graph of the same order, in which the files of these revisions have changed."""
        known = self._graph.migrations
        return all(_make_alike(known[revision], graph.migrations[revision]) for revision in changed)

    @cached_property
    def unseen(self) -> list[str]:
        """The revisions that may make anything: their files do not parse."""
        return [revision for revision, migration in self._graph.migrations.items() if migration.unseen]

    @cached_property
    def by_name(self) -> dict[tuple[str, ...], list[str]]:
        """The revisions that make a thing, by its kind and name, a column by its table's, too."""
        found: dict[tuple[str, ...], list[str]] = {}
        for revision, migration in self._graph.migrations.items():
            for names in names_made(migration.upgrade_ops):
                found.setdefault(names, []).append(revision)
        return found

    @cached_property
    def of_types(self) -> dict[str | Unknown, int]:
        """The revisions that make a type, as bits, by its name, by UNKNOWN those that may make any."""
        found: dict[str | Unknown, int] = {}
        for revision, rank in self._graph.ranks.items():
            for name in _types(self._graph.migrations[revision]):
                found[name] = found.get(name, 0) | 1 << rank
        return found


def _types(migration: Migration) -> set[str | Unknown]:
    return {name for op in migration.upgrade_ops for name in types_made(op)}


def _make_alike(was: Migration, now: Migration) -> bool:
    if was is now or now.upgrades_like(was):
        return True
    if was.unseen != now.unseen or _types(was) != _types(now):
        return False
    return set(names_made(was.upgrade_ops)) == set(names_made(now.upgrade_ops))
