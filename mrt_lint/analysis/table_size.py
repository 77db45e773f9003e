"""How large a table is that an operation concerns, as far as the statistics that the project keeps know that table.

These name tables as they were at the revisions of the database they were read from. Between there and an operation a table may
have been renamed, or another may have got its name: what each revision does to names of tables is followed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable
from mrt_lint.analysis.wording import names
from mrt_lint.history import History
from mrt_lint.history.effects import Effects, Thing, effects_of
from mrt_lint.history.schema import QualifiedName, place
from mrt_lint.model.finding import Consequence, Finding
from mrt_lint.model.ops import Op
from mrt_lint.model.table_size import TableSize, TableStatistics

if TYPE_CHECKING:
    from mrt_lint.analysis.case import MigrationCase, RuleScope

FEWEST: Final = 1000
"""Rows from which on a table is no small one."""
LEAST: Final = 10_000_000
"""Bytes from which on it is none, however few rows it has."""
_NAMELESS: Final = "…"


def is_small(size: TableSize) -> bool:
    """Return whether work on every row of a table takes a moment."""
    return size.rows < FEWEST and (size.size or 0) < LEAST


def in_words(size: TableSize, name: str) -> str:
    """Return a clause that says how large a table is: "users has about 40 million rows (9 GB)"."""
    amount = "" if size.size is None else f" ({_amount(size.size, ((10**9, ' GB'), (10**6, ' MB'), (1000, ' kB')), ' bytes')})"
    rows = _amount(size.rows, ((10**9, " billion"), (10**6, " million")), "")
    return f"{name} has about {rows} row{'' if size.rows == 1 else 's'}{amount}"


def _amount(figure: int, units: Iterable[tuple[int, str]], smallest: str) -> str:
    for unit, word in units:
        if figure >= unit:
            return f"{figure / unit:.1f}".removesuffix(".0") + word
    return f"{figure:,}{smallest}"


def size_of(case: MigrationCase, op: Op) -> TableSize | None:
    """Return how large the table of an upgrade operation is, as far as the project's statistics know it."""
    revision, state = case.migration.revision, case.state_before(op)
    if case.sizes is None or not isinstance(revision, str) or state.new_table:
        return None
    found = state.table or case.tracked(op)
    table = found if isinstance(found, TrackedTable) else found and found.table
    if isinstance(table, TrackedTable):
        return case.sizes.of(table.origin, revision) if table.creator is None else None
    name = getattr(op, "table", None)
    return case.sizes.of(place(getattr(op, "schema", None), name), revision) if isinstance(name, str) else None


def is_unnoticed(op: Op, consequence: Consequence, small_tables: Collection[str]) -> bool:
    """Return whether what an operation comes to is only that others wait for a table that is declared small.

    `small_tables`, of `[tool.mrt]`, are written "users" or "crm.users". An operation that names no table, or one that could not be
    read, is noticed.
    """
    table = getattr(op, "table", None)
    if not small_tables or consequence is not Consequence.DEPLOY_BLOCKS or not isinstance(table, str):
        return False
    here = place(getattr(op, "schema", None), table)
    return any(here == place(schema or None, name) for schema, _, name in (small.rpartition(".") for small in small_tables))


def is_known_small(case: MigrationCase, op: Op, rule: RuleScope) -> bool:
    """Return whether a rule is about locks alone, and an operation about a table that the statistics know to be small."""
    if case.sizes is None or rule.consequence is not Consequence.DEPLOY_BLOCKS or rule.for_small_tables:
        return False
    size = size_of(case, op)
    return size is not None and is_small(size)


def with_size(finding: Finding, case: MigrationCase) -> Finding:
    """Return a finding about a lock with how large the table is; as it is where that is not known, or it is about another matter.

    Of several operations at one place, such as those of a loop, the one that the message names is meant.
    """
    if case.sizes is None or finding.consequence is not Consequence.DEPLOY_BLOCKS:
        return finding
    at_place = [op for op in case.operations("upgrade") if op.origin == finding.place]
    here = {(names(op)["table"], size) for op in at_place if (size := size_of(case, op)) is not None}
    if len(at_place) > 1 and any(size_of(case, op) != size for op in at_place for _, size in here):
        here = {(name, size) for name, size in here if f"table '{name}'" in finding.message}
    if len({size for _, size in here}) != 1:
        return finding
    name, size = min(here, key=lambda found: found[0])
    words = f"; {in_words(size, size.name if name == _NAMELESS else name)}"
    return replace(finding, message=finding.message + words, size=words, table_rows=size.rows)


