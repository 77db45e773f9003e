"""The statements of a release on a schema that is not its own: which of them the database refuses, and what they read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Schema, Table, name_subject
from mrt_runtime.rolling.refused_statement import RefusedStatement, read_refused
from mrt_runtime.rolling.release import Release, TableStatements, find_types
from mrt_runtime.rolling.release_statement import VERBS, ReleaseStatement, Verb
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.seed_dialect import SeedDialect


@dataclass(slots=True)
class BrokenStatements:
    """The statements on a table, or on one column of it, that are refused for one reason; or what is read otherwise now."""

    table: str
    column: str | None
    refused: RefusedStatement | None = None
    verbs: set[Verb] = field(default_factory=set)
    types: tuple[str, str] = ("", "")

    @property
    def constraint(self) -> str | None:
        """The one that was broken, where it has a name."""
        return self.refused.constraint if self.refused is not None else None

    def describe(self, release: str, when: str) -> str:
        """Return a sentence. release: what it is called; when: after what it was tried."""
        subject = name_subject(self.table, self.column)
        if self.refused is None:
            return f"{subject}: the {release} release reads {self.types[1]} instead of {self.types[0]} {when}"
        verbs = [verb for verb in VERBS if verb in self.verbs]
        listed = verbs[0] if len(verbs) == 1 else f"{', '.join(verbs[:-1])} and {verbs[-1]}"
        fail = "fails" if len(verbs) == 1 else "fail"
        return f"{subject}: {listed} of the {release} release {fail} {when}: {self.refused.words}"


class ReleaseTrial:
    """Tries a release on another schema, `now`.

    skips_gone: whether statements go on without the tables and columns that are not there, as those which a rollback takes away.
    """

    def __init__(self, connection: Connection, dialect: SeedDialect, now: Schema, *, skips_gone: bool) -> None:
        self._connection = connection
        self._writer = RowWriter(connection, dialect)
        self._attempt = dialect.attempt
        self._place = connection.engine.url.database or ""
        self._now = {table.label: table for table in now.tables}
        self._skips_gone = skips_gone
        self._found: dict[tuple[str, str | None, str], BrokenStatements] = {}

    def run(self, release: Release) -> list[BrokenStatements]:
        """Return what breaks. What the statements do is rolled back."""
        for label, statements in release.tables.items():
            if not self._skips_gone or label in self._now:
                self._try_table(statements)
        return list(self._found.values())

    def _try_table(self, known: TableStatements) -> None:
        now = self._now.get(known.table.label)
        gone: Collection[str] = ()
        if self._skips_gone and now is not None:
            gone = {column.name for column in known.table.columns if now.column(column.name) is None}
        missing = {*gone, *self._read(known, now, gone)}
        for update in known.updates:
            self._try((update,), known, gone, missing)
        for group in (*known.inserts, *known.deletes):
            self._try(group, known, gone, missing)

    def _read(self, known: TableStatements, now: Table | None, gone: Collection[str]) -> Iterator[str]:
        """Try the SELECT, and yield the columns that it cannot name; none where it can name no column at all."""
        read = known.read.without(gone)
        if read is None:
            return
        rows = self._run(read, known)
        if not isinstance(rows, RefusedStatement):
            self._compare_types(known, now, read.columns, rows)
            return
        alone = {name: self._run(read.naming([name]), known) for name in read.columns}
        refused = {name: found for name, found in alone.items() if isinstance(found, RefusedStatement)}
        if len(refused) == len(alone) or not refused:
            self._note(known.table.label, None, rows, "SELECT")
            return
        for name, found in refused.items():
            self._note(known.table.label, name, found, "SELECT")
        yield from refused

    def _compare_types(
        self, known: TableStatements, now: Table | None, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        types = find_types(columns, rows)
        for name in columns:
            old, new = known.table.column(name), now.column(name) if now is not None else None
            if old is None or new is None or old.type == new.type:  # the same type of column reads the same values
                continue
            was, found = known.types.get(name, frozenset()), types.get(name, frozenset())
            if was and found - was:
                names = " or ".join(sorted(was)), " or ".join(sorted(found - was))
                self._found[known.table.label, name, "types"] = BrokenStatements(known.table.label, name, types=names)

    def _try(self, group: Sequence[ReleaseStatement], known: TableStatements, gone: Collection[str], missing: set[str]) -> None:
        """Try statements in one transaction; once more without the columns that are missing, which hide what else fails."""
        refused = self._try_once(group, known, gone)
        if refused is not None and missing.difference(gone):
            for one in [one for one in self._found.values() if one.table == known.table.label and one.column in missing]:
                one.verbs.add(refused[0].verb)
            refused = self._try_once(group, known, missing)
        if refused is None:
            return
        statement, found = refused
        label = statement.table.label
        same = [one for one in self._found.values() if one.table == label and one.refused and one.refused.state == found.state]
        if found.column is None and same:
            same[0].verbs.add(statement.verb)
            return
        culprits: list[tuple[str | None, RefusedStatement]] = []
        if found.column is None:
            culprits += self._find_culprits(statement, known, missing)
        if 1 < len(culprits) == len(set(statement.columns) - missing) and {why.words for _, why in culprits} == {found.words}:
            culprits = []  # it is the table that cannot be written to
        for name, why in culprits or [(found.column, found)]:
            self._note(label, name, why, statement.verb)

    def _try_once(
        self, group: Sequence[ReleaseStatement], known: TableStatements, missing: Collection[str]
    ) -> tuple[ReleaseStatement, RefusedStatement] | None:
        """Return the statement that is refused, and why; None where all go through."""
        try:
            for statement in group:
                one = statement.without(missing) if statement.table.label == known.table.label else statement
                found = self._run(one, known, keeps=True) if one is not None else ()
                if isinstance(found, RefusedStatement):
                    return statement, found
        finally:
            self._connection.rollback()
        return None

    def _find_culprits(
        self, update: ReleaseStatement, known: TableStatements, missing: Collection[str]
    ) -> Iterator[tuple[str, RefusedStatement]]:
        """Yield the columns that an UPDATE cannot set alone; of another statement none."""
        for name in update.columns if update.verb == "UPDATE" else ():
            found = self._run(update.naming([name]), known) if name not in missing else ()
            if isinstance(found, RefusedStatement):
                yield name, found

    def _run(self, statement: ReleaseStatement, known: TableStatements, *, keeps: bool = False) -> Sequence[Any] | RefusedStatement:
        """Return what a statement reads, or why it is refused; what it does is rolled back, unless others build on it."""
        try:
            with self._attempt(self._connection):
                return statement.run(self._writer)
        except DBAPIError as error:
            refused = read_refused(error, known.table, self._now.get(known.table.label), self._place)
            # a DELETE is of the row, whichever column others refer to it by
            return replace(refused, column=None) if statement.verb == "DELETE" else refused
        finally:
            if not keeps:
                self._connection.rollback()

    def _note(self, label: str, column: str | None, refused: RefusedStatement, verb: Verb) -> None:
        if refused.is_taken:  # by rows that the migration, or this run, has put there
            return
        reason = refused.constraint or refused.state if column is None else ""
        self._found.setdefault((label, column, reason), BrokenStatements(label, column, refused)).verbs.add(verb)
