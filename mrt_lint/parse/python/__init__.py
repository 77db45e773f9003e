"""Reading a migration's source into the operations it performs. The only part of the linter that knows libcst."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import libcst as cst

from mrt_lint.model.migration import Migration, MigrationFunction, ModuleImport, UnparsableError, UnreadableCall
from mrt_lint.model.values import DIALECTS, UNKNOWN, SourceSpan
from mrt_lint.parse.python import header
from mrt_lint.parse.python.control.definitions import read_docstring
from mrt_lint.parse.python.entities import UsedEntities, entities_of, find_entities, find_mentioned, is_mentioned, unmentioned
from mrt_lint.parse.python.excerpt import Omission
from mrt_lint.parse.python.garbage import uncollected
from mrt_lint.parse.python.library.packages import may_be_of_project
from mrt_lint.parse.python.module_level import ModuleSource, level
from mrt_lint.parse.python.objects import NameScope, Value
from mrt_lint.parse.python.position import Wanted, locate
from mrt_lint.parse.python.project_modules import ProjectModules
from mrt_lint.parse.python.reading import MAX_READINGS, FunctionReading, node_of, read_function
from mrt_lint.parse.python.run import DialectSplit, TooLongError, UnlistedDialect
from mrt_lint.parse.python.syntax import Parsed, parse

__all__ = ["parse_migration"]


def parse_migration(source: bytes, path: str, folder: Path | None = None) -> Migration:
    """Read a migration from its source, without running any of it.

    `path` is only carried along. `folder` is where the file is: what the migration imports from its own project is found from
    there, and read too. What cannot be known is UNKNOWN; calls that may touch the database and cannot be followed are in
    `unreadable`. Raises UnparsableError if the source is not Python or is nested too deeply to be read.
    """
    with uncollected():
        return _parse(source, path, folder)


def _parse(source: bytes, path: str, folder: Path | None) -> Migration:
    parsed = parse(source)
    # where the word is in no place of the file, no function has to be searched for one
    yielding: dict[int, bool] | None = {} if b"yield" in parsed.source else None
    file = str(folder / Path(path).name) if folder else UNKNOWN
    module = ModuleSource(parsed.module, yielding, ProjectModules(folder, parsed.source), file)
    try:
        return _parse_migration(parsed, path, module)
    except RecursionError:
        raise UnparsableError(SourceSpan(1, 1, 1, 2), "it is nested too deeply") from None
    finally:
        module.forget()


def _parse_migration(parsed: Parsed, path: str, source: ModuleSource) -> Migration:
    module = parsed.module
    scope = _read_module(source)
    readings: dict[str, FunctionReading] = {
        name: read_function(source, name) for name in ("upgrade", "downgrade") if name in scope.names
    }
    imports = list(header.find_imports(module.body))
    used = find_entities(parsed.tree, parsed.source) if imports and parsed.tree else UsedEntities()
    of_project = any(may_be_of_project(name) for node in imports for name, _ in header.imported(node))
    mentioned = find_mentioned(parsed.tree) if of_project and parsed.tree else None
    revision = header.find_revision(module)
    wanted = [*_wanted(scope, readings), *((node, None) for node in imports), *([revision] if revision else [])]
    places = locate(module, parsed.tree, parsed.source, wanted)
    return Migration(
        path=path,
        revision=header.read_revision(scope),
        down_revision=header.read_parents(scope),
        branch_labels=header.read_names(scope, "branch_labels"),
        depends_on=header.read_names(scope, "depends_on"),
        message=read_docstring(module),
        place=places[id(revision[0])] if revision else SourceSpan(1, 1, 1, 1),
        upgrade=_make_function(scope.names.get("upgrade"), readings.get("upgrade"), places),
        downgrade=_make_function(scope.names.get("downgrade"), readings.get("downgrade"), places),
        unreadable=(*_omitted(parsed.omitted), *_unreadable(module, readings, places)),
        imports=tuple(
            ModuleImport(
                module=name,
                names=names,
                place=places[id(node)],
                entities=entities_of(node, _of_module(used, name, source.modules)),
                of_project=may_be_of_project(name),
                used=mentioned is None or is_mentioned(node, mentioned),
                unused=() if mentioned is None else unmentioned(node, mentioned),
            )
            for node in imports
            for name, names in header.imported(node)
        ),
        bound=tuple(header.bound(imports)),
        consulted=tuple(sorted(source.modules.consulted.items())) if source.modules else (),
    )


def _of_module(used: UsedEntities, module: str, modules: ProjectModules | None) -> frozenset[str]:
    """Return what is an ORM's class if it comes from a module: of one that is not seen to be the project's own less is known."""
    if not may_be_of_project(module):
        return frozenset()
    is_own = bool(used.possible) and (module.startswith(".") or (modules is not None and modules.find(module) is not None))
    return used.certain | used.possible if is_own else used.certain


def _read_module(source: ModuleSource) -> NameScope:
    dialects = universe = frozenset(DIALECTS)
    for _ in range(MAX_READINGS):
        try:
            return level(source, dialects, universe)
        except DialectSplit as split:  # noqa: PERF203 - few files distinguish dialects outside of functions
            # the header and the names of the functions are taken from here: either side of a guard has them
            dialects = split.no
        except UnlistedDialect as stranger:
            dialects = universe = universe | {stranger.name}
        except TooLongError:
            break
    raise UnparsableError(SourceSpan(1, 1, 1, 2), "what it does outside of functions takes too many steps to follow")


def _wanted(scope: NameScope, readings: dict[str, FunctionReading]) -> Iterator[Wanted]:
    for name, reading in readings.items():
        yield from ((emitted.node, emitted.statement) for emitted, _ in reading.ops)
        yield from ((failure.node, failure.statement) for failure in reading.failures)
        node = node_of(scope.names[name])
        if node is not None:
            yield node, None


def _make_function(value: Value, reading: FunctionReading | None, places: dict[int, SourceSpan]) -> MigrationFunction | None:
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
    place = places.get(id(node), SourceSpan(1, 1, 1, 1)) if node else SourceSpan(1, 1, 1, 1)
    return MigrationFunction(place=place, ops=ops, effect=bool(ops or reading.failures), reads=tuple(sorted(reading.reads)))


def _omitted(omitted: list[Omission]) -> Iterator[UnreadableCall]:
    """Return what was left out of a long file; what either function may call is missing in both."""
    for place, source, function in omitted:
        why = f"the file is too long: {f'{function}() is left out from here on' if function else 'this statement is left out'}"
        for name in [function] if function in {"upgrade", "downgrade"} else ["upgrade", "downgrade"]:
            yield UnreadableCall(place=place, source=source, why=why, function=str(name))


def _unreadable(module: cst.Module, readings: dict[str, FunctionReading], places: dict[int, SourceSpan]) -> list[UnreadableCall]:
    return [
        UnreadableCall(
            place=places[id(failure.node)],
            source=module.code_for_node(failure.node).strip().splitlines()[0],
            why=failure.why,
            function=name,
            dialects=failure.dialects,
            concerns=failure.concerns,
        )
        for name, reading in readings.items()
        for failure in reading.failures
    ]
