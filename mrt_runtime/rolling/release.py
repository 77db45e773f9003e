"""What a release executes on its own schema. Each statement is tried there first: what fails later worked before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Schema, Table, qualified
from mrt_runtime.rolling.refused_statement import read_words
from mrt_runtime.rolling.release_statement import RecordingWriter, ReleaseStatement
from mrt_runtime.seed.partition import with_inherited
from mrt_runtime.seed.row_writer import MOST_ROWS, RowWriter
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.unique_key import key_columns, uniques_of
from mrt_runtime.seed.value import Row

SEED_ROWS = 3  # a row of each variety
IN_TABLES = frozenset({"table", "partitioned", "partition"})
TRANSACTIONAL = frozenset({None, "innodb", "rocksdb", "sequence"})
"""Engines of MySQL and MariaDB that take back what a transaction did; other databases have no engines."""
REFUSING = frozenset({"NO ACTION", "RESTRICT"})
"""What foreign keys do about a DELETE that changes no other row."""
StatementGroup = tuple[ReleaseStatement, ...]
"""Statements of one transaction, which is rolled back."""


@dataclass(slots=True, kw_only=True)
class TableStatements:
    """What a release executes on one table. `types` are the types of the values that it reads, by column."""

    read: ReleaseStatement
    types: dict[str, frozenset[str]]
    updates: list[ReleaseStatement] = field(default_factory=list)
    inserts: list[StatementGroup] = field(default_factory=list)
    deletes: list[StatementGroup] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The table as the release knows it."""
        return self.read.table


@dataclass(slots=True)
class Release:
    """What a release executes, by table; `untried` says of a table why less than all of it is known."""

    tables: dict[str, TableStatements] = field(default_factory=dict)
    untried: dict[str, str] = field(default_factory=dict)


def record_release(connection: Connection, dialect: SeedDialect, schema: Schema, labels: Collection[str]) -> Release:
    """Return what a release executes on these tables of its schema. What is tried for it is rolled back."""
    release = Release()
    for table in schema.tables:
        if table.label not in labels or table.kind not in IN_TABLES:
            continue
        engine = dict(table.options).get("engine")
        if (engine.lower() if engine else None) not in TRANSACTIONAL:
            release.untried[table.label] = f"{engine} takes nothing back that a statement did"
            continue
        try:
            record_table(release, TableRecorder(connection, dialect, schema, table))
        except DBAPIError as error:
            release.untried[table.label] = read_words(error)
        finally:
            connection.rollback()
    return release


def record_table(release: Release, recorder: TableRecorder) -> None:
    """Add what the release executes on one table; rows of a partition go through the table that it is a part of."""
    target, label = recorder.target, recorder.target.label
    known = release.tables.get(label)
    if known is None:
        read = ReleaseStatement(verb="SELECT", table=target, columns=tuple(column.name for column in target.columns))
        known = TableStatements(read=read, types=find_types(read.columns, read.run(recorder.writer)))
    inserts = list(recorder.record_inserts())
    if inserts:
        known.inserts += inserts
        known.updates += recorder.record_updates(inserts[0])
        known.deletes += recorder.record_deletes(inserts[0])
    elif not known.inserts and recorder.table.kind != "partitioned":
        release.untried[label] = f"no row could be made for it: {recorder.reason or 'the database refuses it'}"
    release.tables[label] = known
    if known.inserts:
        release.untried.pop(label, None)


