"""Everything that a database's catalogue says, as one frozen value. Pure: the dialects' catalogues build it, nothing here reads.

Names are spelled as the database stores them. `schema` is None for the schema that unqualified names mean on the connection
that looked ("public", SQLite's "main", MySQL's database), so a table is called what the project calls it. SQL fragments
(defaults, checks, predicates) are the database's own rendering of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

TypeKind = Literal["base", "array", "enum", "domain", "composite", "range", "multirange"]
TableKind = Literal["table", "partitioned", "partition", "foreign table", "virtual"]


def qualified(name: str, schema: str | None) -> str:
    """How messages call an object: "users", or "audit.users" where it is not in the default schema."""
    return f"{schema}.{name}" if schema else name


def name_subject(table: str, column: str | None) -> str:
    """Return the beginning of a sentence about a table, or about a column of it."""
    return f"Column '{table}.{column}'" if column is not None else f"Table '{table}'"


class Labelled:
    """Anything that has a name in a schema."""

    __slots__ = ()
    name: str
    schema: str | None

    @property
    def label(self) -> str:
        """Its name in messages and in configuration, qualified outside of the default schema."""
        return qualified(self.name, self.schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """A column's type, as text and as facts.

    `text` is the type exactly as the database renders it ("character varying(50)", "int(10) unsigned", "VARCHAR(50)"). `base`
    is its lower-case name without arguments ("character varying", "int", "varchar"); for a user's type, the type's own name
    with `schema` beside it, to be found by `Schema.type_named`. `length` counts characters (bits for bit strings, bytes for
    binary ones). `labels` are those of an enum or of a MySQL ENUM or SET. `element` is an array's element type or the type
    under a domain. `affinity` is SQLite's ("text", "numeric", "integer", "real", "blob").
    """

    text: str
    base: str
    kind: TypeKind = "base"
    schema: str | None = None
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    labels: tuple[str, ...] = ()
    element: ColumnType | None = None
    unsigned: bool = False
    affinity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueColumn:
    """A column. `position` counts the living columns from 1. `default` is SQL text, None where there is none.

    `identity` is "always" or "by default" (SQL identity), "auto" (MySQL AUTO_INCREMENT, SQLite's INTEGER PRIMARY KEY) or
    None; such a column needs no value in an INSERT. `generated` is the expression of a generated column, `stored` is
    True for STORED, False for VIRTUAL. `sequence` is the qualified name of the sequence that the column owns (serial, identity).
    `on_update` is MySQL's ON UPDATE expression. `options` are further facts by name (storage, compression, invisible).
    """

    name: str
    position: int
    type: ColumnType
    nullable: bool = True
    default: str | None = None
    identity: Literal["always", "by default", "auto"] | None = None
    generated: str | None = None
    stored: bool = False
    collation: str | None = None
    comment: str | None = None
    sequence: str | None = None
    on_update: str | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A primary key or a UNIQUE constraint. `named` is False where the database chose the name itself."""

    name: str | None
    columns: tuple[str, ...]
    named: bool = True
    deferrable: bool = False
    initially_deferred: bool = False
    nulls_not_distinct: bool = False
    include: tuple[str, ...] = ()
    comment: str | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A CHECK constraint of a table; `expression` without the word CHECK and its outer parentheses."""

    name: str | None
    expression: str
    named: bool = True
    validated: bool = True
    no_inherit: bool = False
    enforced: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A PostgreSQL EXCLUDE constraint: `elements` are (column or expression, operator); `definition` is the whole of it."""

    name: str
    definition: str
    elements: tuple[tuple[str, str], ...] = ()
    method: str = "gist"
    predicate: str | None = None
    named: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key; actions in upper case ("NO ACTION", "CASCADE"), `on_delete_columns` for SET NULL (columns)."""

    name: str | None
    columns: tuple[str, ...]
    referred_table: str
    referred_columns: tuple[str, ...]
    referred_schema: str | None = None
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"
    on_delete_columns: tuple[str, ...] = ()
    match: str = "SIMPLE"
    named: bool = True
    deferrable: bool = False
    initially_deferred: bool = False
    validated: bool = True
    enforced: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexElement:
    """One key of an index: a column or else an expression. `prefix` is MySQL's prefix length; None stands for the default."""

    column: str | None = None
    expression: str | None = None
    descending: bool = False
    nulls_first: bool | None = None
    collation: str | None = None
    operator_class: str | None = None
    prefix: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index that no constraint made (those are in `Table.primary_key`, `.uniques`, `.exclusions`).

    On MySQL a UNIQUE constraint is nothing but a unique index, and so an `Index`. `named` is False where the database chose the
    name itself.
    """

    name: str
    elements: tuple[IndexElement, ...]
    named: bool = True
    unique: bool = False
    method: str | None = None
    predicate: str | None = None
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    valid: bool = True
    comment: str | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Labelled):
    """A table with all that hangs on it.

    `parents` are the qualified names of the tables it inherits from or is a partition of, `bounds` a partition's bounds,
    `partition_key` a partitioned table's key. `options` are facts by name: unlogged, row security, engine, charset,
    collation, "without rowid", strict, storage parameters.
    """

    name: str
    schema: str | None = None
    kind: TableKind = "table"
    columns: tuple[CatalogueColumn, ...] = ()
    primary_key: Key | None = None
    uniques: tuple[Key, ...] = ()
    checks: tuple[Check, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    parents: tuple[str, ...] = ()
    bounds: str | None = None
    partition_key: str | None = None
    comment: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> CatalogueColumn | None:
        """Find the column of that name, None where there is none."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedType(Labelled):
    """A type that the user made: `labels` of an enum in order, `base` and `checks` of a domain, `fields` of a composite type.

    `subtype` is what a range is over; `multirange` the name of the range's multirange type.
    """

    name: str
    schema: str | None = None
    kind: TypeKind = "enum"
    labels: tuple[str, ...] = ()
    base: ColumnType | None = None
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    checks: tuple[Check, ...] = ()
    fields: tuple[tuple[str, ColumnType], ...] = ()
    subtype: ColumnType | None = None
    multirange: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(Labelled):
    """A sequence; `owner` is the (table label, column) that owns it. Its position is data, not schema."""

    name: str
    schema: str | None = None
    type: str = "bigint"
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int = 2**63 - 1
    cache: int = 1
    cycle: bool = False
    owner: tuple[str, str] | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueObject(Labelled):
    """Any object whose whole meaning is its definition: a view, trigger, function, policy, rule, extension, schema, event …

    `kind` is what messages call it, in lower case ("view", "materialized view", "trigger"). `name` identifies it among its kind
    (a function's holds the argument types), `table` is the label of the table it belongs to, if it belongs to one.
    """

    kind: str
    name: str
    schema: str | None = None
    table: str | None = None
    definition: str = ""
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueDetail:
    """A fact about an object beside its definition, where it is not the default: an owner, grants, a state, a setting.

    `subject` calls the object at the start of a sentence, `object` is its label.
    """

    subject: str
    object: str
    property: str
    value: str
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The whole catalogue. Every tuple is sorted by schema and name, so equal catalogues are equal values.

    `options` are facts about the whole database by name (default charset and collation). `basis` is what the dialect keeps
    for a later look to build on; it takes no part in comparing.
    """

    dialect: str
    tables: tuple[Table, ...] = ()
    types: tuple[NamedType, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    objects: tuple[CatalogueObject, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    details: tuple[CatalogueDetail, ...] = ()
    basis: object = field(default=None, compare=False, repr=False)

    def table(self, name: str, schema: str | None = None) -> Table | None:
        """Find the table of that name, None where there is none."""
        return next((table for table in self.tables if table.name == name and table.schema == schema), None)

    def type_named(self, name: str, schema: str | None = None) -> NamedType | None:
        """Find the user's type of that name, None where there is none."""
        return next((kind for kind in self.types if kind.name == name and kind.schema == schema), None)
