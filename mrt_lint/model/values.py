"""The values that operations are made of: names, types, columns and constraints. Standard library only."""

from __future__ import annotations

import enum
from dataclasses import field
from typing import Final, TypeAlias

from mrt_lint.model.lean import dataclass, replace


class Unknown(enum.Enum):
    """A value that cannot be read from the source; never confused with None, which is a real default in SQL."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


class Unset(enum.Enum):
    """An argument that was not given, where None would mean something."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNKNOWN: Final = Unknown.UNKNOWN
UNSET: Final = Unset.UNSET

HOLE: Final = "\ufffc"
"""Placeholder in a partly readable SQL string for a value that could not be read: f"DROP TABLE {name}" is "DROP TABLE \ufffc"."""

DIALECTS: Final = ("mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite")
"""SQLAlchemy's `dialect.name` of the databases a guard can name, sorted."""

Name: TypeAlias = str | Unknown
MaybeName: TypeAlias = str | Unknown | None
Flag: TypeAlias = bool | Unknown


@dataclass(frozen=True, slots=True, order=True)
class SourceSpan:
    """A span of source: 1-based lines, 1-based columns in characters, the end exclusive by column."""

    line: int
    column: int
    end_line: int
    end_column: int

    def holds(self, line: int | None) -> bool:
        """Return whether a line is one of its lines; None, which is not known, is none."""
        return line is not None and self.line <= line <= self.end_line


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundValues:
    """What SQLAlchemy has for the binds (`:name`) of a `text()`: `given` are those with a value, UNKNOWN among them any others.

    `named` are those that `bindparams()` names, which the text must have; `constants` what some of them are, as SQL.
    """

    given: tuple[Name, ...] = ()
    named: tuple[str, ...] = ()
    constants: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundText:
    """SQL of a definition that SQLAlchemy takes for a `text()`: `argument` is what it was given as, "server_default"."""

    argument: str
    text: str
    bound: BoundValues


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlType:
    """A column type by its SQL family, whatever spelled it: `sa.String(50)`, `sa.VARCHAR(length=50)`, `VARCHAR(50)`.

    `name` is upper case ("VARCHAR", "TEXT", "NUMERIC", "INTEGER", "TIMESTAMP", "ENUM", …; an application's own type keeps its
    class name, with its module where that is in capitals). `args` holds the numbers in the parentheses: length, or precision and
    scale; `fields` are those that an INTERVAL is restricted to ("DAY TO SECOND"). `members` are an enum's labels in order, None
    for any other type; `type_name` is the name of an enum or domain in the database. `creates_type` is False if the source
    suppresses `CREATE TYPE` (`create_type=False`). `timezone` is set for TIME and TIMESTAMP. `item` is the element type of an
    array. `variants` are the types that replace it on other dialects (`with_variant`), by SQLAlchemy's name of each. `datetime`
    is True of a TIMESTAMP that MySQL and MariaDB keep as DATETIME, without a time zone and beyond the year 2038; `checks_first` of
    one whose `create()` and `drop()` look whether the type is there unless that is switched off, as PostgreSQL's ENUM has it.
    """

    name: str
    args: tuple[int | Unknown, ...] = ()
    members: tuple[Name, ...] | Unknown | None = None
    type_name: MaybeName = None
    schema: MaybeName = None
    creates_type: Flag = True
    timezone: Flag | None = None
    fields: MaybeName = None
    item: SqlType | Unknown | None = None
    collation: MaybeName = None
    variants: tuple[tuple[str, SqlType | Unknown], ...] = ()
    datetime: bool = field(default=False, compare=False, repr=False)
    checks_first: bool = field(default=False, compare=False, repr=False)

    def on(self, dialect: str) -> SqlType | Unknown:
        """Return the type that the column has on a database of this dialect."""
        kind = dict(self.variants).get(dialect, self)
        if isinstance(kind, SqlType) and kind.datetime and dialect in {"mysql", "mariadb"}:
            return replace(kind, name="DATETIME", variants=(), datetime=False)
        return kind

    def __str__(self) -> str:
        if self.item is not None:
            return f"{self.item if isinstance(self.item, SqlType) else '?'}[]"
        if self.name == "ENUM" and isinstance(self.type_name, str):
            return self.type_name
        known = any(arg is not UNKNOWN for arg in self.args)
        inside = ", ".join("?" if arg is UNKNOWN else str(arg) for arg in self.args) if known else ""
        zone = " WITH TIME ZONE" if self.timezone is True else ""
        name = f"{self.name} {self.fields}" if isinstance(self.fields, str) else self.name
        return f"{name}({inside}){zone}" if inside else f"{name}{zone}"


