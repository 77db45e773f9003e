"""One statement of a release: a SELECT of all columns, an INSERT, an UPDATE or DELETE by key, as an ORM writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.value import Row

Verb = Literal["SELECT", "INSERT", "UPDATE", "DELETE"]
VERBS: tuple[Verb, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
MOST_ROWS = 20  # that a SELECT reads


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStatement:
    """A statement on a table that names these columns. `values` is what it writes into them, `key` the row that it is about."""

    verb: Verb
    table: Table
    columns: tuple[str, ...] = ()
    values: Row = field(default_factory=dict)
    key: Row = field(default_factory=dict)

    def run(self, writer: RowWriter) -> Sequence[Sequence[Any]]:
        """Execute it, and return the rows that it reads. Raises DBAPIError where the database refuses it."""
        if self.verb == "SELECT":
            return read_rows(writer, self.table, self.columns)
        if self.verb == "INSERT":
            writer.insert(self.table, self.columns, [self.values])
        elif self.verb == "DELETE":
            writer.delete(self.table, self.key)
        else:
            writer.update(self.table, self.key, {name: self.values[name] for name in self.columns})
        return ()

    def naming(self, columns: Iterable[str]) -> ReleaseStatement:
        """Return the same statement with these columns alone."""
        return replace(self, columns=tuple(columns))

    def without(self, columns: Collection[str]) -> ReleaseStatement | None:
        """Return the same statement without these columns; None where it would name none, or its key is among them."""
        kept = tuple(name for name in self.columns if name not in columns)
        if not self.key.keys().isdisjoint(columns) or (not kept and self.verb in {"SELECT", "UPDATE"}):
            return None
        return self if len(kept) == len(self.columns) else self.naming(kept)


class RecordingWriter(RowWriter):
    """A writer that remembers each row that the database took, with its table."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.statements: list[ReleaseStatement] = []

    def insert(self, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert the rows in one statement, and remember each as one of its own."""
        kept = list(rows)
        super().insert(table, columns, kept)
        self.statements += [ReleaseStatement(verb="INSERT", table=table, columns=tuple(columns), values=row) for row in kept]


def read_rows(writer: RowWriter, table: Table, columns: Sequence[str]) -> list[Sequence[Any]]:
    """Return the first rows of a table as the driver gives them."""
    names = ", ".join(map(writer.quote, columns))
    found: list[Sequence[Any]] = writer.run(f"SELECT {names} FROM {writer.name(table)} LIMIT {MOST_ROWS}", ()).fetchall()
    return found
