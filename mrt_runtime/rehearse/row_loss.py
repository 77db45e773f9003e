"""Which rows and values a rollback did not bring back: first by fingerprints, then row by row against a second copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mrt_runtime.compare.blame import locate
from mrt_runtime.compare.rows import key_of
from mrt_runtime.compare.schema import Table
from mrt_runtime.databases.registry import backend_of
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.rehearse.row_merge import WHEN, RowMerge
from mrt_runtime.rehearse.scratch_copy import CopyState, ScratchCopy
from mrt_runtime.verdict import Failure
from mrt_runtime.verify.stamp import find_stamps


@dataclass(frozen=True, slots=True)
class SuspectTable:
    """A table whose fingerprint is not as it was."""

    table: Table
    rows: int
    rows_now: int | None

    def describe(self) -> Failure:
        """Return the failure as far as fingerprints show it."""
        label = self.table.label
        if self.rows_now is None or self.rows_now < self.rows:
            message = f"Table '{label}': {self.rows - (self.rows_now or 0)}/{self.rows} rows lost {WHEN}"
        elif self.rows_now > self.rows:
            message = f"Table '{label}': {self.rows_now - self.rows} rows left behind {WHEN}"
        else:
            message = f"Table '{label}': values of its {self.rows} rows changed {WHEN}"
        return Failure(kind="data-loss", message=message, table=label)


def find_suspects(before: CopyState, after: CopyState) -> list[SuspectTable]:
    """Return the tables that had rows, or have some now, and whose fingerprints differ."""
    tables = {table.label: table for table in before.schema.tables}
    found = []
    for label, was in before.rows.tables.items():
        now = after.rows.tables.get(label)
        if now == was or (now is None and not was.rows):
            continue
        # columns that are gone held nothing where there was no row
        if now is not None and now.rows == was.rows == 0:
            continue
        found.append(SuspectTable(tables[label], was.rows, None if now is None else now.rows))
    return found


class RowLoss:
    """Finds what became of the rows of suspect tables, on `lossy` after the rollback, as against `whole` before the upgrade."""

    def __init__(self, step: HistoryStep, before: CopyState, first: CopyState, *, shows_values: bool) -> None:
        self._step = step
        self._before = before
        self._excuse = find_stamps(before.schema, first.schema)
        self._shows_values = shows_values
        self.notes: list[str] = []

    def compare(self, suspects: list[SuspectTable], lossy: ScratchCopy, after: CopyState, whole: ScratchCopy) -> Iterator[Failure]:
        """Yield the failures; a table that the second copy holds otherwise than the first did is reported by its fingerprint."""
        again = whole.look()
        for suspect in suspects:
            label = suspect.table.label
            now = next((table for table in after.schema.tables if table.label == label), None)
            if now is None:
                yield self.locate(suspect.describe())
            elif again.rows.tables.get(label) != self._before.rows.tables[label]:
                yield self.locate(suspect.describe())
                self.notes.append(
                    f"Table '{label}' has changed in the given database since, so its rows were not compared one by one."
                )
            else:
                yield from map(self.locate, self._merge(suspect.table, now, lossy, whole))

    def locate(self, failure: Failure) -> Failure:
        """Add the line of the migration to a failure, where it is known."""
        return locate(failure, self._step.file, dialect=self._before.schema.dialect)

    def _merge(self, table: Table, now: Table, lossy: ScratchCopy, whole: ScratchCopy) -> list[Failure]:
        columns = [column.name for column in table.columns]
        shared = [name for name in columns if now.column(name) is not None]
        key = [name for name in key_of(table) if name in shared] if set(key_of(table)) <= set(shared) else []
        stream = backend_of(self._before.schema.dialect).stream_rows
        merge = RowMerge(table, key, columns, shared, self._excuse, self._shows_values)
        old = stream(whole.connect(), table, key or shared, columns)
        new = stream(lossy.connect(), now, key or shared, shared)
        failures, notes = merge.compare(old, new)
        self.notes += notes
        whole.release()
        lossy.release()
        return failures
