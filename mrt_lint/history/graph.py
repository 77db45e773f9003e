"""The revision graph as the files declare it; what is wrong with it is data, never an exception. Standard library only."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property

from mrt_lint.model.lean import dataclass
from mrt_lint.model.migration import Migration


class GraphFlaw(enum.Enum):
    """What can be wrong with a graph."""

    MISSING_PARENT = "missing parent"
    DUPLICATE = "duplicate revision"
    CYCLE = "cycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphProblem:
    """One flaw: the file to change, and what it is about.

    `revisions` are the identifiers concerned: the one that is missing, the one that is taken twice, or those on the
    cycle, in order. `others` are the further files of a duplicate or cycle.
    """

    flaw: GraphFlaw
    migration: Migration
    revisions: tuple[str, ...]
    others: tuple[Migration, ...] = ()


class RevisionGraph:
    """Revisions, their parents (`down_revision`) and what they depend on (`depends_on`).

    A duplicate identifier belongs to the file that comes first. An identifier that no revision has in full is looked for among
    the branch labels and, if that finds one only, among the prefixes of identifiers, as Alembic does for `depends_on`.
    """

    def __init__(self, migrations: Iterable[Migration]) -> None:
        self.migrations: dict[str, Migration] = {}
        self.duplicates: dict[str, list[Migration]] = defaultdict(list)
        for migration in migrations:
            revision = migration.revision
            if isinstance(revision, str) and self.migrations.setdefault(revision, migration) is not migration:
                self.duplicates[revision].append(migration)
        self.parents: dict[str, tuple[str, ...]] = {}
        self.dependencies: dict[str, tuple[str, ...]] = {}
        self.missing: list[tuple[Migration, str]] = []
        for revision, migration in self.migrations.items():
            self.parents[revision] = tuple(self._resolved(migration, migration.parents))
            self.dependencies[revision] = tuple(self._resolved(migration, migration.depends_on))
        self.children: dict[str, tuple[str, ...]] = _reversed(self.parents)

    def with_file(self, migration: Migration) -> RevisionGraph:
        """Return the same graph with one file replaced; it must declare the same revision and parents."""
        graph = copy(self)
        known = self.migrations.get(str(migration.revision))
        if known is not None and known.path == migration.path:
            graph.migrations = {**self.migrations, str(migration.revision): migration}
        return graph

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions that are the parent of no other, in the order of the files."""
        return tuple(revision for revision in self.migrations if not self.children.get(revision))

    @property
    def bases(self) -> tuple[str, ...]:
        """The revisions that declare no parent, in the order of the files."""
        return tuple(revision for revision, migration in self.migrations.items() if migration.down_revision == ())

    def before(self, revision: str) -> tuple[str, ...]:
        """Return what must have run when a revision runs: its parents, then what it depends on, each once."""
        return tuple(dict.fromkeys((*self.parents[revision], *self.dependencies[revision])))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The revisions so that each comes after what must run before it; those on or behind a cycle are left out."""
        waiting = {revision: len(self.before(revision)) for revision in self.migrations}
        followers = _reversed({revision: self.before(revision) for revision in self.migrations})
        ready = [revision for revision, count in waiting.items() if count == 0]
        for revision in ready:  # grows while it is walked
            for follower in followers.get(revision, ()):
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    ready.append(follower)
        return tuple(ready)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Each revision's place in the order."""
        return {revision: place for place, revision in enumerate(self.order)}

    @cached_property
    def above(self) -> dict[str, int]:
        """The ancestors of each revision in the order, as bits at the ancestors' ranks."""
        masks: dict[str, int] = {}
        for revision in self.order:
            masks[revision] = 0
            for before in self.before(revision):
                masks[revision] |= masks[before] | 1 << self.ranks[before]
        return masks

    @cached_property
    def labels(self) -> dict[str, str]:
        """Branch labels, each with the revision that declares it."""
        return {label: revision for revision, migration in self.migrations.items() for label in migration.branch_labels}

    def ranked(self, mask: int) -> Iterator[str]:
        """Return the revisions whose ranks are set in a mask, in order."""
        while mask:
            lowest = mask & -mask
            yield self.order[lowest.bit_length() - 1]
            mask ^= lowest

    def ancestors(self, revision: str) -> frozenset[str]:
        """Every revision that must have run before this one, on a cycle too."""
        found: set[str] = set()
        left = list(self.before(revision))
        while left:
            if (ancestor := left.pop()) not in found:
                found.add(ancestor)
                left += self.before(ancestor)
        return frozenset(found)

    def line(self, revision: str) -> set[str]:
        """Return a revision with what it follows, without what it depends on."""
        line, waiting = {revision}, [revision]
        while waiting:
            parents = [parent for parent in self.parents[waiting.pop()] if parent not in line]
            line.update(parents)
            waiting += parents
        return line

    def problems(self) -> Iterator[GraphProblem]:
        """Return what is wrong, in the order of the files within each flaw."""
        for migration, wanted in self.missing:
            yield GraphProblem(flaw=GraphFlaw.MISSING_PARENT, migration=migration, revisions=(wanted,))
        for revision, later in self.duplicates.items():
            for migration in later:
                yield GraphProblem(
                    flaw=GraphFlaw.DUPLICATE, migration=migration, revisions=(revision,), others=(self.migrations[revision],)
                )
        for cycle in self._cycles():
            first, *others = [self.migrations[revision] for revision in cycle]
            yield GraphProblem(flaw=GraphFlaw.CYCLE, migration=first, revisions=tuple(cycle), others=tuple(others))

    def _resolved(self, migration: Migration, wanted: Iterable[str]) -> Iterator[str]:
        for identifier in wanted:
            found = self._resolve(identifier)
            if found is None or (identifier not in self.migrations and identifier in migration.parents):
                self.missing.append((migration, identifier))  # Alembic takes a parent by its full identifier only
            if found is not None:
                yield found

    def _resolve(self, identifier: str) -> str | None:
        if identifier in self.migrations:
            return identifier
        label, _, revision = identifier.rpartition("@")
        wanted = label if revision in {"head", "heads", "base"} else revision
        if wanted in self.labels:
            return self.labels[wanted]
        found = [known for known in self.migrations if known.startswith(wanted)] if wanted else []
        return found[0] if len(found) == 1 else None

    def _cycles(self) -> Iterator[list[str]]:
        """Return one cycle of each strongly connected set of revisions."""
        # what has a place in the order is on no cycle and behind none
        done = set(self.order)
        for start in self.migrations:
            path: list[str] = []
            here: str | None = start
            while here is not None and here not in done and here not in path:
                path.append(here)
                here = next((before for before in self.before(here) if before not in done), None)
            if here in path:
                cycle = path[path.index(here) :]
                # the same cycle is reported alike wherever it was entered
                first = cycle.index(min(cycle, key=list(self.migrations).index))
                yield cycle[first:] + cycle[:first]
            done.update(path)


def _reversed(edges: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for revision, targets in edges.items():
        for target in targets:
            found[target].append(revision)
    return {target: tuple(revisions) for target, revisions in found.items()}
