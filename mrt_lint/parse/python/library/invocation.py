"""Operations as objects: `op.invoke(ops.AddColumnOp(…))`, and operations that the project registers itself."""

from __future__ import annotations

import re
from typing import Final

import libcst as cst

from mrt_lint.model.ops import InvalidCall
from mrt_lint.model.ops.signatures import OPERATIONS, meant_by
from mrt_lint.parse.python.convert import flatten
from mrt_lint.parse.python.objects import (
    BatchValue,
    CallArguments,
    ExternalName,
    LocalClass,
    LocalFunction,
    LocalInstance,
    PartialCall,
    Value,
)
from mrt_lint.parse.python.run import FunctionRun

_OPERATIONS: Final = ExternalName("alembic.op")
_RENAMED: Final = {
    "modify_nullable": "nullable",
    "modify_type": "type_",
    "modify_name": "new_column_name",
    "modify_server_default": "server_default",
    "modify_comment": "comment",
}
"""Arguments of `AlterColumnOp` that `op.alter_column` calls otherwise."""


def make_operation(path: str, arguments: CallArguments) -> PartialCall | None:
    """Return the call that an operation object represents, None for one that has no such call.

    Source: https://alembic.sqlalchemy.org/en/latest/api/operations.html, whose constructors take what the functions take.
    """
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", path.rpartition(".")[2].removesuffix("Op").replace("SQL", "")).lower()
    if not path.startswith("alembic.operations.ops.") or name not in OPERATIONS:
        return None
    positional = arguments.positional
    named = {_RENAMED.get(key, key) if name == "alter_column" else key: value for key, value in arguments.keyword.items()}
    if name == "create_table":
        positional = [*positional[:1], *flatten([*positional[1:2], *([named.pop("columns")] if "columns" in named else [])])]
    return PartialCall(ExternalName(f"alembic.op.{name}"), CallArguments(list(positional), named, complete=arguments.complete))


def register(run: FunctionRun, decorator: Value, arguments: CallArguments, made: LocalClass | LocalFunction) -> None:
    """Record what a decorator registers: an operation by its name, or the function that carries one out."""
    if not isinstance(decorator, ExternalName):
        return
    if decorator.last == "register_operation" and isinstance(made, LocalClass):
        name = arguments.get(0, "name")
        method = made.methods.get(str(arguments.get(1, "sourcename") or name))
        if isinstance(name, str) and method is not None:
            run.registered[name] = (made, method)
    elif decorator.last == "implementation_for" and isinstance(made, LocalFunction):
        run.implementations.append((arguments.get(0, "op_cls"), made))


def call_registered(run: FunctionRun, name: str, arguments: CallArguments, node: cst.Call, batch: BatchValue | None) -> bool:
    """Call an operation that the project registers; False if it is not found, in env.py's modules either."""
    if name not in run.registered:
        run.load_imports(run)
    if name not in run.registered:
        return False
    made, method = run.registered[name]
    given = [*([made] if method.of_class else []), batch or _OPERATIONS, *arguments.positional]
    run.inline(run, method, CallArguments(given, arguments.keyword, complete=arguments.complete), node)
    return True


def refuse_unknown(run: FunctionRun, name: str, node: cst.Call, batch: BatchValue | None) -> None:
    """Record a call of an operation that is not found: one that fails, or one that another package may have."""
    if meant_by(name):
        problem = "neither Alembic nor the project has such an operation"
        run.emit(InvalidCall, node, batch=batch is not None, call=name, exception="AttributeError", problem=problem)
    else:
        run.fail(node, f"{name} is no operation of Alembic's", concerns="objects")


def carry_out(run: FunctionRun, operation: Value, node: cst.Call, batch: BatchValue | None) -> bool:
    """Carry out an operation of the project's own; False if what does it is not found."""
    classes = (operation.of, *operation.of.bases) if isinstance(operation, LocalInstance) else ()
    for kind, function in reversed(run.implementations):
        if any(kind is known for known in classes):
            run.inline(run, function, CallArguments([batch or _OPERATIONS, operation]), node)
            return True
    return False
