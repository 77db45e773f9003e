"""What one operation makes of the indexes and constraints of a table: pure functions from a table to a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from mrt_lint.history.schema import ReplayedTable, fold, is_default_name, without_order
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import CreateIndex
from mrt_lint.model.values import UNKNOWN, Column, Constraint, MaybeName, Name, Unknown

_Entry = TypeVar("_Entry")


def with_columns_renamed(table: ReplayedTable, names: Mapping[str, str]) -> ReplayedTable:
    """Follow renamed columns in the indexes and constraints that cover them."""
    table = with_names_kept(table)
    return replace(
        table,
        indexes={key: _renamed(index, names) for key, index in table.indexes.items()},
        constraints={key: _renamed(constraint, names) for key, constraint in table.constraints.items()},
        unnamed=tuple(_renamed(entry, names) for entry in table.unnamed),
    )


def with_names_kept(table: ReplayedTable) -> ReplayedTable:
    """Return a table before something of it is renamed: what the database has named keeps its name."""
    return replace(
        table,
        unnamed=tuple(
            replace(entry, named_after=(table.name, entry.columns))
            if isinstance(entry, Constraint) and entry.named_after is None
            else entry
            for entry in table.unnamed
        ),
    )


def _renamed(entry: _Entry, names: Mapping[str, str]) -> _Entry:
    if isinstance(entry, Constraint | CreateIndex) and entry.columns is not UNKNOWN:
        return replace(entry, columns=rename(entry.columns, names))
    return entry


def rename(columns: Iterable[Name], names: Mapping[str, str]) -> tuple[Name, ...]:
    """Return column names with the renamed ones changed."""
    return tuple(_with_new_name(name, names) if isinstance(name, str) else name for name in columns)


def _with_new_name(column: str, names: Mapping[str, str]) -> str:
    """Return a column's new name, with the order that an index gives it: "(id desc)"."""
    name = without_order(column)
    new = names.get(fold(name))
    return column if new is None else column.replace(name, new, 1)


def with_constraint(table: ReplayedTable, constraint: Constraint) -> ReplayedTable:
    """Add a constraint; a primary key makes its columns NOT NULL, and one made from an index takes the index's columns."""
    if isinstance(constraint.using_index, str):
        # ADD CONSTRAINT … USING INDEX renames the index to the constraint, which owns it from then on
        index = table.indexes.get(fold(constraint.using_index))
        name = constraint.name if constraint.name is not None else constraint.using_index
        columns = index.columns if isinstance(index, CreateIndex) else UNKNOWN
        constraint = replace(constraint, name=name, columns=columns)
        indexes = {key: entry for key, entry in table.indexes.items() if entry is not index}
        table = replace(table, indexes=indexes)
    if constraint.kind == "primary" and constraint.columns is not UNKNOWN:
        keys = {fold(name) for name in constraint.columns if isinstance(name, str)}
        columns_now = {
            key: replace(column, nullable=False, primary_key=True) if key in keys and isinstance(column, Column) else column
            for key, column in table.columns.items()
        }
        table = replace(table, columns=columns_now)
    if isinstance(constraint.name, str):
        table = table.with_name("key", constraint.name)
        return replace(table, constraints={**table.constraints, fold(constraint.name): constraint})
    return replace(table, unnamed=(*table.unnamed, constraint))


def with_index(table: ReplayedTable, index: CreateIndex) -> ReplayedTable:
    """Add an index."""
    if isinstance(index.index, str):
        table = table.with_name("key", index.index)
        return replace(table, indexes={**table.indexes, fold(index.index): index})
    return replace(table, unnamed=(*table.unnamed, index))


def without_index(table: ReplayedTable, name: MaybeName, *, may_be_key: bool = False) -> ReplayedTable:
    """Remove an index; if it is not known which, any of them may be removed.

    On MySQL and MariaDB it may be the index of a unique constraint, which goes with it.
    """
    key = table.constraint(name) if may_be_key and isinstance(name, str) else None
    if isinstance(key, Constraint) and key.kind == "unique":
        return without_constraint(table, name, "unique")
    if name is UNKNOWN:
        return replace(table, indexes=dict.fromkeys(table.indexes, UNKNOWN))
    left = {key: index for key, index in table.indexes.items() if name is None or key != fold(name)}
    return replace(table if name is None else table.without_name("key", name), indexes=left)


def with_index_renamed(table: ReplayedTable, name: Name, new: Name) -> ReplayedTable:
    """Rename an index, and with it the constraint that it belongs to; one that is not known only loses the old name."""
    index = table.indexes.get(fold(name)) if isinstance(name, str) else None
    if index is None and isinstance(name, str) and isinstance(table.constraint(name), Constraint):
        return with_constraint_renamed(table, name, new)
    left = without_index(table, name)
    left = left.without_name("key", name, new)
    return with_index(left, replace(index, index=new)) if isinstance(index, CreateIndex) else left


