"""Indexes: created, dropped, and made again as they were."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from mrt_lint.fix.arguments import keywords, operand
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.layout import Code, call
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.step_builder import StepBuilder, again_in_sql, known
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.values import MaybeName, Name

# said by position, or about how the index was built and not about what it is
_LEFT_OUT: Final = frozenset(("index_name", "table_name", "columns", "schema", "if_not_exists", "postgresql_concurrently"))


def remove_index(builder: StepBuilder, op: ops.CreateIndex) -> Iterator[DowngradeStep]:
    """Undo CREATE INDEX."""
    if op.index is None:
        raise NoFix("the index has no name to drop it by")
    maybe = known(op.if_not_exists)
    concurrently = known(op.concurrently)
    meant = ops.DropIndex(index=op.index, table=op.table, schema=op.schema, concurrently=concurrently)
    step = builder.on_table(
        "drop_index",
        meant,
        builder.name(op.index, "index_name"),
        options={"postgresql_concurrently": "True" if concurrently else None},
    )
    yield replace(step, unsafe="the index may have been there before") if maybe else step


def restore_index(builder: StepBuilder, op: ops.DropIndex) -> Iterator[DowngradeStep]:
    """Undo DROP INDEX: the index as the source that created it."""
    found = builder.former.agreed(builder.number, lambda at: at.index(str(op.index), op.table, op.schema))
    if not isinstance(found, ops.CreateIndex):
        raise NoFix(f"the earlier migrations do not show what index {op.index} was")
    table = op.table if op.table is not None else found.table
    yield create_index_again(builder, found, str(table), op.schema, concurrently=known(op.concurrently))


def create_index_again(
    builder: StepBuilder, index: ops.CreateIndex, table: Name | None = None, schema: MaybeName = None, *, concurrently: bool = False
) -> DowngradeStep:
    """Make an index as it was. Raises NoFix if its source is not found or not written out."""
    if table is None:
        table, schema = str(getattr(builder.op, "table", "")), getattr(builder.op, "schema", None)
    if index.origin is None:
        return _of_column(builder, index, str(table), schema, concurrently=concurrently)
    migration, made = _origin(builder, index)
    meant = replace(index, table=table, schema=schema, concurrently=concurrently, if_not_exists=False, origin=None)
    if made.sql:
        return again_in_sql(builder, migration, made)
    node = builder.context.text_of(migration).call(made.origin)
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "create_index":
        raise NoFix(f"index {index.index} came with its table or column")
    builder.former.check_renames(builder.number, made, ast.unparse(node), table=made.table)
    copier = builder.former.copier(migration)
    columns = operand(node, "columns", batch=made.batch)
    name = operand(node, "index_name", batch=made.batch)
    if columns is None or name is None or None in keywords(node):
        raise NoFix(f"index {index.index} is not written out")
    named = {keyword.arg: copier.code(keyword.value) for keyword in node.keywords if keyword.arg and keyword.arg not in _LEFT_OUT}
    step = builder.on_table(
        "create_index",
        meant,
        _final(builder, name, index.index),
        copier.code(columns),
        table="1",
        options={**named, "postgresql_concurrently": "True" if concurrently else None},
    )
    return replace(step, same=lambda again: replace(again, dialects=None, autocommit=False, batch=False) == _bare(meant))


def _of_column(builder: StepBuilder, index: ops.CreateIndex, table: str, schema: MaybeName, *, concurrently: bool) -> DowngradeStep:
    """Make the index that `index=True` made. Raises NoFix unless its name is that of the operation, so that it is no guess."""
    if not isinstance(builder.op, ops.DropIndex) or fold(str(builder.op.index)) != fold(str(index.index)):
        raise NoFix(f"index {index.index} came with its column")
    meant = replace(index, index=builder.op.index, table=table, schema=schema, concurrently=concurrently)
    return builder.on_table(
        "create_index",
        meant,
        builder.name(builder.op.index, "index_name"),
        builder.quoted(index.columns),
        table="1",
        options={"unique": "True" if known(index.unique) else None, "postgresql_concurrently": "True" if concurrently else None},
    )


def _bare(op: Op) -> Op:
    return replace(op, dialects=None, autocommit=False, batch=False, certain=True)


def _origin(builder: StepBuilder, index: ops.CreateIndex) -> tuple[Migration, ops.CreateIndex]:
    for migration, op in builder.former.before(builder.number):
        if isinstance(op, ops.CreateIndex) and fold(str(op.index)) == fold(str(index.index)):
            return migration, op
    raise NoFix(f"index {index.index} came with its column")


def _final(builder: StepBuilder, node: ast.expr, name: MaybeName) -> Code:
    """Write a name, as final as it was."""
    final = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "f"
    return call(builder.context.names.op("f"), builder.quote(name)) if final else builder.quote(name)


def becomes_constraint(ops_before: Sequence[Op], op: Op) -> int | None:
    """Return the number of the operation that made the index which an operation turns into a constraint; they go as one."""
    index = op.definition.using_index if isinstance(op, ops.CreateConstraint) else None
    made = (number for number, other in enumerate(ops_before) if isinstance(other, ops.CreateIndex) and other.index == index)
    return next(made, None) if isinstance(index, str) else None
