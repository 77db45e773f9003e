"""Tables: created, renamed, dropped, commented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.fix.arguments import argument, keywords
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.layout import call
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.columns import column_code, is_same_column
from mrt_lint.fix.reverse.constraints import constraint_item
from mrt_lint.fix.reverse.indexes import create_index_again
from mrt_lint.fix.reverse.step_builder import StepBuilder, known
from mrt_lint.history.schema import ReplayedTable, fold, place
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, SqlType


def remove_table(builder: StepBuilder, op: ops.CreateTable) -> Iterator[DowngradeStep]:
    """Undo CREATE TABLE; the caller drops the types that it created."""
    if op.temporary:
        raise NoFix("a temporary table is dropped automatically")
    step = builder.on_table("drop_table", ops.DropTable(table=op.table, schema=op.schema), table="0")
    yield replace(step, unsafe="the table may have been there before") if known(op.if_not_exists) else step


def rename_back(builder: StepBuilder, op: ops.RenameTable) -> Iterator[DowngradeStep]:
    """Undo RENAME."""
    meant = ops.RenameTable(table=op.new_table, new_table=op.table, schema=op.schema)
    yield builder.on_table("rename_table", meant, builder.quote(op.table), table="0")


def comment_back(builder: StepBuilder, op: ops.CreateTableComment | ops.DropTableComment) -> Iterator[DowngradeStep]:
    """Undo a comment, using the operation's `existing_comment`."""
    former = op.existing_comment
    if former is UNSET:
        former = None if isinstance(op, ops.CreateTableComment) and not _is_commented(builder, op) else UNKNOWN
    if former is UNKNOWN:
        raise NoFix("the former comment of the table is not known")
    if former is None:
        dropped = ops.DropTableComment(table=op.table, schema=op.schema)
        yield builder.on_table("drop_table_comment", dropped, table="0")
    else:
        created = ops.CreateTableComment(table=op.table, comment=former, schema=op.schema)
        yield builder.on_table("create_table_comment", created, builder.quote(former), table="0")


def _is_commented(builder: StepBuilder, op: ops.CreateTableComment) -> bool:
    """Return whether the table had a comment before, as far as the migrations before show."""
    where = place(op.schema, str(op.table))
    for migration, earlier in builder.former.before(builder.number):
        if place(getattr(earlier, "schema", None), str(getattr(earlier, "table", ""))) != where:
            continue
        if isinstance(earlier, ops.CreateTableComment | ops.DropTableComment):
            return isinstance(earlier, ops.CreateTableComment)
        if isinstance(earlier, ops.CreateTable):
            return not earlier.sql and "comment" in keywords(builder.context.text_of(migration).call(earlier.origin))
    return False


def create_table_again(builder: StepBuilder, op: ops.DropTable) -> Iterator[DowngradeStep]:
    """Undo DROP TABLE: the table as it was, without its rows."""
    if op.cascade:
        raise NoFix("CASCADE drops whatever needs the table")
    table = builder.former.table(builder.number, op.table, op.schema)
    if UNKNOWN in (*table.columns.values(), *table.indexes.values(), *table.constraints.values()):
        raise NoFix(f"the earlier migrations do not show all that table {op.table} was")
    _check_source(builder, op)
    columns = [column for column in table.columns.values() if isinstance(column, Column)]
    types = {str(column.name): builder.former.types(builder.number, op.table, op.schema, column.name) for column in columns}
    if any(isinstance(kind, SqlType) and kind.name == "ENUM" for kinds in types.values() for kind in kinds.values()):
        raise NoFix(f"table {op.table} has an enum type, and whether that is still there is not certain")
    items = [column_code(builder, op, column, [], in_table=True) for column in columns]
    items += [constraint_item(builder, constraint, str(op.table)) for constraint in table.known_constraints()]
    meant = ops.CreateTable(table=op.table, schema=op.schema, columns=tuple(columns))
    constraints = {_plain(constraint) for constraint in table.known_constraints()}

    def is_same(again: Op) -> bool:
        return (
            isinstance(again, ops.CreateTable)
            and (again.table, again.schema, again.complete) == (op.table, op.schema, True)
            and [column.name for column in again.columns] == [column.name for column in columns]
            and all(
                is_same_column(_keyed(column, table), former, types[str(former.name)])
                for column, former in zip(again.columns, columns, strict=True)
            )
            and {_plain(constraint) for constraint in again.constraints} == constraints
        )

    schema = None if op.schema is None else builder.quote(op.schema)
    code = call(builder.context.names.op("create_table"), builder.quote(op.table), *items, schema=schema)
    yield builder.step(code, meant, same=is_same, unsafe="the table comes back without its rows")
    for index in table.known_indexes():
        if index.index is None:
            raise NoFix(f"an index of {op.table} has no name")
        yield create_index_again(builder, index, op.table, op.schema)


def _check_source(builder: StepBuilder, op: ops.DropTable) -> None:
    """Raise NoFix if the table was made in SQL, in parts, or with options that are not known."""
    for migration, earlier in builder.former.before(builder.number):
        if isinstance(earlier, ops.RenameTable) and place(earlier.schema, str(earlier.new_table)) == place(
            op.schema, str(op.table)
        ):
            raise NoFix(f"table {op.table} had another name when it was made")
        if isinstance(earlier, ops.CreateObject) and earlier.table is not None and fold(str(earlier.table)) == fold(str(op.table)):
            raise NoFix(f"a {earlier.kind} goes with table {op.table}")
        if isinstance(earlier, ops.CreateTableComment) and fold(str(earlier.table)) == fold(str(op.table)):
            raise NoFix(f"table {op.table} has a comment")
        if isinstance(earlier, ops.AlterObject) and earlier.kind == "table" and fold(str(earlier.name)) == fold(str(op.table)):
            raise NoFix(f"revision {migration.revision} does more to table {op.table} in SQL ({earlier.action})")
        if isinstance(earlier, ops.Statement) and earlier.effect is not False and _names(earlier, op):
            raise NoFix(f"revision {migration.revision} does more to table {op.table} in SQL ({earlier.command})")
        if isinstance(earlier, ops.CreateTable) and place(earlier.schema, str(earlier.table)) == place(op.schema, str(op.table)):
            if earlier.sql:
                raise NoFix(f"revision {migration.revision} makes table {op.table} in SQL")
            node = builder.context.text_of(migration).call(earlier.origin)
            if keywords(node) - {"schema"} or argument(node, "prefixes"):
                raise NoFix(f"table {op.table} has options that are not known")
            return
    raise NoFix(f"no migration says what table {op.table} was")


def _names(statement: ops.Statement, op: ops.DropTable) -> bool:
    return fold(str(op.table)) in map(fold, re.findall(r"\w+", statement.text))


def _keyed(column: Column, table: ReplayedTable) -> Column:
    """Return a column of a table that was read, with the effect of a separate primary key."""
    key = next((key.columns for key in table.known_constraints("primary")), ())
    return replace(column, nullable=False) if isinstance(key, tuple) and column.name in key else column


def _plain(constraint: Constraint) -> Constraint:
    return replace(constraint, columns=() if constraint.kind == "check" else constraint.columns)
