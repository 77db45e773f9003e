"""SQLAlchemy's elements as far as operations and statements on rows need them: tables, expressions, statements being built."""

from __future__ import annotations

from mrt_lint.model.lean import dataclass
from mrt_lint.model.values import (
    UNKNOWN,
    BoundText,
    BoundValues,
    Column,
    ColumnTest,
    MaybeConstant,
    MaybeName,
    Name,
    Unknown,
    ValueFlow,
)
from mrt_lint.parse.python.objects import Value


def nulls_of(tests: tuple[ColumnTest, ...]) -> tuple[Name, ...]:
    """Return the columns that are NULL in every row that meets some conditions."""
    return tuple(test.column for test in tests if test.asks == "null")


@dataclass(slots=True, frozen=True)
class TableElement:
    """`sa.table`, `sa.Table` or a model's table, as far as statements on rows need it."""

    name: Name
    schema: MaybeName = None
    columns: tuple[Column, ...] = ()
    items: tuple[Value, ...] = ()


@dataclass(slots=True, frozen=True)
class TableColumns:
    """`table.c`."""

    table: TableElement


@dataclass(slots=True, frozen=True)
class OrmRow:
    """One row of a table, read through the ORM: assigning to its attributes updates it. `nulls` are columns that are NULL in it."""

    table: TableElement
    nulls: tuple[Name, ...] = ()


@dataclass(slots=True, frozen=True)
class OrmRows:
    """Rows of a table, read through the ORM; `nulls` are columns that are NULL in all of them."""

    table: TableElement
    nulls: tuple[Name, ...] = ()

    @property
    def row(self) -> OrmRow:
        """One of them."""
        return OrmRow(self.table, self.nulls)


@dataclass(slots=True, frozen=True)
class SqlExpression:
    """An SQL expression: its text where it is known, the columns and tables that it reads.

    `tests` are all that it asks for as a condition, none if that was not read; `measures` is whether it may look at the length of a
    text; `bound` is what the binds of a `text()` get, `query` the one that finds it.
    """

    text: Name = UNKNOWN
    columns: tuple[Name, ...] = ()
    tables: tuple[Name, ...] = ()
    name: Name = UNKNOWN
    tests: tuple[ColumnTest, ...] = ()
    measures: bool = False
    bound: BoundValues | None = None
    query: SelectElement | None = None


@dataclass(slots=True, frozen=True)
class SelectElement:
    """A Core SELECT, which changes nothing, or an ORM query.

    `query` is what a session's `query()` makes, which can update and delete; with `rows` it finds objects of the ORM. `conditions`
    are the columns that it asks for, `tests` what every row meets that it selects, as in `DmlElement`. `items` are what it selects;
    it `chooses` where it does not return each row once, and `measures` where a condition may look at the length of a text.
    """

    tables: tuple[TableElement, ...] = ()
    where: bool = False
    conditions: tuple[Name, ...] = ()
    tests: tuple[ColumnTest, ...] = ()
    query: bool = False
    rows: bool = False
    items: tuple[Value, ...] = ()
    chooses: bool = False
    measures: bool = False

    @property
    def nulls(self) -> tuple[Name, ...]:
        """The columns that are NULL in every row that it selects."""
        return nulls_of(self.tests)


@dataclass(slots=True, frozen=True)
class DmlElement:
    """A Core INSERT, UPDATE or DELETE that is still being built; `kind` is its name, the rest as in a SELECT.

    `rows` are the constants that are given for each row, in the order of `columns`, UNKNOWN where they could not be read.
    """

    kind: str
    table: TableElement
    columns: tuple[Name, ...] | Unknown = ()
    source_columns: tuple[Name, ...] | Unknown = ()
    source_tables: tuple[Name, ...] = ()
    flows: tuple[ValueFlow, ...] | Unknown = UNKNOWN
    where: bool = False
    conditions: tuple[Name, ...] = ()
    tests: tuple[ColumnTest, ...] = ()
    query: bool = False
    chooses: bool = False
    measures: bool = False
    rows: tuple[tuple[MaybeConstant, ...], ...] | Unknown = UNKNOWN


@dataclass(slots=True, frozen=True)
class DdlElement:
    """A DDL element that `execute` accepts; `kind` as "create" or "drop", `cascade` that of DropSchema."""

    kind: str
    item: Value
    cascade: bool = False


@dataclass(slots=True, frozen=True)
class TableIndex:
    """`sa.Index(…)`; `options` are its keyword arguments."""

    name: MaybeName
    columns: tuple[Value, ...] | Unknown
    table: TableElement | None
    options: tuple[tuple[str, Value], ...] = ()


@dataclass(slots=True, frozen=True)
class SequenceElement:
    """`sa.Sequence(…)`."""

    name: Name
    schema: MaybeName = None


@dataclass(slots=True, frozen=True)
class IdentityElement:
    """`sa.Identity(…)`."""

    always: bool | Unknown = False


@dataclass(slots=True, frozen=True)
class ComputedElement:
    """`sa.Computed(…)`."""

    text: MaybeName
    persisted: bool | Unknown | None = None
    texts: tuple[BoundText, ...] = ()
