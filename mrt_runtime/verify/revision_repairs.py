"""Which values were written in place of made-up ones that the revision under check could not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mrt_runtime.migrate import HistoryStep
from mrt_runtime.seed import Seeder
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.table_order import parents_of, refers_to
from mrt_runtime.seed.value_repair import RepairKey, ValueRepair, find_repairs
from mrt_runtime.verdict import Failure
from mrt_runtime.verify.findings import RevisionFindings, identify


class RevisionRepairs:
    """The repairs of one revision, by what each is about; they are made again wherever the walk comes back to its rows."""

    def __init__(self, seeder: Seeder) -> None:
        self._seeder = seeder
        self._revision: str | None = None
        self._known: dict[RepairKey, ValueRepair] = {}
        self._failures: dict[RepairKey, Failure] = {}
        self._tried: set[tuple[object, ...]] = set()

    def of(self, step: HistoryStep) -> Sequence[ValueRepair]:
        """Return those of a revision: none of one that was not under check until now."""
        if step.revision != self._revision:
            self._revision = step.revision
            self._known, self._failures, self._tried = {}, {}, set()
        return tuple(self._known.values())

    def find(self, step: HistoryStep, findings: RevisionFindings, seeded: Seeded | None) -> list[ValueRepair]:
        """Return what to write in place of the values that an upgrade could not read, if that was not tried yet; else nothing."""
        obstacle, before = findings.obstacle, findings.before
        if obstacle is None or obstacle.is_guard or before is None or seeded is None:
            return []
        hints = self._seeder.migration_hints
        tables = {table.label: table for table in before.schema.tables}
        # what migrations wrote to such a table is all that an application has there
        lookups = hints.find_filled(tables)
        referring = {label for label, table in tables.items() if parents_of(table) & lookups}
        ours = seeded.keys.keys() - self._seeder.custom_seeds.keys() - lookups
        labels = hints.read_labels(step.file)
        code = Path(step.file).read_text(encoding="utf-8", errors="replace")
        schema, rows, dialect = before.schema, before.rows, self._seeder.dialect
        for found in find_repairs(obstacle, schema, rows, dialect, labels=labels, ours=ours, code=code):
            fresh = [one for one in found if one.place not in self._tried]
            fresh = [one for one in fresh if one.label not in referring or not refers_to(tables[one.label], one.column, lookups)]
            if fresh:
                return fresh
        return []

    def add(self, repairs: Sequence[ValueRepair], failure: Failure) -> None:
        """Take repairs up, in place of earlier ones of the same columns; failure: what they are made for."""
        for one in repairs:
            self._tried.add(one.place)
            before = self._known.get(one.key)
            self._known[one.key] = replace(one, old=before.old) if before is not None else one
            self._failures.setdefault(one.key, failure)

    def describe(self, known: Sequence[ValueRepair]) -> list[tuple[list[str], Failure]]:
        """Return in words what was written beside what is known, with the failure of each line that it was for."""
        found: dict[tuple[str, int | None, str], tuple[list[str], Failure]] = {}
        for key, one in self._known.items():
            if one not in known:
                failure = self._failures[key]
                found.setdefault(identify(failure), ([], failure))[0].append(one.describe())
        return list(found.values())

    def forget(self, repairs: Sequence[ValueRepair]) -> None:
        """Go back to these: others did not help."""
        self._known = {one.key: one for one in repairs}
