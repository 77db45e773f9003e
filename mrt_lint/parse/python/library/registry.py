"""What the operations of libraries do: one table, to which other packages can add theirs.

A key is the name of an operation ("sync_enum_values", called as `op.sync_enum_values(…)` or on a batch), or the package and the
name of a function or class ("sqlalchemy_searchable.sync_trigger"), whichever of its modules offers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Final

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNKNOWN, Unknown
from mrt_lint.parse.python.library.operation import OperationCall
from mrt_lint.parse.python.objects import BatchValue, CallArguments, Value
from mrt_lint.parse.python.run import FunctionRun

ENTRY_POINTS: Final = "mrt_lint.operations"
"""The group of entry points by which packages add theirs: each is a mapping like `OPERATIONS`."""


def _nothing(_operation: OperationCall) -> Iterable[Op]:
    return ()


@dataclass(frozen=True, slots=True)
class LibraryOperation:
    """What calling an operation, function or class of a library does.

    `parameters` are the positional ones, in order; a batch leaves out "table_name". `effects` yields what the call does: SQL text,
    which is read like that of `op.execute`, or an operation of `mrt_lint.model.ops`; UNKNOWN where that is not known, which makes
    the call unreadable. `value` is what the call returns. `like` names the operation of Alembic's that takes the same arguments and
    does the same.
    """

    parameters: tuple[str, ...] = ()
    effects: Callable[[OperationCall], Iterable[Op | str | Unknown]] = _nothing
    value: Callable[[OperationCall], Value] | None = None
    like: str = ""


def find(key: str) -> LibraryOperation | None:
    """Return what a library's operation does, None if no library is known that has it."""
    return _own().get(key) or _added().get(key)


@cache
def _own() -> dict[str, LibraryOperation]:
    from mrt_lint.parse.python.library.libraries import (  # noqa: PLC0415  few histories need them
        alembic_postgresql_enum,
        geoalchemy2,
        replaceable_entities,
        sqlalchemy_searchable,
    )

    modules = (alembic_postgresql_enum, geoalchemy2, replaceable_entities, sqlalchemy_searchable)
    return {key: operation for module in modules for key, operation in module.OPERATIONS.items()}


@cache
def _added() -> dict[str, LibraryOperation]:
    from importlib.metadata import entry_points  # noqa: PLC0415  it looks at every package that is installed

    return {key: known for point in entry_points(group=ENTRY_POINTS) for key, known in _load(point.load)}


def _load(load: Callable[[], object]) -> Iterator[tuple[str, LibraryOperation]]:
    """Return the operations behind an entry point; none of one that is broken, whose calls are then unreadable."""
    try:
        offered = load()
    except Exception:  # noqa: BLE001 - another package's fault must not hide the migrations
        return
    for key, known in offered.items() if isinstance(offered, Mapping) else ():
        if isinstance(key, str) and isinstance(known, LibraryOperation):
            yield key, known


def perform_library(
    run: FunctionRun, known: LibraryOperation, arguments: CallArguments, node: cst.Call, batch: BatchValue | None = None
) -> Value:
    """Record what a call of a library's operation does and return its value."""
    names = tuple(name for name in known.parameters if not batch or name != "table_name")
    named = dict(zip(names, arguments.positional, strict=False)) | arguments.keyword
    operation = OperationCall(run, node, batch, named, arguments.positional[len(names) :], complete=arguments.complete)
    for effect in known.effects(operation):
        if isinstance(effect, Op):
            operation.emit(type(effect), **_fields(effect))
        elif isinstance(effect, str) and effect.replace(HOLE, "").strip():
            run.emit(ops.Execute, node, statement=effect, batch=batch is not None)
        else:
            run.fail(node, f"what is given to {operation.node_name()}() is not read", concerns="objects")
    return known.value(operation) if known.value else UNKNOWN


_SHARED: Final = frozenset(
    {"origin", "dialects", "certain", "autocommit", "sql", "batch", "rebuild", "joined", "algorithm", "lock"}
)


def _fields(effect: Op) -> dict[str, object]:
    """Return what an operation says by itself."""
    return {name: value for name, value in vars(effect).items() if name not in _SHARED}
