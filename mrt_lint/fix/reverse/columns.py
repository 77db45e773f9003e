"""Columns: added, dropped, altered."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.former_schema import on
from mrt_lint.fix.layout import Code, call
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.constraints import create_constraint_again, foreign_key_item
from mrt_lint.fix.reverse.indexes import create_index_again
from mrt_lint.fix.reverse.step_builder import StepBuilder, known
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, Column, Constraint, SqlType

EMPTY: Final = "the column comes back without its values"


def remove_column(builder: StepBuilder, op: ops.AddColumn) -> Iterator[DowngradeStep]:
    """Undo ADD COLUMN."""
    definition = op.definition
    declared = builder.context.target.dialect
    if known(definition.primary_key):
        raise NoFix("it adds a column to the primary key")
    if declared == "sqlite" and not op.batch and (known(definition.unique) or known(definition.index) or definition.constraints):
        raise NoFix("SQLite drops no column that an index or constraint needs")
    keys = [constraint for constraint in definition.constraints if constraint.kind == "foreignkey"]
    # MySQL: "Cannot drop column: needed in a foreign key constraint" (error 1828)
    if keys and {"mysql", "mariadb"} & {*builder.former.dialects(op)}:
        if any(not isinstance(key.name, str) for key in keys):
            raise NoFix("MySQL drops no column that a foreign key needs, and this one has no name of its own")
        for key in keys:
            meant = ops.DropConstraint(constraint=key.name, table=op.table, kind="foreignkey", schema=op.schema)
            kind = {"type_": builder.quote("foreignkey")}
            yield builder.on_table("drop_constraint", meant, builder.quote(key.name), table="1", options=kind)
    step = builder.on_table(
        "drop_column",
        ops.DropColumn(table=op.table, column=op.column, schema=op.schema),
        builder.quote(op.column),
        table="0",
    )
    yield replace(step, unsafe="" if known(op.if_not_exists) is False else "the column may have been there before")


def add_column_again(builder: StepBuilder, op: ops.DropColumn) -> Iterator[DowngradeStep]:
    """Undo DROP COLUMN: the column with its former definition and what was dropped with it; its values are lost."""
    if op.cascade:
        raise NoFix("CASCADE drops whatever needs the column")
    former = builder.former
    table = former.table(builder.number, op.table, op.schema)
    column = former.column(builder.number, op.table, op.schema, op.column)
    if not is_nullable(column) and column.server_default is None:
        raise NoFix(f"{op.table}.{op.column} took no NULL and has no default, so rows cannot take it back")
    hanging = _dependents(table, str(op.column))
    _check_included(builder, op)
    inline = [entry for entry in hanging if isinstance(entry, Constraint) and entry.name is None]
    if op.batch and any(entry.kind == "foreignkey" for entry in inline):
        raise NoFix("a batch makes no foreign key without a name")
    code = column_code(builder, op, column, inline)
    types = former.types(builder.number, op.table, op.schema, op.column)
    meant = ops.AddColumn(table=op.table, column=op.column, definition=column, schema=op.schema)
    step = builder.on_table("add_column", meant, code, table="0")
    yield replace(step, same=lambda again: is_same_addition(again, meant, types), unsafe=EMPTY)
    for entry in hanging:
        if isinstance(entry, ops.CreateIndex):
            yield create_index_again(builder, entry)
        elif entry.name is not None:
            yield create_constraint_again(builder, entry, op.table, op.schema)


def _check_included(builder: StepBuilder, op: ops.DropColumn) -> None:
    """Raise NoFix if an index may INCLUDE the column: it goes with it, and is not known as one of its indexes."""
    for migration, earlier in builder.former.before(builder.number):
        if isinstance(earlier, ops.CreateIndex) and fold(str(earlier.table)) == fold(str(op.table)):
            node = builder.context.text_of(migration).call(earlier.origin)
            if re.search(r"\bINCLUDE\b|postgresql_include", ast.unparse(node), re.IGNORECASE):
                raise NoFix(f"index {earlier.index} may include the column")


def _dependents(table: ReplayedTable, column: str) -> list[Constraint | ops.CreateIndex]:
    """Return the indexes and constraints that a database drops with a column. Raises NoFix if they are not known."""
    if UNKNOWN in table.indexes.values() or UNKNOWN in table.constraints.values():
        raise NoFix(f"the earlier migrations do not show which indexes and constraints {table.name} has")
    found: list[Constraint | ops.CreateIndex] = []
    everything: tuple[Constraint | ops.CreateIndex, ...] = (*table.known_indexes(), *table.known_constraints())
    for entry in everything:
        if isinstance(entry, Constraint) and entry.kind in {"check", "exclude"}:
            # the name somewhere in the text is enough: too many checks are refused, and none is missed
            if entry.kind == "exclude" or fold(column) in fold(str(entry.condition)):
                raise NoFix(f"a check of {table.name} names the column")
            continue
        if not isinstance(entry.columns, tuple):
            raise NoFix(f"the columns under an index or constraint of {table.name} are not known")
        if isinstance(entry, ops.CreateIndex) and entry.index is None:
            raise NoFix(f"an index of {table.name} has no name")
        where = entry.where if isinstance(entry, ops.CreateIndex) else None
        if any(fold(column) in fold(str(name)) for name in (*entry.columns, where or "")):
            if isinstance(entry, Constraint) and (entry.kind == "primary" or (entry.name is None and len(entry.columns) > 1)):
                raise NoFix(f"a constraint of {table.name} that has no name, or its primary key, covers the column")
            found.append(entry)
    return found


def column_code(
    builder: StepBuilder, op: ops.DropColumn | ops.DropTable, column: Column, inline: list[Constraint], *, in_table: bool = False
) -> Code:
    """Write the definition that a column had. Raises NoFix if a part of it is not known or cannot be said."""
    if UNKNOWN in (column.nullable, column.server_default, column.identity, column.autoincrement, column.comment):
        raise NoFix(f"the earlier migrations do not show what column {column.name} was")
    if column.identity or column.computed is not None:
        raise NoFix(f"{column.name} was an identity or generated column")
    kind = builder.former.setting(builder.number, op, str(column.name), "type")
    if kind is None:
        raise NoFix(f"the type of {column.name} is not written out")
    default = builder.former.setting(builder.number, op, str(column.name), "server_default") if column.server_default else None
    keys = [foreign_key_item(builder, key) for key in inline if key.kind == "foreignkey"]
    unique = any(constraint.kind == "unique" for constraint in inline)
    spelled = builder.quote(column.autoincrement) if isinstance(column.autoincrement, str) else repr(column.autoincrement)
    return call(
        builder.context.names.sa("Column"),
        builder.quote(column.name),
        kind,
        *keys,
        autoincrement=spelled if in_table and column.autoincrement != "auto" else None,
        server_default=default,
        nullable=repr(is_nullable(column)),
        unique="True" if unique else None,
        comment=None if column.comment is None else builder.quote(column.comment),
    )


def is_same_addition(again: Op, meant: ops.AddColumn, types: dict[str, object]) -> bool:
    """Return whether a column that was read is the former one."""
    return (
        isinstance(again, ops.AddColumn)
        and (again.table, again.schema, again.column) == (meant.table, meant.schema, meant.column)
        and is_same_column(again.definition, meant.definition, types)
    )


def is_same_column(again: Column, meant: Column, types: dict[str, object]) -> bool:
    """Return whether two definitions of a column are the same on every database; `types` is the former's type by dialect."""
    settings = ("server_default", "comment", "identity", "computed")
    return (
        all(getattr(again, name) == getattr(meant, name) for name in settings)
        and is_nullable(again) == is_nullable(meant)
        and all(_is_same_type(on(again.type, dialect), kind) for dialect, kind in types.items())
    )


def _is_same_type(one: object, other: object) -> bool:
    if one == other:
        return True
    if not isinstance(one, SqlType) or not isinstance(other, SqlType) or not one.name == other.name == "ENUM":
        return False
    # The replay fills in the labels of an enum type that SQL only names.
    return one.type_name == other.type_name and one.members == other.members
