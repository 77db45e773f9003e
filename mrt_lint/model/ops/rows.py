"""Operations on rows."""

from __future__ import annotations

from dataclasses import field

from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops.operation import Op
from mrt_lint.model.values import UNKNOWN, ColumnTest, Flag, MaybeConstant, MaybeName, Name, Unknown, ValueFlow, WrittenValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(Op):
    """`columns` are the columns written; `query` is True for INSERT … SELECT; `source_tables` are the tables it reads.

    `flows` are what each value is computed from, UNKNOWN if nothing of that could be read; `values` the constants of each row
    in the order of `columns`, of a query those of all its rows, UNKNOWN where they could not be read; `spares` is True if it
    leaves alone what is there already: ON CONFLICT DO NOTHING, IGNORE, NOT EXISTS (none of these is compared).
    """

    table: Name
    schema: MaybeName = None
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    query: bool = False
    source_tables: tuple[Name, ...] = ()
    flows: tuple[ValueFlow, ...] | Unknown = field(default=UNKNOWN, compare=False, repr=False)
    values: tuple[tuple[MaybeConstant, ...], ...] | Unknown = field(default=UNKNOWN, compare=False, repr=False)
    spares: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Op):
    """`columns` are the columns set, `source_columns` those that the new values are computed from (without WHERE's).

    `flows` are which of them goes where, UNKNOWN if nothing of that could be read; `fills` are columns in which it replaces NULL
    and nothing else; `conditions` are the table's own columns that WHERE and joins name, `tests` all that WHERE asks for, where it
    could be read; `writes` are the constants that columns get, nothing of one that may get others (none of these is compared).
    """

    table: Name
    schema: MaybeName = None
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    source_columns: tuple[Name, ...] | Unknown = UNKNOWN
    source_tables: tuple[Name, ...] = ()
    where: Flag = UNKNOWN
    flows: tuple[ValueFlow, ...] | Unknown = field(default=UNKNOWN, compare=False, repr=False)
    fills: tuple[Name, ...] = field(default=(), compare=False, repr=False)
    conditions: tuple[Name, ...] = field(default=(), compare=False, repr=False)
    tests: tuple[ColumnTest, ...] = field(default=(), compare=False, repr=False)
    writes: tuple[WrittenValue, ...] = field(default=(), compare=False, repr=False)

    @property
    def nulls_alone(self) -> tuple[Name, ...]:
        """The columns that are NULL in the rows of a WHERE that asks for nothing else."""
        return tuple(test.column for test in self.tests) if all(test.asks == "null" for test in self.tests) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Op):
    """`by_value` is False if WHERE takes rows only by a pattern or open range, which others may meet as well.

    `spares_used` is True if it asks for rows that some query does not find: NOT EXISTS, NOT IN. `conditions` and `tests` are as in
    an UPDATE, UNKNOWN among the conditions what is no column of the table (none of these is compared).
    """

    table: Name
    schema: MaybeName = None
    where: Flag = UNKNOWN
    by_value: Flag = field(default=UNKNOWN, compare=False, repr=False)
    spares_used: bool = field(default=False, compare=False, repr=False)
    conditions: tuple[Name, ...] = field(default=(), compare=False, repr=False)
    tests: tuple[ColumnTest, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(Op):
    """`together` are the tables of the same statement (never compared)."""

    table: Name
    schema: MaybeName = None
    cascade: bool = False
    together: tuple[Name, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkInsert(Op):
    """`op.bulk_insert`; `rows` is how many, where they can be counted, `values` as in an INSERT (never compared)."""

    table: Name
    schema: MaybeName = None
    columns: tuple[Name, ...] | Unknown = UNKNOWN
    rows: int | Unknown = UNKNOWN
    values: tuple[tuple[MaybeConstant, ...], ...] | Unknown = field(default=UNKNOWN, compare=False, repr=False)
