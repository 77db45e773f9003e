"""Whether it matters in which order the branches behind a merge were applied: production may have had the other one first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from mrt_runtime.compare.blame import place_of, shorten
from mrt_runtime.compare.schema import Schema
from mrt_runtime.compare.schema_difference import DifferenceWording, diff
from mrt_runtime.compare.snapshot import read_schema
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases import Checkpoint, Database, Scratch
from mrt_runtime.databases.journal import NO_JOURNAL
from mrt_runtime.migrate import HistoryStep, MigrationError, MigrationGraph, Migrator
from mrt_runtime.termination import held
from mrt_runtime.verdict import Failure, Outcome, Verdict

NO_SECOND = (
    "The order of the branches was not tried: that takes a second scratch database, and the account may create none, so migrations "
    "run in the given database itself."
)


UNKNOWN = frozenset({"unknown"})
"""Revisions of a database of which nothing is known: no history has them."""


class MergeOrders:
    """Applies the branches behind merges in both orders, first and last parent first, on an empty scratch database of its own.

    It goes through the history once, from merge to merge, and applies only what comes after the fork of a merge twice, where the
    database can be kept as it is there. To be closed.
    """

    def __init__(self, database: Database, config: MRTConfig, worker: str) -> None:
        self._database = database
        self._config = config
        self._worker = worker
        self._scratch: Scratch | None = None
        self._migrator: Migrator | None = None
        self._applied: frozenset[str] = frozenset()
        self._kept: Checkpoint | None = None

    def compare(self, graph: MigrationGraph, step: HistoryStep) -> list[Failure]:
        """Return how the schema after a merge depends on the order; nothing for what is no merge."""
        shared, orders = find_orders(graph, step)
        if not orders:
            return []
        try:
            self._go_to(graph, shared)
            usual = self._apply(shared, orders[0])
        except MigrationError:  # what is wrong with the usual order is reported by other means
            self._forget()
            return []
        when = f"where the branch of {graph.sort(step.parents)[-1]} was applied first"
        try:
            self._go_back(graph, shared)
            other = self._apply(shared, orders[1])
        except MigrationError as error:
            self._forget()
            message = f"The order of the branches matters: the upgrade of {error.revision} fails {when}: {error.cause}"
            return [self._fail(error.file or step.file, message, error.line if error.file else None)]
        wording = DifferenceWording(when, "exists only")
        return [
            self._fail(step.file, f"The order of the branches matters: {difference.message}", None, difference.table)
            for difference in diff(usual, other, wording)
            if not difference.warning and not difference.is_ignored(self._config.ignore)
        ]

    def close(self) -> None:
        """Drop the scratch database."""
        scratch, self._scratch, self._migrator = self._scratch, None, None
        if scratch is not None:
            with held():
                scratch.drop()

    def _go_to(self, graph: MigrationGraph, shared: frozenset[str]) -> None:
        """Bring the database to where the branches part, and keep it as it is there."""
        migrator, scratch = self._open()
        if not self._applied <= shared:
            migrator.reset()
            self._applied = frozenset()
        migrator.upgrade_in_order(graph.sort(shared - self._applied))
        self._applied = shared
        self._forget_kept()
        self._kept = scratch.checkpoint() if shared else None

    def _go_back(self, graph: MigrationGraph, shared: frozenset[str]) -> None:
        """Bring the database back there."""
        migrator, scratch = self._open()
        if self._kept is not None:
            scratch.restore(self._kept)
        else:
            migrator.reset()
            migrator.upgrade_in_order(graph.sort(shared))
        self._forget_kept()

    def _apply(self, shared: frozenset[str], order: Sequence[str]) -> Schema:
        """Apply the branches in an order, and return what there is then."""
        migrator, scratch = self._open()
        migrator.upgrade_in_order(order)
        self._applied = shared | frozenset(order)
        with scratch.engine.connect() as connection:
            return read_schema(connection, self._database, frozenset(migrator.version_tables))

    def _forget(self) -> None:
        """Note that nothing is known of what the database holds: the next merge begins from the start."""
        self._forget_kept()
        self._applied = UNKNOWN

    def _forget_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.drop()

    def _open(self) -> tuple[Migrator, Scratch]:
        if self._scratch is None or self._migrator is None:
            with held():
                self._scratch = self._database.make_scratch(f"{self._worker}_merge")
            self._migrator = Migrator(self._config, self._scratch)
        return self._migrator, self._scratch

    def _fail(self, file: str, message: str, line: int | None, table: str | None = None) -> Failure:
        return Failure(kind=Outcome.ORDER_MATTERS.value, message=message, table=table, file=shorten(file), line=line)


def find_orders(graph: MigrationGraph, step: HistoryStep) -> tuple[frozenset[str], list[list[str]]]:
    """Return what all branches behind a merge have in common, and two orders in which the rest of them can be applied.

    The first one is as Alembic goes, the other one the other way round; the merge itself comes last in each. Where one parent is
    behind another there is none, for there is no choice.
    """
    behind = [graph.ancestors([parent]) for parent in graph.sort(step.parents)]
    if len(behind) < 2 or any(one <= other for one in behind for other in behind if one is not other):  # noqa: PLR2004  a merge has two
        return frozenset(), []
    shared = frozenset(set.intersection(*behind))
    return shared, [[*follow(graph, branches, shared), step.revision] for branches in (behind, behind[::-1])]


def follow(graph: MigrationGraph, branches: Sequence[Collection[str]], shared: frozenset[str]) -> Iterator[str]:
    """Yield the revisions of one branch after the other, those that two have in common with the first of them."""
    seen = set(shared)
    for branch in branches:
        fresh = [revision for revision in graph.sort(branch) if revision not in seen]
        seen.update(fresh)
        yield from fresh


def is_lent(scratch: Scratch) -> bool:
    """Whether a scratch database is the given one itself, beside which no second one can be made."""
    return scratch.journal is not NO_JOURNAL


def add_differences(verdict: Verdict, found: Sequence[Failure], *, fatal: bool) -> Verdict:
    """Return a verdict with what depends on the order: as failures, or else as warnings."""
    if not fatal:
        warnings = [f"{one.message}{place_of(one.file, one.line)}" for one in found]
        return replace(verdict, warnings=(*verdict.warnings, *warnings))
    outcome = Outcome.ORDER_MATTERS if found and verdict.outcome is Outcome.REVERSIBLE else verdict.outcome
    return replace(verdict, failures=(*verdict.failures, *found), outcome=outcome)
