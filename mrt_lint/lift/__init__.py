"""Reading a migration's source into the operations it performs. The only part of the linter that knows libcst."""

from __future__ import annotations

import libcst as cst

from mrt_lint.lift import header
from mrt_lint.lift.definitions import read_docstring
from mrt_lint.lift.objects import Scope, Value
from mrt_lint.lift.parse import parse
from mrt_lint.lift.position import locate
from mrt_lint.lift.reading import Reading, node_of, read_function, start
from mrt_lint.lift.run import Split, Stranger, TooLongError
from mrt_lint.migration import Function, Import, Migration, UnparsableError, Unreadable
from mrt_lint.values import DIALECTS, Place

__all__ = ["lift"]


def lift(source: bytes, path: str) -> Migration:
    """Read a migration from its source, without running any of it.

    `path` is only carried along. What cannot be known is UNKNOWN; calls that may touch the database and cannot be followed are in
    `unreadable`. Raises UnparsableError where the source is not Python or is nested too deeply to be read.
    """
    module = parse(source)
    try:
        return _lift(module, path, may_yield=b"yield" in source)
    except RecursionError:
        raise UnparsableError(Place(1, 1, 1, 2), "it is nested too deeply") from None


def _lift(module: cst.Module, path: str, *, may_yield: bool) -> Migration:
    scope = _read_module(module, may_yield=may_yield)
    readings = {name: read_function(module, name, may_yield=may_yield) for name in ("upgrade", "downgrade") if name in scope.names}
    imports = list(header.find_imports(module.body))
    revision = header.find_revision(module)
    places = _locate(module, scope, readings, [*imports, *([revision] if revision else [])])
    return Migration(
        path=path,
        revision=header.read_revision(scope),
        down_revision=header.read_parents(scope),
        branch_labels=header.read_names(scope, "branch_labels"),
        depends_on=header.read_names(scope, "depends_on"),
        message=read_docstring(module),
        place=places[id(revision)] if revision else Place(1, 1, 1, 1),
        upgrade=_make_function(scope.names.get("upgrade"), readings.get("upgrade"), places),
        downgrade=_make_function(scope.names.get("downgrade"), readings.get("downgrade"), places),
        unreadable=tuple(_unreadable(module, readings, places)),
        imports=tuple(
            Import(module=name, names=names, place=places[id(node)]) for node in imports for name, names in header.imported(node)
        ),
    )


def _read_module(module: cst.Module, *, may_yield: bool) -> Scope:
    dialects = frozenset(DIALECTS)
    for _ in DIALECTS:
        try:
            return start(module, dialects, frozenset(DIALECTS), may_yield=may_yield)[1]
        except Split as split:
            dialects = split.no
        except (Stranger, TooLongError):
            break
    return Scope()


def _locate(module: cst.Module, scope: Scope, readings: dict[str, Reading], nodes: list[cst.CSTNode]) -> dict[int, Place]:
    for name, reading in readings.items():
        nodes.extend(emitted.node for emitted, _ in reading.ops)
        nodes.extend(failure.node for failure in reading.failures)
        node = node_of(scope.names[name])
        nodes += [node] if node else []
    return locate(module, nodes)


def _make_function(value: Value, reading: Reading | None, places: dict[int, Place]) -> Function | None:
    if reading is None:
        return None
    ops = tuple(
        emitted.kind(
            origin=places[id(emitted.node)],
            dialects=dialects,
            certain=emitted.certain,
            autocommit=emitted.autocommit,
            batch=emitted.batch,
            **emitted.fields,
        )
        for emitted, dialects in reading.ops
    )
    node = node_of(value)
    place = places.get(id(node), Place(1, 1, 1, 1)) if node else Place(1, 1, 1, 1)
    return Function(place=place, ops=ops, effect=bool(ops or reading.failures))


def _unreadable(module: cst.Module, readings: dict[str, Reading], places: dict[int, Place]) -> list[Unreadable]:
    return [
        Unreadable(
            place=places[id(failure.node)],
            source=module.code_for_node(failure.node).strip().splitlines()[0],
            why=failure.why,
            function=name,
        )
        for name, reading in readings.items()
        for failure in reading.failures
    ]