class TableRecorder:
    """Tries statements on one table."""

    def __init__(self, connection: Connection, dialect: SeedDialect, schema: Schema, table: Table) -> None:
        self._connection = connection
        self._dialect = dialect
        self._schema = schema
        self.table = table
        self.target = dialect.target(table, schema)
        self.writer = RowWriter(connection, dialect)
        self.reason: str | None = None
        self._key = key_columns(self.target)
        self._present = self.writer.read(self.target, insertable(self.target))[:SEED_ROWS]
        self._there: Row = self._present[0] if self._present else {}

    def record_inserts(self) -> Iterator[StatementGroup]:
        """Yield INSERTs that the table takes: rows of each variety, one without what fills itself, one that repeats a row."""
        writer = RecordingWriter(self._connection, self._dialect)
        # without what later migrations need: the application does not know of them
        filler = TableFiller(writer, self._schema, SEED_ROWS)
        table = with_inherited(self.table, filler.parents.tables)
        filled = filler.insert(table)
        if not writer.statements and filled.reason is None:  # a table without a key that holds many rows gets no more for a test
            filled = filler.write(table, {})
        self._connection.rollback()
        self.reason = filled.reason
        own = [one for one in writer.statements if one.table.label == self.target.label]
        if not own:
            return
        yield tuple(writer.statements)
        others = [one for one in writer.statements if one.table.label != self.target.label]
        for row in self._vary(own[0]):
            group = (*others, row)
            if self._is_taken(group):
                yield group

    def _vary(self, full: ReleaseStatement) -> Iterator[ReleaseStatement]:
        columns = [column for name in full.columns if (column := self.target.column(name)) is not None]
        yield full.naming(
            column.name for column in columns if column.default is None and not column.identity and not column.sequence
        )
        if self._there:
            unique = {name for key in uniques_of(self.target) for name in key.columns}
            repeated = {name: full.values.get(name) if name in unique else self._there.get(name) for name in full.columns}
            yield ReleaseStatement(verb="INSERT", table=full.table, columns=full.columns, values=repeated)

    def record_updates(self, inserted: StatementGroup) -> list[ReleaseStatement]:
        """Return UPDATEs of a row that is there to the values of rows that were inserted."""
        key = {name: self._there.get(name) for name in self._key}
        rows = [one for one in inserted if one.table.label == self.target.label][:SEED_ROWS]
        if not key or not self._there:
            return []
        fixed = {*key, *(column.name for column in self.target.columns if column.identity == "always")}
        updates = [
            ReleaseStatement(verb="UPDATE", table=self.target, columns=names, values=row.values, key=key)
            for row in rows
            if (names := tuple(name for name in row.columns if name not in fixed))
        ]
        return [one for one in updates if self._is_taken((one,))]

    def record_deletes(self, inserted: StatementGroup) -> list[StatementGroup]:
        """Return DELETEs, by key, of a row that is inserted before and of rows that are there."""
        if not self._key:
            return []
        *_, made = (one.values for one in inserted if one.table.label == self.target.label)
        rows: list[tuple[StatementGroup, Row]] = [(inserted, made)]
        if not self._takes_many_along():
            rows += [((), row) for row in self._present]
        groups = [
            (*before, ReleaseStatement(verb="DELETE", table=self.target, key={name: row[name] for name in self._key}))
            for before, row in rows
            if set(self._key) <= row.keys()
        ]
        return [one for one in groups if self._is_taken(one)]

    def _takes_many_along(self) -> bool:
        """Whether a DELETE may change so many rows of this table and others that it takes long."""
        pending, found = [self.target.label], set[str]()
        while pending:
            label = pending.pop()
            for table in self._schema.tables:
                keys = (key for key in table.foreign_keys if qualified(key.referred_table, key.referred_schema) == label)
                if table.label in found or all(key.on_delete in REFUSING for key in keys):
                    continue
                if len(self.writer.read(table, ())) == MOST_ROWS:
                    return True
                found.add(table.label)
                pending.append(table.label)
        return False

    def _is_taken(self, group: Iterable[ReleaseStatement]) -> bool:
        """Whether the database takes the statements, in a transaction that is rolled back."""
        taken = False
        with suppress(DBAPIError):
            for statement in group:
                statement.run(self.writer)
            taken = True
        self._connection.rollback()
        return taken


def find_types(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, frozenset[str]]:
    """Return the types of the values that were read, by column, as Python calls them."""
    found = list(rows)
    return {name: frozenset(name_type(row[at]) for row in found if row[at] is not None) for at, name in enumerate(columns) if found}


def name_type(value: object) -> str:
    """Return what Python calls the type of a value; a time of day with a zone cannot be compared with one that has none."""
    kind = type(value).__name__
    if isinstance(value, datetime | time):
        return f"{kind} {'with' if value.tzinfo else 'without'} a time zone"
    return kind
