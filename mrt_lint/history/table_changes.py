"""What one operation makes of the columns of a table: pure functions from a table to a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from mrt_lint.history.constraint_changes import with_columns_renamed, with_constraint, with_index, with_names_kept
from mrt_lint.history.schema import QualifiedObject, ReplayedTable, fold, object_place, without_order
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import AlterColumn, CreateIndex, CreateTable
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, Flag, MaybeName, Name, SqlType, Unknown

_Entry = TypeVar("_Entry")
_ATTRIBUTES = (
    "type",
    "nullable",
    "server_default",
    "primary_key",
    "autoincrement",
    "identity",
    "computed",
    "unique",
    "index",
    "comment",
)
"""The attributes of a column that a condition can leave undecided."""


def make_table(op: CreateTable) -> ReplayedTable:
    """Return the table that CREATE TABLE makes."""
    table = ReplayedTable(
        name=str(op.table),
        schema=op.schema,
        complete=op.complete,
        autoincrement=is_autoincrement(op),
        partitioned=op.partitioned,
    )
    for column in op.columns:  # SQLAlchemy alone numbers a key that does not say so
        is_plain = op.sql and column.autoincrement == "auto"
        table = with_column(table, replace(column, autoincrement=False) if is_plain else column)
    for constraint in op.constraints:
        table = with_constraint(table, constraint)
    return table


def renamed(table: ReplayedTable, name: str) -> ReplayedTable:
    """Return a table under another name."""
    return replace(with_names_kept(table), name=name, indexes=_indexes_at(table, name, table.schema))


def in_schema(table: ReplayedTable, schema: str) -> ReplayedTable:
    """Return a table in another schema, which its indexes move to with it."""
    return replace(table, schema=schema, indexes=_indexes_at(table, table.name, schema))


def _indexes_at(table: ReplayedTable, name: str, schema: MaybeName) -> dict[str, CreateIndex | Unknown]:
    return {
        key: replace(index, table=name, schema=schema) if isinstance(index, CreateIndex) else index
        for key, index in table.indexes.items()
    }


def is_autoincrement(op: CreateTable) -> Flag:
    """Return whether CREATE TABLE has AUTOINCREMENT on SQLite, which `autoincrement=True` of a column does not add."""
    if op.sql:
        return any(column.autoincrement is True for column in op.columns)
    return op.sqlite_autoincrement


def obscure(name: Name) -> Column:
    """Return a column of which only the name is known."""
    return _hidden(Column(name=name), _ATTRIBUTES)


def _hidden(column: Column, attributes: Iterable[str]) -> Column:
    """Return a column with some attributes UNKNOWN."""
    unknown = dict.fromkeys(attributes, UNKNOWN)
    return replace(column, **unknown)  # type: ignore[arg-type]  # _ATTRIBUTES are those that may be


def with_column(table: ReplayedTable, column: Column) -> ReplayedTable:
    """Add a column, with the constraints and the index that its definition brings along."""
    if not isinstance(column.name, str):
        return replace(table, complete=False)
    table = replace(table.with_name("column", column.name), columns={**table.columns, fold(column.name): _settled(column)})
    for constraint in column.constraints:
        table = with_constraint(table, constraint if constraint.columns else replace(constraint, columns=(column.name,)))
    kinds = {constraint.kind for constraint in column.constraints}
    if column.primary_key is True and "primary" not in kinds and not _joins_key(table):
        table = with_constraint(table, Constraint(kind="primary", columns=(column.name,)))
    elif column.primary_key is True and "primary" not in kinds:
        table = _widened_key(table, column.name)
    if column.index is True:
        # named by SQLAlchemy's own convention, "ix_%(column_0_label)s", whose label has the schema, too
        index = CreateIndex(
            index=f"ix_{_prefix(table)}_{column.name}",
            table=table.name,
            schema=table.schema,
            columns=(column.name,),
            unique=column.unique,
        )
        table = with_index(table, index)
    elif column.unique is True and "unique" not in kinds:
        table = with_constraint(table, Constraint(kind="unique", columns=(column.name,)))
    return table


def _prefix(table: ReplayedTable) -> str:
    return f"{table.schema}_{table.name}" if isinstance(table.schema, str) else table.name


def _settled(column: Column) -> Column:
    """Return the column with its nullability set: SQLAlchemy and SQL allow NULL except for keys and identities."""
    if column.primary_key is True or column.identity is True:
        return replace(column, nullable=False)
    return replace(column, nullable=True) if column.nullable is None else column


def _joins_key(table: ReplayedTable) -> bool:
    return any(constraint.kind == "primary" for constraint in table.unnamed if isinstance(constraint, Constraint))


def _widened_key(table: ReplayedTable, column: str) -> ReplayedTable:
    """Add a further column with `primary_key=True` to the unnamed key of the others."""
    widened = tuple(
        replace(known, columns=(*known.columns, column))
        if isinstance(known, Constraint) and known.kind == "primary" and known.columns is not UNKNOWN
        else known
        for known in table.unnamed
    )
    return replace(table, unnamed=widened)


def without_column(table: ReplayedTable, name: Name) -> ReplayedTable:
    """Remove a column, and everything that covers it, as PostgreSQL does; if it is not known which, any may be removed."""
    if not isinstance(name, str):
        return replace(table, columns=dict.fromkeys(table.columns, UNKNOWN), complete=False)
    columns = {key: column for key, column in table.columns.items() if key != fold(name)}
    table = table.without_name("column", name)
    return replace(
        table,
        columns=columns,
        indexes={key: index for key, index in table.indexes.items() if not _covers(index, name)},
        constraints={key: constraint for key, constraint in table.constraints.items() if not _covers(constraint, name)},
        unnamed=tuple(entry for entry in table.unnamed if not _covers(entry, name)),
    )


def without_column_of_mysql(table: ReplayedTable, name: Name) -> ReplayedTable:
    """Remove a column as MySQL and MariaDB do, which take it out of the keys and indexes that cover others as well.

    Source: https://dev.mysql.com/doc/refman/8.4/en/alter-table.html ("If columns are dropped from a table").
    """
    left = without_column(table, name)
    if not isinstance(name, str):
        return left
    narrowed = {key: _narrowed(entry, name) for key, entry in table.constraints.items() if key not in left.constraints}
    unnamed = (_narrowed(entry, name) for entry in table.unnamed)
    return replace(
        left,
        constraints={**left.constraints, **{key: entry for key, entry in narrowed.items() if entry is not None}},
        unnamed=tuple(entry for entry in unnamed if entry is not None),
    )


def _narrowed(entry: _Entry, column: str) -> _Entry | None:
    """Return a key without a column, None if it is left without any, or is none that keeps its other columns."""
    if not isinstance(entry, Constraint | CreateIndex) or not _covers(entry, column):
        return entry
    columns = entry.columns if isinstance(entry.columns, tuple) else ()
    left = tuple(known for known in columns if not isinstance(known, str) or fold(without_order(known)) != fold(column))
    is_key = isinstance(entry, CreateIndex) or entry.kind in {"primary", "unique"}
    return replace(entry, columns=left) if left and is_key else None


def _covers(entry: Constraint | CreateIndex | Unknown, column: str) -> bool:
    if entry is UNKNOWN or entry.columns is UNKNOWN:
        return False
    return any(isinstance(name, str) and fold(without_order(name)) == fold(column) for name in entry.columns)


def altered(table: ReplayedTable, op: AlterColumn) -> ReplayedTable:
    """Change a column."""
    if not isinstance(op.column, str):
        return _all_obscured(table, op)
    before = table.columns.get(fold(op.column))
    column = before if isinstance(before, Column) else obscure(op.column)  # what `existing_…` says is no evidence
    for attribute in ("type", "nullable", "server_default", "autoincrement", "identity", "comment"):
        value = getattr(op, attribute)
        if value is not UNSET:
            column = replace(column, **{attribute: value})
    columns = {**table.columns, fold(op.column): column if before is not UNKNOWN else UNKNOWN}
    table = replace(table.with_name("column", op.column), columns=columns)
    return table if op.new_column is UNSET or op.new_column == op.column else _column_renamed(table, op, column)


def _all_obscured(table: ReplayedTable, op: AlterColumn) -> ReplayedTable:
    """Return what is known of a table after some column of it, not known which, was altered."""
    hidden = [attribute for attribute in ("type", "nullable", "server_default") if getattr(op, attribute) is not UNSET]
    columns: dict[str, Column | Unknown] = {
        key: _hidden(column, hidden) if isinstance(column, Column) else column for key, column in table.columns.items()
    }
    if op.new_column is not UNSET:
        columns = dict.fromkeys(columns, UNKNOWN)
    return replace(table, columns=columns, complete=table.complete and op.new_column is UNSET)


def _column_renamed(table: ReplayedTable, op: AlterColumn, column: Column) -> ReplayedTable:
    old, new = fold(str(op.column)), op.new_column
    if not isinstance(new, str):
        return replace(table, columns={**table.columns, old: UNKNOWN}, complete=False)
    moved = {
        fold(new) if key == old else key: replace(column, name=new) if key == old else known for key, known in table.columns.items()
    }
    table = table.without_name("column", old, new).with_name("column", new)
    return replace(with_columns_renamed(table, {old: new}), columns=moved)


def with_type_renamed(table: ReplayedTable, old: QualifiedObject, name: str) -> ReplayedTable:
    """Return the table with its columns of an enum or domain that has another name now; itself if it has none."""
    columns = {key: _of_renamed_type(column, old, name) for key, column in table.columns.items()}
    return table if columns == table.columns else replace(table, columns=columns)


def _of_renamed_type(column: Column | Unknown, old: QualifiedObject, name: str) -> Column | Unknown:
    kind = column.type if isinstance(column, Column) else None
    if not isinstance(column, Column) or not isinstance(kind, SqlType) or not isinstance(kind.type_name, str):
        return column
    if object_place("type", kind.schema, kind.type_name) != old:
        return column
    return replace(column, type=replace(kind, type_name=name, name=kind.name if kind.name == "ENUM" else name))


def blurred(before: ReplayedTable, after: ReplayedTable) -> ReplayedTable:
    """Return what is known of a table that is one of these two: where they differ, nothing."""
    columns: dict[str, Column | Unknown] = {}
    for key in (*before.columns, *(key for key in after.columns if key not in before.columns)):
        columns[key] = _blurred_column(before.columns.get(key), after.columns.get(key))
    return replace(
        before,
        columns=columns,
        indexes=_blurred_entries(before.indexes, after.indexes),
        constraints=_blurred_entries(before.constraints, after.constraints),
        unnamed=tuple(entry for entry in before.unnamed if entry in after.unnamed),
        lost=before.lost | after.lost,
        autoincrement=before.autoincrement if before.autoincrement == after.autoincrement else UNKNOWN,
        complete=before.complete and after.complete,
        former_names={key: new for key, new in before.former_names.items() if after.former_names.get(key, UNKNOWN) == new},
    )


def _blurred_column(one: Column | Unknown | None, other: Column | Unknown | None) -> Column | Unknown:
    if not isinstance(one, Column) or not isinstance(other, Column):
        return UNKNOWN
    return _hidden(one, [attribute for attribute in _ATTRIBUTES if getattr(one, attribute) != getattr(other, attribute)])


def _blurred_entries(before: Mapping[str, _Entry | Unknown], after: Mapping[str, _Entry | Unknown]) -> dict[str, _Entry | Unknown]:
    return {key: before[key] if key in before and before[key] == after.get(key) else UNKNOWN for key in (*before, *after)}
