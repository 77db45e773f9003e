"""The arguments of `batch_alter_table` that describe a rebuild of the table."""

from __future__ import annotations

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.values import UNKNOWN, BatchRebuild, Constraint, Flag
from mrt_lint.parse.python.convert import to_flag, to_maybe_name
from mrt_lint.parse.python.library.operation import OperationCall
from mrt_lint.parse.python.objects import BatchValue, Value
from mrt_lint.parse.python.run import FunctionRun

_NO_OPTIONS = BatchRebuild()


def batch_alter_table(operation: OperationCall) -> BatchValue:
    """Return the batch."""
    table = operation.table()
    rebuild = _rebuild(operation)
    options = rebuild if rebuild != _NO_OPTIONS else None
    return BatchValue(table["table"] or UNKNOWN, table["schema"], options, number=len(operation.run.emitted) + 1)


def close_batch(run: FunctionRun, batch: BatchValue, node: cst.CSTNode, begun: int) -> None:
    """Record a batch that rebuilds its table though it contains no operation; `begun` is what was recorded before it."""
    is_empty = not any(emitted.batch for emitted in run.emitted[begun:])
    if is_empty and batch.rebuild is not None and batch.rebuild.recreate == "always" and batch.table is not UNKNOWN:
        run.emit(ops.BatchAlterTable, node, batch=True, table=batch.table, schema=batch.schema, rebuild=batch.rebuild)


def _rebuild(operation: OperationCall) -> BatchRebuild:
    table_args = operation.get("table_args", ())
    checks = table_args is UNKNOWN or operation.get("naming_convention") is not None
    if isinstance(table_args, (list, tuple)):
        checks = checks or any(not isinstance(one, Constraint) or one.kind == "check" for one in table_args)
    unmodelled = (operation.get(name, without) for name, without in (("copy_from", None), ("reflect_args", ())))
    return BatchRebuild(
        recreate=to_maybe_name(operation.get("recreate", "auto")),
        autoincrement=_autoincrement(operation.get("table_kwargs", {})),
        checks=checks,
        has_unknown_parts=any(value not in (None, (), []) for value in unmodelled) or operation.get("reflect_kwargs", {}) != {},
    )


def _autoincrement(table_kwargs: Value) -> Flag:
    return to_flag(table_kwargs.get("sqlite_autoincrement")) if isinstance(table_kwargs, dict) else UNKNOWN