MaybeType: TypeAlias = SqlType | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRebuild:
    """How `batch_alter_table` was asked to rebuild its table, where it does.

    `recreate` is "auto", "always" or "never". `autoincrement` is `sqlite_autoincrement` of `table_kwargs`. `checks` is
    True if unnamed CHECK constraints may be kept: `table_args` has some, or a `naming_convention` names them.
    `has_unknown_parts` is True if the new table may be modelled on something other than the existing one: `copy_from`, or
    columns given to `reflect_args`.
    """

    recreate: MaybeName = "auto"
    autoincrement: Flag = False
    checks: bool = False
    has_unknown_parts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFlow:
    """What a new value of `column` is computed from: `source` is another column, UNKNOWN for what comes from Python or a parameter.

    `table` is the table of the source, None if none is named. `plain` is True if the source's value is copied
    unchanged, or put into a JSON value as it is, as far as raw SQL shows it; `copied` also where the statement chooses rows.
    `found_by` are, of a subquery that may find several values, the columns of its table that it finds them by, each with the one of
    the row that is written. `bound` is "tstzrange lower" where the value becomes the lower bound of such a range, which keeps it as
    it was, and "lower" where it is the lower bound of what the source holds.
    """

    column: Name
    source: Name
    table: MaybeName = None
    plain: bool = False
    copied: bool = False
    found_by: tuple[tuple[Name, Name], ...] = ()
    bound: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTest:
    """A condition that every row of a statement meets; several hold together.

    `asks` is "null", "not null", "in" or "not in" of one column, with the constants that it is compared with as SQL has them,
    without quotes; "same" where it equals `other`, a column with its table; "" of any other condition, whose column is UNKNOWN.
    """

    column: Name = UNKNOWN
    asks: str = ""
    values: tuple[str, ...] = ()
    table: MaybeName = None
    other: tuple[MaybeName, Name] | None = None

    @property
    def denied(self) -> ColumnTest:
        """What rows meet that do not meet this one, nor are NULL in the column otherwise."""
        opposites = {"null": "not null", "not null": "null", "in": "not in", "not in": "in"}
        return replace(self, asks=opposites[self.asks]) if self.asks in opposites else ColumnTest()


MaybeConstant: TypeAlias = str | Unknown | None
"""A constant as SQL has it, without quotes; None for NULL, UNKNOWN for what is no constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenValue:
    """A constant that an UPDATE gives to a column, None for NULL; `tests` hold for the rows that get it, beside the statement's."""

    column: Name
    value: str | None
    tests: tuple[ColumnTest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A constraint as part of a table or column definition.

    `kind` is "primary", "unique", "check", "foreignkey" or "exclude", Alembic's own words. `condition` is a check's SQL text;
    `referred_*`, `ondelete`, `onupdate`, `deferrable`, `initially` and `match` concern foreign keys. `not_valid` is PostgreSQL's
    NOT VALID; `using_index` names the index of `… USING INDEX`; `nulls_not_distinct` is PostgreSQL's of a unique one, `included`
    True of one with INCLUDE, `use_alter` of a foreign key that CREATE TABLE leaves out, `named_after` the table and columns that
    the database chose the name of a nameless one after, where they were renamed since, `texts` the SQL with a colon that is a
    `text()` (none of these is compared).
    """

    kind: str
    name: MaybeName = None
    columns: tuple[Name, ...] | Unknown = ()
    referred_table: MaybeName = None
    referred_schema: MaybeName = None
    referred_columns: tuple[Name, ...] | Unknown = ()
    ondelete: MaybeName = None
    onupdate: MaybeName = None
    deferrable: Flag | None = None
    initially: MaybeName = None
    condition: MaybeName = None
    not_valid: Flag = False
    using_index: MaybeName = None
    nulls_not_distinct: Flag = field(default=False, compare=False, repr=False)
    included: Flag = field(default=False, compare=False, repr=False)
    use_alter: Flag = field(default=False, compare=False, repr=False)
    named_after: tuple[str, tuple[Name, ...] | Unknown] | None = field(default=None, compare=False, repr=False)
    texts: tuple[BoundText, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_reference(self) -> bool:
        """Whether it is a foreign key."""
        return self.kind == "foreignkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column definition.

    `nullable` is None if the source does not say (SQL then takes NULL, a primary key NOT NULL). `server_default` is the SQL
    text of the DEFAULT clause ("'x'", "now()", "0"), None without one. `python_default` is True for `default=`, which emits no DDL.
    `computed` is the SQL of a generated column; `persisted` its STORED. `refused_default` is, as code, what SQLAlchemy
    takes for no DEFAULT, `texts` the SQL with a colon that is a `text()` (neither compared).
    """

    name: Name
    type: MaybeType = None
    nullable: Flag | None = None
    server_default: MaybeName = None
    python_default: bool = False
    primary_key: Flag = False
    autoincrement: Flag | str = "auto"
    identity: Flag = False
    identity_always: Flag = False
    computed: MaybeName = None
    persisted: Flag | None = None
    unique: Flag = False
    index: Flag = False
    comment: MaybeName = None
    constraints: tuple[Constraint, ...] = ()
    refused_default: str = field(default="", compare=False, repr=False)
    texts: tuple[BoundText, ...] = field(default=(), compare=False, repr=False)
