"""What seeding asks of a dialect: the kinds of its types, how values reach its driver, and what guards an attempt."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import CatalogueColumn, ForeignKey, Schema, Table
from mrt_runtime.databases.registry import backend_of
from mrt_runtime.seed.value import Value
from mrt_runtime.seed.value_kind import ValueKind


class SeedDialect(Protocol):
    """The part of seeding that differs between databases: `DatabaseBackend.values`.

    What most dialects do is implemented here, for those that inherit it.
    """

    grammar: str
    """What sqlglot calls the dialect."""
    converts: bool
    """Whether a change of type converts values, and fails on those that it cannot."""
    defers: bool = False
    """Whether foreign keys that were put off are looked at in the end."""

    @abstractmethod
    def kind_of(self, column: CatalogueColumn, schema: Schema) -> ValueKind | None:
        """Return the kind of values that the column holds, None for an unknown type."""

    @abstractmethod
    def write(self, value: Value) -> object:
        """Return the form in which the driver takes the value."""

    def cast(self, placeholder: str, column: CatalogueColumn) -> str:  # noqa: ARG002  most drivers' values carry their types
        """Return the placeholder with the column's type, where the database could not know it otherwise."""
        return placeholder

    def reading(self, name: str) -> str:
        """Return an expression that reads the column of that (quoted) name in a form that can be written back."""
        return name

    def differ(self, one: str, other: str, column: CatalogueColumn) -> str:  # noqa: ARG002  see PostgreSQL
        """Return the condition that two expressions differ as values of a column, NULL being a value like others."""
        return f"({one}) IS NOT ({other})"

    def source(self, name: str, table: Table) -> str:  # noqa: ARG002  few databases know inheritance
        """Name the table in FROM so that only its own rows are seen."""
        return name

    def preface(self, table: Table) -> str:  # noqa: ARG002  a column that is numbered can mostly be given values
        """Return the clause before VALUES for a table some of whose columns the database wants to number itself."""
        return ""

    def target(self, table: Table, schema: Schema) -> Table:  # noqa: ARG002  see below
        """Find the table that rows of this one are inserted into: a partition's root, for all others itself."""
        return table

    def hidden_checks(self, connection: Connection, table: Table) -> tuple[str, ...]:  # noqa: ARG002  the rest shows when it refuses
        """Return conditions on rows that no constraint states: a partition's bounds."""
        return ()

    def pass_number(self, connection: Connection, table: Table, name: str, number: int) -> None:  # noqa: ARG002  most look what is there
        """See to it that the database gives no other row a number that one has in the column of this name."""
        return

    def attempt(self, connection: Connection) -> AbstractContextManager[object]:  # noqa: ARG002  mostly, a refusal leaves nothing behind
        """Guard statements that may be refused: what they did is undone, the transaction lives on."""
        return nullcontext()

    def check_at_once(self, connection: Connection) -> None:  # noqa: ARG002  most put off only foreign keys, for circles
        """Check each constraint of this transaction at the statement that it is about, also those put off to its end."""
        return

    @abstractmethod
    def deferral(self, connection: Connection, keys: Iterable[tuple[Table, ForeignKey]]) -> AbstractContextManager[object]:
        """Defer the check of foreign keys, of these ones above all. To be used within a savepoint."""


def dialect_of(name: str) -> SeedDialect:
    """Return a dialect by SQLAlchemy's name of it."""
    return backend_of(name).values