def with_constraint_renamed(table: ReplayedTable, name: Name, new: Name) -> ReplayedTable:
    """Rename a constraint, also one that has had the name which PostgreSQL chose for it."""
    constraint = table.constraint(name) if isinstance(name, str) else None
    if isinstance(constraint, Constraint):
        return with_constraint(without_constraint(table, name).without_name("key", name, new), replace(constraint, name=new))
    # it is still there, whatever it is
    constraints = {key: entry for key, entry in table.constraints.items() if not isinstance(name, str) or key != fold(name)}
    left = table.without_name("key", name, new).with_name("key", new) if isinstance(name, str) else table
    return replace(left, constraints={**constraints, fold(new): UNKNOWN} if isinstance(new, str) else constraints)


def validated(table: ReplayedTable, name: Name) -> ReplayedTable:
    """Note that the rows that were there when a constraint was added satisfy it."""
    key = fold(name) if isinstance(name, str) else None
    return replace(
        table,
        constraints={
            known: replace(constraint, not_valid=False if key == known else UNKNOWN)
            if isinstance(constraint, Constraint) and constraint.not_valid is not False and key in {known, None}
            else constraint
            for known, constraint in table.constraints.items()
        },
    )


def with_references(
    table: ReplayedTable, wanted: Callable[[Constraint], bool], changed: Callable[[Constraint], Constraint]
) -> ReplayedTable:
    """Change some of a table's constraints."""
    return replace(
        table,
        constraints={
            key: changed(entry) if isinstance(entry, Constraint) and wanted(entry) else entry
            for key, entry in table.constraints.items()
        },
        unnamed=tuple(changed(entry) if isinstance(entry, Constraint) and wanted(entry) else entry for entry in table.unnamed),
    )


def with_referred_renamed(constraint: Constraint, names: Mapping[str, str]) -> Constraint:
    """Follow renamed columns in the foreign key that refers to them."""
    columns = constraint.referred_columns
    return constraint if columns is UNKNOWN else replace(constraint, referred_columns=rename(columns, names))


def without_constraint(table: ReplayedTable, name: MaybeName, kind: MaybeName = None) -> ReplayedTable:
    """Take a constraint away, by its name, by the name PostgreSQL gave it, or a primary key by its kind."""
    key = fold(name) if isinstance(name, str) else None
    if key in table.indexes and key not in table.constraints and kind in {None, "unique"}:  # on MySQL the two are one
        return without_index(table, name)
    constraints = {known: entry for known, entry in table.constraints.items() if known != key}
    unnamed = tuple(
        entry for entry in table.unnamed if not (key and isinstance(entry, Constraint) and is_default_name(key, table.name, entry))
    )
    lost = table.lost
    table = table if key is None else table.without_name("key", key)
    if len(constraints) == len(table.constraints) and len(unnamed) == len(table.unnamed):  # one that the database named its own way
        meant = [entry for entry in unnamed if isinstance(entry, Constraint) and kind in {None, entry.kind}]
        unnamed = tuple(entry for entry in unnamed if not any(entry is other for other in meant))
        lost |= {entry.kind for entry in meant} if len(meant) > 1 else frozenset()
        if key is None or kind == "primary":
            constraints = {known: entry for known, entry in constraints.items() if not _is_kind(entry, kind)}
    # by identity: two constraints without a name may be equal
    gone = {id(entry) for entry in (*table.constraints.values(), *table.unnamed)} - {
        id(entry) for entry in (*constraints.values(), *unnamed)
    }
    return _keyless(replace(table, constraints=constraints, unnamed=unnamed, lost=lost), table, gone)


def without_key_of_mysql(table: ReplayedTable, name: MaybeName, kind: MaybeName = None) -> ReplayedTable:
    """Take a constraint away as MySQL does, which leaves the index that it may have made under a foreign key's name.

    Source: https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html
    """
    known = table.constraint(name) if isinstance(name, str) else None
    after = without_constraint(table, name, kind)
    is_foreign = known.kind == "foreignkey" if isinstance(known, Constraint) else kind == "foreignkey"
    if not isinstance(name, str) or not is_foreign or fold(name) in after.indexes:
        return after
    return replace(after, indexes={**after.indexes, fold(name): UNKNOWN})


def _is_kind(entry: Constraint | Unknown, kind: MaybeName) -> bool:
    return isinstance(entry, Constraint) and entry.kind == kind


def _keyless(table: ReplayedTable, before: ReplayedTable, gone: set[int]) -> ReplayedTable:
    """Columns of a dropped primary key stay NOT NULL, but are no key any more."""
    if not any(id(entry) in gone and entry.kind == "primary" for entry in before.known_constraints()):
        return table
    columns = {
        key: replace(column, primary_key=False) if isinstance(column, Column) else column for key, column in table.columns.items()
    }
    return replace(table, columns=columns)
