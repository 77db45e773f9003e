"""Operations on constraints and indexes."""

from __future__ import annotations

from dataclasses import field

from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops.operation import Op
from mrt_lint.model.values import BoundText, Constraint, Flag, MaybeName, Name, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex(Op):
    """`columns` holds column names, and expressions as SQL text in parentheses: ("email",) or ("(lower(email))",).

    `nulls_not_distinct` is PostgreSQL's NULLS NOT DISTINCT, `options` are the other arguments that only one database knows, by the
    names that SQLAlchemy gives them, as Python writes them (neither compared, as a database without them makes the same index).
    `texts` is the SQL with a colon that is a `text()` (not compared either).
    """

    index: MaybeName
    table: Name
    columns: tuple[Name, ...] | Unknown = ()
    schema: MaybeName = None
    unique: Flag = False
    concurrently: Flag = False
    if_not_exists: Flag = False
    where: MaybeName = None
    using: MaybeName = None
    nulls_not_distinct: Flag = field(default=False, compare=False, repr=False)
    options: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    texts: tuple[BoundText, ...] = field(default=(), compare=False, repr=False)


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
    """REINDEX, CLUSTER, VACUUM FULL, OPTIMIZE TABLE: `command` in capitals.

    `scope` is what REINDEX is about, "TABLE", "INDEX", "SCHEMA", "DATABASE" or "SYSTEM" (never compared).
    """

    command: str
    table: MaybeName = None
    concurrently: bool = False
    scope: str = field(default="", compare=False, repr=False)


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
    """`kind` as in `Constraint.kind`, None if the source does not say."""

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
