"""What a migration does: one frozen value an operation, named as Alembic names it.

Everything downstream of the lifter (rules, undo, history) sees only these values. They know nothing of Python source: a
positional, keyword, aliased or batch spelling of one call gives equal values, and `ALTER TABLE … DROP COLUMN` in a string gives
the same `DropColumn` as `op.drop_column`. Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from mrt_lint.values import UNKNOWN, UNSET, Column, Constraint, Flag, MaybeName, MaybeType, Name, Place, SqlType, Unknown, Unset

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from mrt_lint.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation of `upgrade()` or `downgrade()`, in the order in which Python reaches it.

    `origin` is the call's place in the file (never compared). `dialects` is the guard it stands under: the sorted names it runs
    on, None for all. `certain` is False under a condition that cannot be decided by reading. `autocommit` tells that it runs
    outside the migration's transaction. `sql` marks one that was understood from raw SQL; it follows the `Execute` it came
    from. `batch` marks one inside `batch_alter_table` (never compared).
    """

    origin: Place | None = field(default=None, compare=False, repr=False)
    dialects: tuple[str, ...] | None = None
    certain: bool = True
    autocommit: bool = False
    sql: bool = field(default=False, compare=False)
    batch: bool = field(default=False, compare=False)

    @property
    def op(self) -> str:
        """Alembic's name of the operation, "drop_column"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


# Tables ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable(Op):
    """`complete` is False where a column or argument could not be read; `source` is the query of CREATE TABLE … AS.

    `source_tables` are the tables which that query reads.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable(Op):
    table: Name
    schema: MaybeName = None
    if_exists: Flag = False
    cascade: bool = False


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


# Columns --------------------------------------------------------------------------------------------------------------------


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


# Indexes --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex(Op):
    """`columns` holds column names, and expressions as SQL text in parentheses: ("email",) or ("(lower(email))",)."""

    index: MaybeName
    table: Name
    columns: tuple[Name, ...] | Unknown = ()
    schema: MaybeName = None
    unique: Flag = False
    concurrently: Flag = False
    if_not_exists: Flag = False
    where: MaybeName = None
    using: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex(Op):
    index: MaybeName
    table: MaybeName = None
    schema: MaybeName = None
    concurrently: Flag = False
    if_exists: Flag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameIndex(Op):
    index: Name
    new_index: Name
    table: MaybeName = None
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindex(Op):
    """REINDEX, CLUSTER, VACUUM FULL, OPTIMIZE TABLE: `command` in capitals."""

    command: str
    table: MaybeName = None
    concurrently: bool = False


# Constraints ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateConstraint(Op):
    """What the five constraint operations share; `op` is the name of the subclass that was called."""

    table: Name
    definition: Constraint
    schema: MaybeName = None

    @property
    def constraint(self) -> MaybeName:
        return self.definition.name

    @property
    def columns(self) -> tuple[Name, ...] | Unknown:
        return self.definition.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateForeignKey(CreateConstraint):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUniqueConstraint(CreateConstraint):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCheckConstraint(CreateConstraint):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePrimaryKey(CreateConstraint):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateExcludeConstraint(CreateConstraint):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint(Op):
    """`kind` as in `Constraint.kind`, None where the source does not say."""

    constraint: MaybeName
    table: Name
    kind: MaybeName = None
    schema: MaybeName = None
    if_exists: Flag = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameConstraint(Op):
    table: Name
    constraint: Name
    new_constraint: Name
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateConstraint(Op):
    table: Name
    constraint: Name
    schema: MaybeName = None


# Other objects --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateObject(Op):
    """An object without columns of its own: `kind` says which.

    kind: "view", "materialized view", "trigger", "function", "procedure", "sequence", "type", "enum", "domain", "extension",
    "schema", "policy", "rule", "event", "collation", … in lower case. `table` where it hangs on one. `members` for an enum.
    `body` is the text after the name, for comparing definitions.
    """

    kind: str
    name: Name
    schema: MaybeName = None
    table: MaybeName = None
    members: tuple[Name, ...] | Unknown | None = None
    or_replace: bool = False
    if_not_exists: Flag = False
    body: MaybeName = None

    @property
    def op(self) -> str:
        """Like "create_view", "create_materialized_view", …"""
        return f"create_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropObject(Op):
    kind: str
    name: Name
    schema: MaybeName = None
    table: MaybeName = None
    if_exists: Flag = False
    cascade: bool = False

    @property
    def op(self) -> str:
        """Like "drop_view", "drop_materialized_view", …"""
        return f"drop_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameObject(Op):
    kind: str
    name: Name
    new_name: Name
    schema: MaybeName = None

    @property
    def op(self) -> str:
        """Like "rename_view", "rename_materialized_view", …"""
        return f"rename_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterObject(Op):
    """A change to such an object that has no operation of its own; `action` is the rest of the statement, upper-cased words."""

    kind: str
    name: Name
    schema: MaybeName = None
    action: MaybeName = None

    @property
    def op(self) -> str:
        """Like "alter_view", "alter_materialized_view", …"""
        return f"alter_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEnumValue(Op):
    """`ALTER TYPE … ADD VALUE`."""

    enum: Name
    value: Name
    schema: MaybeName = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameEnumValue(Op):
    enum: Name
    value: Name
    new_value: Name
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSequenceValue(Op):
    """`setval()`, `ALTER SEQUENCE … RESTART`, `ALTER TABLE … AUTO_INCREMENT =`."""

    sequence: Name
    table: MaybeName = None


# Rows -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(Op):
    """`columns` are the columns written; `query` is True for INSERT … SELECT; `source_tables` are the tables it reads."""

    table: Name
    schema: MaybeName = None
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    query: bool = False
    source_tables: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Op):
    """`columns` are the columns set, `source_columns` those that the new values are computed from (without WHERE's)."""

    table: Name
    schema: MaybeName = None
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    source_columns: tuple[Name, ...] | Unknown = UNKNOWN
    source_tables: tuple[Name, ...] = ()
    where: Flag = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Op):
    table: Name
    schema: MaybeName = None
    where: Flag = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(Op):
    table: Name
    schema: MaybeName = None
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkInsert(Op):
    """`op.bulk_insert`; `rows` is how many, where they can be counted."""

    table: Name
    schema: MaybeName = None
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    rows: int | Unknown = UNKNOWN


# Statements -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute(Op):
    """Raw SQL handed to the database. `statement` may contain HOLE; UNKNOWN where nothing of it could be read.

    What the SQL means follows as operations with `sql=True`, up to the next operation that has `sql=False`.
    """

    statement: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Op):
    """A statement of the SQL that has no operation of its own.

    `command` is its leading keywords in capitals ("SELECT", "SET", "GRANT", "LOCK TABLE", "CALL", "DO", …); `effect` is False
    where it changes neither schema nor rows (SELECT, SET, SHOW, PRAGMA that only reads, EXPLAIN, ANALYZE, BEGIN, COMMIT),
    True where it does, and UNKNOWN where that cannot be told (CALL, DO, an unreadable one). `text` is the statement itself.
    """

    command: str
    effect: Flag = UNKNOWN
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise(Op):
    """The function ends in an exception here: `exception` is its class ("NotImplementedError"), `message` its text."""

    exception: Name
    message: MaybeName = None
