"""Operations on tables and their columns."""

from __future__ import annotations

from dataclasses import field

from mrt_lint.model.lean import dataclass, replace
from mrt_lint.model.ops.merged_keys import merge_keys
from mrt_lint.model.ops.operation import Op
from mrt_lint.model.values import UNSET, BoundText, Column, Constraint, Flag, MaybeName, MaybeType, Name, SqlType, Unknown, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable(Op):
    """`complete` is False if a column or argument could not be read; `source` is the query of CREATE TABLE … AS.

    `source_tables` are the tables which that query reads; `partition_of` is the table of which it is a partition.
    `sqlite_autoincrement` asks SQLite for AUTOINCREMENT; `partitioned` is True with PARTITION BY (not compared).
    """

    table: Name
    schema: MaybeName = None
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    complete: bool = True
    if_not_exists: Flag = False
    temporary: bool = False
    source: MaybeName = None
    source_tables: tuple[Name, ...] = ()
    partition_of: MaybeName = None
    sqlite_autoincrement: Flag = False
    partitioned: bool = field(default=False, compare=False, repr=False)

    def emitted(self, dialect: str) -> CreateTable:
        """Return the operation without the keys that are not made: those of no column, of others' columns, and some foreign keys.

        SQLAlchemy writes a key with `use_alter=True` once all tables are made, which Alembic does not do; where the database has
        no ALTER for it, as SQLite, it stays in CREATE TABLE (`DDLCompiler.create_table_constraints`).
        """
        if any(self._is_empty(key) for key in self.constraints):
            return replace(self, constraints=tuple(key for key in self.constraints if not self._is_empty(key))).emitted(dialect)
        columns, constraints = self.columns, self.constraints
        if dialect == "postgresql":
            columns, constraints = merge_keys(columns, constraints, sql=self.sql)
        keys = (*constraints, *(key for column in columns for key in column.constraints))
        if dialect != "sqlite" and not all(key.use_alter is False for key in keys):
            constraints = _without_altered_in(constraints)
            columns = tuple(replace(column, constraints=_without_altered_in(column.constraints)) for column in columns)
        if columns is self.columns and constraints is self.constraints:
            return self
        return replace(self, constraints=constraints, columns=columns)

    def _is_empty(self, key: Constraint) -> bool:
        """Return whether a key has no column; a primary key has those that are marked as such, too."""
        is_marked = key.kind == "primary" and any(column.primary_key is not False for column in self.columns)
        return key.kind in {"primary", "unique"} and key.columns == () and not is_marked


def _without_altered_in(constraints: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
    return tuple(constraint for constraint in constraints if constraint.use_alter is False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAlterTable(Op):
    """A `batch_alter_table` that rebuilds its table, `recreate="always"`, though it contains no operation."""

    table: Name
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable(Op):
    """`together` are the tables of the same statement (never compared)."""

    table: Name
    schema: MaybeName = None
    if_exists: Flag = False
    cascade: bool = False
    together: tuple[Name, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable(Op):
    table: Name
    new_table: Name
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTableComment(Op):
    table: Name
    comment: MaybeName = None
    existing_comment: MaybeName | Unset = UNSET
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTableComment(Op):
    table: Name
    existing_comment: MaybeName | Unset = UNSET
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn(Op):
    """`column` is the name, `definition` the whole of it."""

    table: Name
    column: Name
    definition: Column
    schema: MaybeName = None
    if_not_exists: Flag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn(Op):
    table: Name
    column: Name
    schema: MaybeName = None
    if_exists: Flag = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterColumn(Op):
    """One `alter_column`; UNSET is "left as it is". `using` is the expression of PostgreSQL's `USING`.

    `add_identity`/`drop_identity` and `set_not_null` spellings in SQL arrive here too: `nullable=False` is SET NOT NULL.
    `texts` is the SQL with a colon that is a `text()` (never compared).
    """

    table: Name
    column: Name
    schema: MaybeName = None
    nullable: Flag | Unset = UNSET
    server_default: MaybeName | Unset = UNSET
    new_column: Name | Unset = UNSET
    type: SqlType | Unknown | Unset = UNSET
    using: MaybeName = None
    autoincrement: Flag | Unset = UNSET
    identity: Flag | Unset = UNSET
    comment: MaybeName | Unset = UNSET
    existing_type: MaybeType | Unset = UNSET
    existing_nullable: Flag | Unset = UNSET
    existing_server_default: MaybeName | Unset = UNSET
    existing_autoincrement: Flag | Unset = UNSET
    existing_comment: MaybeName | Unset = UNSET
    texts: tuple[BoundText, ...] = field(default=(), compare=False, repr=False)