class RecordedSizes:
    """The sizes in a statistics file, for the tables as each revision of a history names them."""

    def __init__(self, statistics: TableStatistics, history: History) -> None:
        self._graph = history.graph
        self._revisions = statistics.revisions
        self._sizes: dict[QualifiedName, TableSize] = {}
        # the default schema first: it is what a name without a schema means, "public" among others
        for table in sorted(statistics.tables, key=lambda table: (table.schema is not None, -table.rows)):
            self._sizes.setdefault(place(table.schema, table.name), table)

    def of(self, table: QualifiedName, revision: str) -> TableSize | None:
        """Return the size of the table that has a name when upgrade() of a revision begins; None if the file does not know it."""
        name = self._name_then(table, revision)
        return self._sizes.get(name) if name is not None else None

    def _name_then(self, table: QualifiedName, revision: str) -> QualifiedName | None:
        """Return what a table was called in the database of the file; None where it is another one, or was not there."""
        ranks, above = self._graph.ranks, self._graph.above
        if revision not in ranks:
            return None
        done = self._done
        if done is None:
            # of two tables that had this name, either may be the one in the file
            return table if self._arrivals[table] < 2 else None  # noqa: PLR2004  see above
        name: QualifiedName | None = table
        if done >> ranks[revision] & 1:
            for rank, effects in self._changes:
                if name and done >> rank & 1 and (rank == ranks[revision] or above[self._graph.order[rank]] >> ranks[revision] & 1):
                    name = _after(name, effects)
            return name
        for rank, effects in reversed(self._changes):
            if name and above[revision] >> rank & 1 and not done >> rank & 1:
                name = _before(name, effects)
        return name

    @cached_property
    def _done(self) -> int | None:
        """The revisions that the database of the file has run, as bits; None where that is not known."""
        ranks, above = self._graph.ranks, self._graph.above
        if not self._revisions or not all(revision in ranks for revision in self._revisions):
            return None
        done = 0
        for revision in self._revisions:
            done |= above[revision] | 1 << ranks[revision]
        return done

    @cached_property
    def _changes(self) -> list[tuple[int, Effects]]:
        """What makes, drops or renames tables, each with the rank of its revision, in order."""
        found = []
        for rank, revision in enumerate(self._graph.order):
            for op in self._graph.migrations[revision].upgrade_ops:
                effects = effects_of(op)
                if any(thing.kind == "table" for thing in (*effects.makes, *effects.drops, *(old for old, _ in effects.moves))):
                    found.append((rank, effects))
        return found

    @cached_property
    def _arrivals(self) -> Counter[QualifiedName]:
        """How often a table came to have a name."""
        changes = (effects for _, effects in self._changes)
        return Counter(
            thing.place for effects in changes for thing in _tables((*effects.makes, *(new for _, new in effects.moves)))
        )


def _tables(things: Iterable[Thing]) -> Iterator[Thing]:
    return (thing for thing in things if thing.kind == "table" and isinstance(thing.name, str))


def _after(name: QualifiedName, effects: Effects) -> QualifiedName | None:
    """Return the name that a table has after an operation, None if it is dropped."""
    for old, new in effects.moves:
        if name in {thing.place for thing in _tables((old,))}:
            return next((thing.place for thing in _tables((new,))), None)
    return None if name in {thing.place for thing in _tables(effects.drops)} else name


def _before(name: QualifiedName, effects: Effects) -> QualifiedName | None:
    """Return the name that a table had before an operation, None if that makes it."""
    for old, new in effects.moves:
        if name in {thing.place for thing in _tables((new,))}:
            return next((thing.place for thing in _tables((old,))), None)
    return None if name in {thing.place for thing in _tables(effects.makes)} else name
