"""Which rows were adjusted for the second judgement of a revision, and in which tables they are looked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from mrt_runtime.compare.blame import bare, has_word
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.seed import Seeded
from mrt_runtime.seed.adjustment import LEFT_OUT, TABLES_APART, Adjustment
from mrt_runtime.seed.migration_hints import MigrationHints
from mrt_runtime.seed.table_order import parents_of, with_referring
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.verdict import Failure, Outcome
from mrt_runtime.verify.adjusting import computes, may_help
from mrt_runtime.verify.findings import RevisionFindings
from mrt_runtime.verify.noop_downgrade import has_noop_downgrade

HEADER = re.compile(r"^(?:down_revision|revision|depends_on|branch_labels|Revises|Revision ID)\b[^\n]*", re.MULTILINE)
"""The lines in which a migration names revisions."""


class AdjustedRows:
    """The rows that were adjusted since the revision was first judged, in words, and the tables that this was done in.

    `targets` are the tables of an INSERT that failed.
    """

    def __init__(self, hints: MigrationHints) -> None:
        self._hints = hints
        self.targets: frozenset[str] = frozenset()
        self._rows: dict[Adjustment, tuple[str, ...]] = {}
        self._tables: dict[Adjustment, Collection[str]] = {}

    def __getitem__(self, adjustment: Adjustment) -> tuple[str, ...]:
        """Return which rows were adjusted so."""
        return self._rows.get(adjustment, ())

    def clear(self) -> None:
        """Forget all: the next revision is judged, or the same one begins again with the rows as they are."""
        self._rows.clear()
        self._tables.clear()

    def note(self, adjustment: Adjustment, described: Sequence[str]) -> None:
        """Note which rows were adjusted; the second time it may be none, for it is done already, or the same again."""
        self._rows[adjustment] = tuple(dict.fromkeys((*self[adjustment], *described)))

    def may_help(self, adjustment: Adjustment, step: HistoryStep, findings: RevisionFindings, seeded: Seeded | None) -> bool:
        """Whether the step that failed may pass with rows that are adjusted so."""
        code, refuses = self._hints.code(step.file), has_noop_downgrade(step.file)
        if adjustment in TABLES_APART and not self.find_tables(step, adjustment, seeded):
            return False
        return may_help(adjustment, findings, code, refuses=refuses, seeded=seeded, has_targets=bool(self.targets))

    def find_tables(self, step: HistoryStep, adjustment: Adjustment, seeded: Seeded | None) -> Collection[str]:
        """Return the tables whose rows are adjusted: that of an INSERT that failed, or those that the file names, or else all.

        They stay the same for the revision, unless they are `widen`ed.
        """
        if adjustment is Adjustment.TARGETS:
            return self.targets
        if adjustment in TABLES_APART:
            if adjustment not in self._tables:
                self._tables[adjustment] = self._find_apart(adjustment, step, seeded)
        elif not self._tables.get(adjustment):
            tables = find_filled(adjustment, seeded)
            named = find_named(step.file, tables) or tables
            schema = seeded.schema if adjustment in LEFT_OUT and seeded is not None else None
            found = with_referring(named, schema.tables) if schema is not None else named
            self._tables[adjustment] = set(found) - self._find_kept(adjustment, seeded)
        return self._tables[adjustment]

    def _find_apart(self, adjustment: Adjustment, step: HistoryStep, seeded: Seeded | None) -> Collection[str]:
        """Return the tables that migrations fill, as far as the file names them or a table that points at them.

        Or those of which the migration reads a single row, or a column of which its rollback computes.
        """
        if seeded is None or seeded.schema is None or not computes(self._hints.code(step.file)):
            return ()
        tables = {table.label: table for table in seeded.schema.tables}
        if adjustment is Adjustment.HELD:
            return {label for label, keys in seeded.held.items() if keys}
        if adjustment is Adjustment.SINGLES:
            return self._hints.find_single(step.file, tables)
        if adjustment is Adjustment.COMPUTED:
            return {one.table for one in self._hints.find_computed(tables)}
        filled = self._hints.find_filled(tables)
        named = find_named(step.file, tables) if filled else set()
        return filled & named.union(*(parents_of(tables[label]) for label in named))

    def _find_kept(self, adjustment: Adjustment, seeded: Seeded | None) -> set[str]:
        """Return the tables without a key that migrations fill: rows of theirs would be left out along with those made up."""
        tables = {table.label: table for table in seeded.schema.tables} if seeded is not None and seeded.schema is not None else {}
        kept = {label for label, table in tables.items() if not key_columns(table)} if adjustment in LEFT_OUT else set()
        return kept & self._hints.list_filled(tables).keys() if kept else kept

    def concerns(self, adjustment: Adjustment, failure: Failure, seeded: Seeded | None) -> bool:
        """Whether what was lost was in a table whose rows may be adjusted so, or in one that points at such a table."""
        tables = set(self._tables.get(adjustment, ()))
        if failure.table is None or failure.kind != Outcome.DATA_LOSS.value or seeded is None or seeded.schema is None:
            return False
        if adjustment is Adjustment.COMPUTED:
            known = self._hints.find_computed({table.label: table for table in seeded.schema.tables})
            return any((one.table, one.column) == (failure.table, failure.column) for one in known)
        return any(table.label == failure.table and tables & {table.label, *parents_of(table)} for table in seeded.schema.tables)

    def widen(self, step: HistoryStep, adjustment: Adjustment, seeded: Seeded | None) -> bool:
        """Adjust the rows of all tables from now on, and return whether that is more and may matter: a trigger writes elsewhere."""
        if adjustment not in LEFT_OUT and not computes(self._hints.code(step.file)):
            return False
        before = set(self._tables.get(adjustment, ()))
        self._tables[adjustment] = (before | find_filled(adjustment, seeded)) - self._find_kept(adjustment, seeded)
        return self._tables[adjustment] != before


def find_named(file: str, labels: Iterable[str]) -> set[str]:
    """Return the tables that a migration names. What it says of other revisions is no table, though it may be called like one."""
    text = HEADER.sub("", Path(file).read_text(encoding="utf-8", errors="replace"))
    return {label for label in labels if has_word(text, bare(label))}


def find_filled(adjustment: Adjustment, seeded: Seeded | None) -> set[str]:
    """Return the tables that have rows which may be adjusted so."""
    return set(seeded.edges if adjustment is Adjustment.EDGES else seeded.keys) if seeded else set()
