"""The history of a project: its revision graph, and the schema replayed up to any revision. Pure; no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

from mrt_lint.history.doubt import Doubts
from mrt_lint.history.graph import GraphFlaw, GraphProblem, RevisionGraph
from mrt_lint.history.makers import Makers
from mrt_lint.history.qualification import Qualification
from mrt_lint.history.replay import replay
from mrt_lint.history.schema import QualifiedName, ReplayedSchema, ReplayedTable, place
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.search_path import SearchPath
from mrt_lint.model.values import HOLE, UNKNOWN

__all__ = ["GraphFlaw", "GraphProblem", "History", "ReplayedSchema", "ReplayedTable", "RevisionGraph"]


class History:
    """Every migration of a project.

    The graph is read at once; a schema is replayed when it is first asked for, from those before it, so asking at every
    revision costs little more than asking at the last one.
    """

    def __init__(
        self, graph: RevisionGraph, dialect: str, *, is_declared: bool = False, names: Qualification | None = None
    ) -> None:
        self.graph = graph
        self.names = names or Qualification((), dialect)
        self.is_declared = is_declared
        self.dialect = dialect
        self._before: dict[str, ReplayedSchema] = {}
        self._at: dict[str, ReplayedSchema] = {}
        self._doubted: dict[str, Doubts] = {}
        self._read_through: dict[str, bool] = {}
        self._by_dialect: dict[str, History] = {}

    @classmethod
    def of(cls, migrations: Iterable[Migration], dialect: str | None = None, search_path: SearchPath = ()) -> History:
        """Make the history of migrations, in the order of their files; those without a readable revision are left out.

        `dialect` is the declared one (SQLAlchemy's name): dialect guards are decided by it, without one as on PostgreSQL.
        `search_path` is the one that env.py sets.
        """
        every = tuple(migrations)
        names = Qualification(every, dialect or "postgresql", search_path)
        return cls(RevisionGraph(map(names.of, every)), dialect or "postgresql", is_declared=dialect is not None, names=names)

    def on(self, dialect: str) -> History:
        """Return the same history as databases of another dialect live it."""
        if dialect == self.dialect:
            return self
        if dialect not in self._by_dialect:
            self._by_dialect[dialect] = History(self.graph, dialect, names=self.names)
        return self._by_dialect[dialect]

    def with_file(self, migration: Migration) -> History:
        """Return the history with one file replaced, at the same place in the graph; what is still valid stays cached."""
        graph = self.graph.with_file(self.names.of(migration))
        history = History(graph, self.dialect, is_declared=self.is_declared, names=self.names)
        history.keep_from(self)
        return history

    def keep_from(self, earlier: History) -> None:
        """Take over what an earlier state of this history has worked out, wherever nothing before has changed since."""
        for dialect, other in earlier._by_dialect.items():
            self.on(dialect).keep_from(other)
        graph, known = self.graph, earlier.graph
        if graph.order is known.order:
            changed = [revision for revision in graph.order if known.migrations.get(revision) is not graph.migrations[revision]]
            self._keep_schemas(earlier, changed)
            return
        common = [revision for revision in known.order if revision in graph.ranks]
        # what parallel branches do is replayed in this order, so it decides the schema that a merge finds
        same_order = common == [revision for revision in graph.order if revision in known.ranks]
        unchanged: set[str] = set()
        for revision in graph.order:
            if known.migrations.get(revision) is graph.migrations[revision]:  # whatever comes before it
                _keep(revision, earlier._doubted, self._doubted)
            before = graph.before(revision)
            if revision not in known.ranks or before != known.before(revision) or not unchanged.issuperset(before):
                continue
            if len(before) > 1 and not same_order:
                continue
            _keep(revision, earlier._before, self._before)
            was, now = known.migrations[revision], graph.migrations[revision]
            if was is now:
                _keep(revision, earlier._read_through, self._read_through)
            # an upgrade() that does what it did changes no schema at all, neither before nor after
            if was is now or now.upgrades_like(was):
                unchanged.add(revision)
                _keep(revision, earlier._at, self._at)

    def _keep_schemas(self, earlier: History, changed: Iterable[str]) -> None:
        """Take over all that follows from upgrade functions that do what they did; the files of these revisions have changed."""
        for name in ("_before", "_at", "_doubted", "_read_through"):
            vars(self)[name] = vars(earlier)[name].copy()
        for revision in changed:
            self._doubted.pop(revision, None)
            self._read_through.pop(revision, None)
        others = [revision for revision in changed if not self.migrations[revision].upgrades_like(earlier.migrations[revision])]
        ranks, above = self.graph.ranks, self.graph.above
        reach = sum(1 << ranks[revision] for revision in others)
        later = [revision for revision in self.order if above[revision] & reach] if others else []
        for kept, gone in ((self._before, later), (self._read_through, later), (self._at, (*others, *later))):
            for revision in gone:
                kept.pop(revision, None)
        if earlier.makers.hold_for(self.graph, changed):
            vars(self)["makers"] = earlier.makers
        if all(self._doubts(revision).words == earlier._doubts(revision).words for revision in changed):
            vars(self)["_named_by_plugins"] = earlier._named_by_plugins

    @property
    def migrations(self) -> dict[str, Migration]:
        """Every migration by its revision; where two files claim one revision, the first."""
        return self.graph.migrations

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions that no other names as its parent."""
        return self.graph.heads

    @property
    def bases(self) -> tuple[str, ...]:
        """The revisions that declare no parent."""
        return self.graph.bases

    @property
    def order(self) -> tuple[str, ...]:
        """The revisions, each after what must run before it; those on or behind a cycle are left out."""
        return self.graph.order

    def children(self, revision: str) -> tuple[str, ...]:
        """Return the revisions that name this one as a parent."""
        return self.graph.children.get(revision, ())

    def parents(self, revision: str) -> tuple[str, ...]:
        """Return the parents of a revision that exist."""
        return self.graph.parents.get(revision, ())

    def ancestors(self, revision: str) -> frozenset[str]:
        """Return every revision that must have run before this one, by parentage or dependency."""
        return self.graph.ancestors(revision) if revision in self.migrations else frozenset()

    def is_before(self, revision: str, later: str) -> bool:
        """Return whether a revision must have run before another one; one on or behind a cycle is before none."""
        ranks = self.graph.ranks
        return revision in ranks and later in ranks and bool(self.graph.above[later] >> ranks[revision] & 1)

    def may_be_made_in_parallel(self, revision: str, *names: str) -> bool:
        """Return whether a revision that need not run before or after this one makes a table, a column of one, or an index.

        `names` are "table", "column" or "index" and the names, folded.
        """
        makers = self.makers.by_name.get(names, ())
        return any(
            other != revision and not (self.is_before(other, revision) or self.is_before(revision, other))
            for other in (*makers, *self.makers.unseen)
        )

    @cached_property
    def makers(self) -> Makers:
        """The revisions that make a thing."""
        return Makers(self.graph)

    def may_have_made_type(self, revision: str, name: str) -> bool:
        """Return whether a revision that must have run before this one makes a type of this name, folded, or may."""
        made = self.makers.of_types
        return bool(self.graph.above.get(revision, 0) & (made.get(name, 0) | made.get(UNKNOWN, 0)))

    def ops_before(self, revision: str, table: QualifiedName) -> Iterator[Op]:
        """Yield what the revisions that must have run before this one do to a table of this name, in order."""
        above = self.graph.above.get(revision, 0)
        yield from (op for rank, op in self._ops_by_table.get(table, ()) if above >> rank & 1)

    @cached_property
    def _ops_by_table(self) -> dict[QualifiedName, list[tuple[int, Op]]]:
        """The operations that name a table, by its place, each with the rank of its revision, in order."""
        found: dict[QualifiedName, list[tuple[int, Op]]] = {}
        for revision, rank in self.graph.ranks.items():
            for op in self.migrations[revision].upgrade_ops:
                name = getattr(op, "table", None)
                if isinstance(name, str) and HOLE not in name:
                    found.setdefault(place(getattr(op, "schema", None), name), []).append((rank, op))
        return found

    def problems(self) -> Iterator[GraphProblem]:
        """Return what is wrong with the graph."""
        return self.graph.problems()

    def is_fully_read(self, revision: str, *names: str) -> bool:
        """Return whether everything that must run before a revision, and its own upgrade(), was read and uses no other table.

        Then every existing table was created by the migrations, and so was every object that belongs to one. `names` are what is
        asked about, folded: a call of a plugin's operation concerns what it names.
        """
        graph = self.graph
        if revision not in graph.ranks or graph.missing:
            return False
        reach = graph.above[revision] | 1 << graph.ranks[revision]
        named = (ranks for name, ranks in self._named_by_plugins.items() if name in names)
        return self._is_read_through(revision) and not any(ranks & reach for ranks in named)

    def _is_read_through(self, revision: str) -> bool:
        """Return whether a revision and all before it do no more than was read, and use no table that no migration creates."""
        graph, known = self.graph, self._read_through
        # without recursion, and without looking at all that is before again: of a thousand revisions each is asked about
        left = [] if revision in known else [revision]
        while left:
            here = left[-1]
            needed = [before for before in graph.before(here) if before not in known]
            if needed:
                left += needed
                continue
            left.pop()
            if here not in known:
                known[here] = all(known[before] for before in graph.before(here)) and self._is_fully_read(here)
        return known[revision]

    @cached_property
    def _named_by_plugins(self) -> dict[str, int]:
        """The words in calls of operations that Alembic does not have, each with the revisions that hold it, as bits."""
        found: dict[str, int] = {}
        for revision, rank in self.graph.ranks.items():
            for word in self._doubts(revision).words:
                found[word] = found.get(word, 0) | 1 << rank
        return found

    def _doubts(self, revision: str) -> Doubts:
        if revision not in self._doubted:
            migration = self.migrations[revision]
            self._doubted[revision] = Doubts(migration, "upgrade", None, migration.upgrade_ops)
        return self._doubted[revision]

    def _is_fully_read(self, revision: str) -> bool:
        migration, before, after = self.migrations[revision], self.before(revision), self.at(revision)
        doubts = self._doubts(revision)
        if doubts.anything or doubts.leaves_tables_open:
            return False
        for op in migration.upgrade_ops:
            name = getattr(op, "table", None)
            if isinstance(name, str) and all(
                schema.table(name, getattr(op, "schema", None)) is UNKNOWN for schema in (before, after)
            ):
                return False
        return True

    def before(self, revision: str) -> ReplayedSchema:
        """Return the schema that `upgrade()` of a revision finds; nothing is known of it on a cycle or behind one."""
        if revision not in self.graph.ranks:
            return ReplayedSchema()
        if revision not in self._before:
            self._replay(revision)
        return self._before[revision]

    def at(self, revision: str) -> ReplayedSchema:
        """Return the schema that `upgrade()` of a revision leaves."""
        if revision not in self.graph.ranks:
            return ReplayedSchema()
        self.before(revision)
        if revision not in self._at:
            self._at[revision] = self._after(self._before[revision], revision)
        return self._at[revision]

    def merged(self, revisions: Iterable[str]) -> ReplayedSchema:
        """Return the schema of a database that has run these revisions and all that they need."""
        reached = tuple(revision for revision in revisions if revision in self.graph.ranks)
        for revision in reached:
            self.before(revision)
        return self._joined(reached)

    def _replay(self, revision: str) -> None:
        """Work out the schema before a revision and before all that this needs, without recursion."""
        left = [revision]
        while left:
            here = left[-1]
            needed = [before for before in self.graph.before(here) if before not in self._before]
            if needed:
                left += needed
            else:
                left.pop()
                self._before.setdefault(here, self._joined(self.graph.before(here)))

    def _joined(self, revisions: tuple[str, ...]) -> ReplayedSchema:
        """Return the schema of the revision with the longest past, and on it what only the others have run, in order."""
        if not revisions:
            return ReplayedSchema()
        above, ranks = self.graph.above, self.graph.ranks
        # the schema of the longest past is there already: the fewest revisions have to be replayed onto it
        longest = max(revisions, key=lambda revision: above[revision].bit_count())
        missing = 0
        for revision in revisions:
            missing |= above[revision] | 1 << ranks[revision]
        # sets of revisions are bits of a whole number: of a thousand revisions they are joined in 0.1 µs, frozensets in 37
        missing &= ~above[longest] & ~(1 << ranks[longest])
        schema = self.at(longest)
        for other in self.graph.ranked(missing):
            schema = self._after(schema, other)
        return schema

    def _after(self, schema: ReplayedSchema, revision: str) -> ReplayedSchema:
        """Return the schema after an upgrade; after one that does not parse, everything known before may or may not exist."""
        migration = self.migrations[revision]
        if migration.unseen:
            return schema.obscured()
        return replay(schema, migration.upgrade_ops, self.dialect, declared=self.is_declared)


_Value = TypeVar("_Value")


def _keep(revision: str, known: Mapping[str, _Value], kept: dict[str, _Value]) -> None:
    if revision in known:
        kept[revision] = known[revision]
