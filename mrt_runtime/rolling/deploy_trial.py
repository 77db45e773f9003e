"""What breaks while a migration is deployed or rolled back: the release that is on its way out meets the other's schema."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from sqlalchemy.engine import Connection

from mrt_runtime.compare.blame import locate
from mrt_runtime.compare.schema import Schema
from mrt_runtime.compare.schema_difference import diff
from mrt_runtime.databases.registry import backend_of
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.rolling.concerned_tables import find_concerned
from mrt_runtime.rolling.lost_right import LostRight, find_lost_rights
from mrt_runtime.rolling.release import Release, record_release
from mrt_runtime.rolling.trial import BrokenStatements, ReleaseTrial
from mrt_runtime.verdict import NEW_RELEASE, OLD_RELEASE, Failure, RollingDeploy

WORDS = {OLD_RELEASE: ("older", "after the upgrade", "upgrade"), NEW_RELEASE: ("newer", "after the rollback", "downgrade")}
"""What a release is called, after what it is tried, and the function that did it."""


class DeployTrial:
    """Tries one revision after the other, each once.

    connect: returns a connection of ours to the scratch database. What is executed on it is rolled back.
    setting: MRTConfig's `old_code`, nothing is tried where it is off.
    """

    def __init__(self, dialect: str, connect: Callable[[], Connection], setting: str | bool) -> None:  # noqa: FBT001  a setting of users
        self.is_on = setting not in (False, "off")
        self.is_fatal = setting == "fail"
        self._backend = backend_of(dialect)
        self._connect = connect
        self._before: Schema | None = None
        self._first: Schema | None = None
        self._old = Release()
        self._new = Release()
        self._result: RollingDeploy | None = None

    def record_old(self, step: HistoryStep, before: Schema) -> None:
        """Find out what the older release executes, before the upgrade, on the tables that the migration is about."""
        if self.is_on and self._before is None:
            self._before = before
            self._old = self._record(before, find_concerned(step.file, before))

    def try_old(self, step: HistoryStep, first: Schema) -> None:
        """Try the older release after the upgrade."""
        if self._before is None or self._result is not None:
            return
        before, old, self._first = self._before, self._old, first
        broken = self._try(old, first, skips_gone=False)
        changed = {difference.table or "" for difference in diff(before, first)} & {table.label for table in before.tables}
        unforeseen = changed - old.tables.keys() - old.untried.keys()
        self._result = RollingDeploy(
            tables=tuple(old.tables),
            untried=old.untried | dict.fromkeys(sorted(unforeseen), "the migration's file does not name it"),
            breaks=self._report(step, OLD_RELEASE, broken, (before, first)),
        )

    def record_new(self) -> None:
        """Find out what the newer release executes, on the upgraded schema that `try_old` was given."""
        if self._first is not None:
            still = {table.label for table in self._first.tables}
            self._new = self._record(self._first, self._old.tables.keys() & still)

    def try_new(self, step: HistoryStep, after: Schema) -> None:
        """Try the newer release after the rollback, without the columns and tables that are gone: to take them is its purpose."""
        if self._first is None or self._result is None:
            return
        first, self._first = self._first, None
        broken = self._try(self._new, after, skips_gone=True)
        self._result = replace(
            self._result, breaks=(*self._result.breaks, *self._report(step, NEW_RELEASE, broken, (first, after)))
        )

    def take(self) -> RollingDeploy | None:
        """Return what was found about the revision, and begin with the next one; None where nothing was tried."""
        result, self._result = self._result, None
        self._before = self._first = None
        return result

    def _record(self, schema: Schema, labels: Collection[str]) -> Release:
        if not labels:
            return Release()
        connection = self._connect()
        with self._backend.keep_positions(connection, schema):
            return record_release(connection, self._backend.values, schema, labels)

    def _try(self, release: Release, now: Schema, *, skips_gone: bool) -> list[BrokenStatements]:
        if not release.tables:
            return []
        connection = self._connect()
        with self._backend.keep_positions(connection, now):
            return ReleaseTrial(connection, self._backend.values, now, skips_gone=skips_gone).run(release)

    def _report(
        self, step: HistoryStep, kind: str, broken: Collection[BrokenStatements], schemas: tuple[Schema, Schema]
    ) -> tuple[Failure, ...]:
        """Write what breaks as failures, each with its line. schemas: the release's own, and the one that it met."""
        own, now = schemas
        release, when, function = WORDS[kind]
        tables = (self._old if kind == OLD_RELEASE else self._new).tables
        found: list[BrokenStatements | LostRight] = [*broken, *find_lost_rights(own, now, tables)]
        return tuple(
            locate(
                Failure(kind=kind, message=one.describe(release, when), table=one.table, column=one.column),
                step.file,
                one.constraint,
                own.dialect,
                function,
            )
            for one in found
        )
