"""A unique constraint or primary key that takes over an index, as advice: PostgreSQL builds that without blocking writes."""

from __future__ import annotations

from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.index_sql import code_of, condition_parts
from mrt_lint.analysis.sql_names import sql_name
from mrt_lint.analysis.wording import deed, names
from mrt_lint.history.schema import fold, given_name
from mrt_lint.model.advice import literal
from mrt_lint.model.ops import (
    AddColumn,
    AlterColumn,
    BulkInsert,
    CreateConstraint,
    CreateIndex,
    DropColumn,
    DropConstraint,
    DropIndex,
    Insert,
    Op,
    Update,
)
from mrt_lint.model.values import UNKNOWN, UNSET, Constraint

PARTITIONED: Final = (
    "no key of a partitioned table takes over an index: add it to ONLY {sql_table}, make the key of each partition "
    "of an index that was built CONCURRENTLY there (USING INDEX), and ALTER INDEX … ATTACH PARTITION each of them"
)


def key_of_index(case: MigrationCase, op: CreateConstraint | AddColumn) -> dict[str, str]:
    """Return the calls of such a key, "build" and "take_over", and what else changes: "moved" is a drop, "left_out" a keyword."""
    key, words = _key(op), names(op)
    name = _own_name(op) or "…"
    kind = "PRIMARY KEY" if key.kind == "primary" else "UNIQUE"
    drop = former_guard(case, op, ("primary",) if key.kind == "primary" else ("unique",))
    index = f"{name}_new" if drop is not None and _name_of(drop) == fold(name) else name
    statement = f"ALTER TABLE {words['sql_table']} ADD CONSTRAINT {_sql(name)} {kind} USING INDEX {_sql(index)}{_deferred(key)}"
    moved = f"move {deed(drop)} behind it, so that rows stay unique meanwhile; " if drop is not None else ""
    return {
        "build": f"with op.get_context().autocommit_block(): {_call(op, key, index, words['last'])}",
        "take_over": f"op.execute({literal(statement)})",
        "left_out": f"leave {'UNIQUE' if op.sql else 'unique=True'} out of the new column; " if isinstance(op, AddColumn) else "",
        "moved": f"{moved}then ",
    }


def _key(op: CreateConstraint | AddColumn) -> Constraint:
    return op.definition if isinstance(op, CreateConstraint) else Constraint(kind="unique", columns=(op.column,))


def _call(op: CreateConstraint | AddColumn, key: Constraint, index: str, table: str) -> str:
    built = CreateIndex(
        index=index,
        table=op.table,
        schema=op.schema,
        columns=key.columns,
        unique=True,
        nulls_not_distinct=key.nulls_not_distinct,
    )
    code = code_of(built)
    included = "" if key.included is False else ", postgresql_include=[…]"
    return (
        f"op.create_index({literal(index)}, {literal(table)}, [{code['columns']}]{code['options']}{included}, "
        "postgresql_concurrently=True)"
    )


def former_guard(
    case: MigrationCase, op: CreateConstraint | CreateIndex | AddColumn, kinds: tuple[str, ...] = ("unique",)
) -> DropIndex | DropConstraint | None:
    """Return the drop of a unique index or constraint of the same table before what keeps rows unique in its place.

    Where the upgrade then changes rows or columns, what is dropped may be in their way.
    """
    given, own = _columns(op), fold(_own_name(op) or "")
    table = case.state_before(op).table
    before = [other for other in case.earlier(op) if case.state_before(other).table is table and case.runs(other)]
    drops: list[DropIndex | DropConstraint] = []
    for other in before:
        former = _unique_columns(case, other, kinds)
        if isinstance(other, DropConstraint) and former is None and not other.kind and own and _name_of(other) == own:
            former = UNKNOWN  # of a table that the history does not show
        # a table has one primary key, whatever its columns
        if (
            isinstance(other, DropIndex | DropConstraint)
            and former is not None
            and (kinds == ("primary",) or _share(former, given))
        ):
            drops.append(other)
    if not drops:
        return None
    drop = min(drops, key=lambda each: (_name_of(each) != own, *_unlike(case, each, op, kinds)))
    kept = _unique_columns(case, drop, kinds)
    behind = before[next(place for place, other in enumerate(before) if other is drop) :]
    return None if any(_is_in_the_way(other, kept, given) for other in behind) else drop


def _unlike(
    case: MigrationCase, drop: DropIndex | DropConstraint, op: CreateConstraint | CreateIndex | AddColumn, kinds: tuple[str, ...]
) -> tuple[bool, bool]:
    """Return whether what is dropped keeps other rows unique than what is built, and whether it does so by other columns."""
    former, given = (
        {fold(str(name)) for name in columns} if isinstance(columns, tuple) else set()
        for columns in (_unique_columns(case, drop, kinds), _columns(op))
    )
    old = case.former_index(drop).where if isinstance(drop, DropIndex) else None
    return condition_parts(old) != condition_parts(getattr(op, "where", None)), former != given


def _share(former: object, columns: object) -> bool:
    """Return whether two lists may have a column in common: two over none keep other rows apart."""
    if not isinstance(former, tuple) or not isinstance(columns, tuple) or not former:
        return True
    return any(has_name(columns, name) or not readable(name) or name.startswith("(") for name in former)


def _is_in_the_way(other: Op, kept: object, columns: object) -> bool:
    """Return whether an operation between the drop of a unique index and the build of another needs the former gone.

    It may write the columns that the former keeps unique, drop them, or give their names to others.
    """
    kept = kept if isinstance(kept, tuple) else ()
    if isinstance(other, Update | Insert | BulkInsert):
        written = other.columns if isinstance(other.columns, tuple) else ()
        return not written or not kept or any(has_name(written, name) for name in kept)
    if isinstance(other, DropColumn):
        return has_name(kept, other.column)
    if not isinstance(other, AlterColumn) or other.new_column is UNSET:
        return False
    return has_name(kept, other.column) or has_name(columns if isinstance(columns, tuple) else (), other.new_column)


def _unique_columns(case: MigrationCase, op: Op, kinds: tuple[str, ...]) -> object:
    """Return the columns that an index or constraint which is dropped keeps unique, None if it keeps none."""
    if isinstance(op, DropIndex) and not op.along_with:
        index = case.former_index(op)
        return index.columns if index.unique is True else None
    if isinstance(op, DropConstraint) and not op.along_with and case.kind(op) in kinds:
        constraint = case.tracked(op)
        return getattr(constraint and constraint.definition, "columns", UNKNOWN)
    return None


def _columns(op: CreateConstraint | CreateIndex | AddColumn) -> object:
    return (op.column,) if isinstance(op, AddColumn) else op.columns


def _own_name(op: CreateConstraint | CreateIndex | AddColumn) -> str | None:
    """Return the name of an index or key, the one that PostgreSQL gives to a key without one; None if it is not known."""
    key = None if isinstance(op, CreateIndex) else _key(op)
    name = op.index if isinstance(op, CreateIndex) else key.name if key is not None else None
    if name is None and key is not None and readable(op.table):
        name = given_name(op.table, key, "postgresql")
    return name if readable(name) else None


def _name_of(drop: DropConstraint | DropIndex) -> str:
    name = drop.constraint if isinstance(drop, DropConstraint) else drop.index
    return fold(name) if readable(name) else ""


def _sql(name: str) -> str:
    return name if name == "…" else sql_name(name, "postgresql")


def _deferred(key: Constraint) -> str:
    if key.deferrable is not True:
        return ""
    initially = f" INITIALLY {key.initially.upper()}" if readable(key.initially) else ""
    return f" DEFERRABLE{initially}"
