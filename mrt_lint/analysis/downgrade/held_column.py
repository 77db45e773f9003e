"""What keeps a database from dropping or changing a column: keys, checks and generated columns over it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_lint.analysis.downgrade.definition import for_dialect, is_same_value
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import ReplayedTable, fold, place, without_order
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AddColumn, AlterColumn, CreateIndex, DropColumn
from mrt_lint.model.values import Column, Constraint, MaybeName, Name, SqlType, Unknown

_QUOTED = re.compile(r"'(?:[^']|'')*'")
_WORD = re.compile(r"\w+")


def find_holder(simulated: SimulatedSchema, op: DropColumn) -> str | None:
    """Return one clause on what in its table keeps a database from dropping a column; None if nothing is known.

    A generated column does on every database. A CHECK of several columns does on MySQL from 8.0.16 on (error 3959) and on MariaDB
    (1054), a key of several that is unique on MariaDB alone (1072), while MySQL takes the column out of it. What the same statement
    drops is gone by then. Source: MariaDB, “ALTER TABLE” (https://mariadb.com/kb/en/alter-table/).
    """
    where = place(op.schema, op.table) if readable(op.table) else None
    table = simulated.schema.tables_by_place.get(where, None) if where is not None else None
    if where is None or not isinstance(table, ReplayedTable) or not readable(op.column):
        return None
    column = fold(op.column)
    for part, clause in _holders(simulated, op, table, column):
        if simulated.is_sure_of_part(where, part, where[1], column):
            return clause
    return None


def find_fixed(simulated: SimulatedSchema, op: AlterColumn) -> str | None:
    """Return one clause on a foreign key for which MySQL and MariaDB keep the type of a column, or NULL in it.

    Of a text MySQL changes the length. Source: “FOREIGN KEY Constraints”, on types and SET NULL
    (https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html), and MariaDB's errors.
    """
    where = place(op.schema, op.table) if readable(op.table) else None
    table = simulated.schema.tables_by_place.get(where, None) if where is not None else None
    name = fold(op.column) if readable(op.column) else None
    if where is None or not isinstance(table, ReplayedTable) or name is None:
        return None
    column = table.columns.get(name)
    if not isinstance(column, Column):
        return None
    is_changed = _is_other_type(simulated, column, op)
    for key in table.known_constraints("foreignkey"):
        is_sure = name in _columns(key.columns) and simulated.is_sure_of_part(where, key, where[1], name)
        called = f"foreign key '{key.name}'" if readable(key.name) else "its foreign key"
        if not is_sure:
            continue
        if op.nullable is False and "SET NULL" in {key.ondelete, key.onupdate}:
            return f"{called} sets column '{op.table}.{op.column}' to NULL (error 1830)"
        if is_changed:
            return f"column '{op.table}.{op.column}' keeps its type under {called} (errors 1832 and 3780)"
    for child, key in simulated.schema.references_to(where) if is_changed else ():
        source = place(child.schema, child.name)
        if name in _columns(key.referred_columns) and simulated.is_sure_of_part(source, key, source[1]):
            return (
                f"column '{op.table}.{op.column}' keeps its type under a foreign key of table '{child.name}' (errors 1833 and 3780)"
            )
    return None


def _is_other_type(simulated: SimulatedSchema, column: Column, op: AlterColumn) -> bool:
    former, new = (for_dialect(kind, simulated.dialect) for kind in (column.type, op.type))
    if not simulated.known_schema.with_types or not isinstance(former, SqlType) or not isinstance(new, SqlType):
        return False
    return former.name != new.name and is_same_value(former, new) is False


def _holders(
    simulated: SimulatedSchema, op: DropColumn, table: ReplayedTable, column: str
) -> Iterator[tuple[Column | Constraint | CreateIndex, str]]:
    dropped = {fold(str(other.column)) for other in simulated.statement_of(op) if isinstance(other, DropColumn)}
    for name, other in table.columns.items():
        if isinstance(other, Column) and name not in dropped and column in _words(other.computed):
            yield other, f"generated column '{table.name}.{other.name}' is computed from it"
    if simulated.dialect in FAMILY:
        yield from _checks(op, table, dropped)
    if simulated.dialect == "mariadb" and not _is_added_again(simulated, op):
        yield from _keys(op, table, dropped)


def _checks(op: DropColumn, table: ReplayedTable, dropped: set[str]) -> Iterator[tuple[Constraint, str]]:
    for check in table.known_constraints("check"):
        named = _words(check.condition) & set(table.columns)
        if fold(str(op.column)) in named and not named <= dropped:
            yield check, f"{_called(check.kind, check.name)} names another column as well (errors 3959 and 1054)"


def _keys(op: DropColumn, table: ReplayedTable, dropped: set[str]) -> Iterator[tuple[Constraint | CreateIndex, str]]:
    keys: list[Constraint | CreateIndex] = [key for key in table.known_constraints() if key.kind in {"primary", "unique"}]
    for key in (*keys, *(index for index in table.known_indexes() if index.unique is True)):
        covered = _columns(key.columns)
        kind, name = (key.kind, key.name) if isinstance(key, Constraint) else ("unique", key.index)
        if fold(str(op.column)) in covered and not set(covered) <= dropped:
            yield key, f"{_called(kind, name)} covers other columns as well, and MariaDB takes none out of it (error 1072)"


def _is_added_again(simulated: SimulatedSchema, op: DropColumn) -> bool:
    """Return whether the statement adds a column of the same name, which the keys then cover."""
    added = (other for other in simulated.statement_of(op) if isinstance(other, AddColumn))
    return any(fold(str(other.column)) == fold(str(op.column)) for other in added)


def _columns(columns: tuple[Name, ...] | Unknown) -> tuple[str, ...]:
    """Return the columns under a key, folded and without their order."""
    return tuple(fold(without_order(name)) for name in columns if readable(name)) if isinstance(columns, tuple) else ()


def _words(expression: object) -> set[str]:
    """Return the words of an expression outside of its texts."""
    return set(_WORD.findall(fold(_QUOTED.sub("", expression)))) if isinstance(expression, str) else set()


def _called(kind: str, name: MaybeName) -> str:
    what = {"primary": "the primary key", "unique": "a unique key", "check": "a CHECK"}[kind]
    return f"{what.removeprefix('a ').removeprefix('the ')} '{name}'" if readable(name) and kind != "primary" else what
