"""Names that the migration imports from its own project: the module is walked, and the name is what it binds there."""

from __future__ import annotations

import copy
from typing import Final, NamedTuple

from mrt_lint.model.values import UNKNOWN, SqlType
from mrt_lint.parse.python.control.walk import walk
from mrt_lint.parse.python.convert import CONTAINERS, is_known
from mrt_lint.parse.python.expressions.attribute import get_attribute
from mrt_lint.parse.python.library.elements import DmlElement, SelectElement, SqlExpression, TableElement
from mrt_lint.parse.python.library.foreign import handle_of
from mrt_lint.parse.python.library.packages import may_be_of_project
from mrt_lint.parse.python.library.table import as_table
from mrt_lint.parse.python.objects import (
    EnumMember,
    EnvironmentText,
    ExternalName,
    LocalClass,
    LocalFunction,
    NameScope,
    PartialCall,
    SessionValue,
    Value,
)
from mrt_lint.parse.python.project_modules import ProjectModule
from mrt_lint.parse.python.run import DialectSplit, FunctionRun, UnlistedDialect

_READ: Final = (
    *(LocalFunction, TableElement, SqlExpression, SelectElement, DmlElement),
    *(SessionValue, PartialCall, EnumMember, EnvironmentText),
)
"""Values that are the same wherever they are used."""

_DEEPEST: Final = 8
"""Modules that hand a name on to one another."""


def follow(run: FunctionRun, name: ExternalName) -> Value:
    """Return what a name is that the migration imports from its project; the name itself where that cannot be read."""
    if name.path not in run.followed:
        # a relative name of a file whose package is not known leads nowhere
        found = _look_up(run, name, 0) if name.path[:1] != "." else None
        run.followed[name.path] = handle_of(name) if found is None or not _is_readable(found, name.last) else found
    followed = run.followed[name.path]
    if isinstance(followed, CONTAINERS):
        return copy.deepcopy(followed)  # another migration of this process must find it as it was
    return name if followed == name else followed


def _look_up(run: FunctionRun, name: ExternalName, depth: int) -> Value:
    """Return the value of a name, None if the project has no module of it."""
    place = run.modules.find(name.path) if run.modules else None
    if place is None or not place[1]:
        return None
    scope = load(run, place[0])
    if scope is None:
        return None
    first, *rest = place[1]
    value: Value = scope.names.get(first)
    if first not in scope.names:
        values = (_look_up(run, ExternalName(f"{star}.{first}"), depth + 1) for star in scope.starred() if depth < _DEEPEST)
        value = next((value for value in values if value is not None), None)
    for attribute in rest:
        value = get_attribute(value, attribute)
    if isinstance(value, ExternalName) and value != name and depth < _DEEPEST:
        return _look_up(run, value, depth + 1) or value
    return value


class WalkedModule(NamedTuple):
    """What walking a module gave: its names, and the operations that it registers. It keeps the tree, by which it is found."""

    tree: object
    scope: NameScope
    registered: dict[str, tuple[LocalClass, LocalFunction]]
    implementations: list[tuple[Value, LocalFunction]]


_WALKED: Final[dict[tuple[object, ...], WalkedModule | None]] = {}
"""Modules that this process has walked, by path, tree and dialects: most migrations import the same few."""
# so that a watch that runs for days does not keep every tree it has read
_MOST_WALKED: Final = 500


def load(run: FunctionRun, module: ProjectModule) -> NameScope | None:
    """Walk the module level of one of the project's modules, once a reading; None while it is being walked."""
    if module.path not in run.scopes:
        # two modules may import each other
        run.scopes[module.path] = None
        key = (module.path, module.package, id(module.tree), run.dialects, run.universe)
        if key not in _WALKED:
            if len(_WALKED) >= _MOST_WALKED:
                _WALKED.clear()
            _WALKED[key] = _walk_module(run, module)
        walked = _WALKED[key]
        if walked is not None:
            run.scopes[module.path] = walked.scope
            run.registered.update(walked.registered)
            run.implementations += walked.implementations
    return run.scopes[module.path]


def _walk_module(run: FunctionRun, module: ProjectModule) -> WalkedModule | None:
    """Walk a module, None if that takes too long or fails; what the reading is about is as before."""
    scope = NameScope(names={"__name__": UNKNOWN, "__file__": module.path})
    before = {name: getattr(run, name) for name in _KEPT}
    run.home, run.package = module.path, module.package
    # what the migration was about when it met the import says nothing of the module, which is kept for others
    run.undecided = run.forks = run.asked = run.autocommit = run.steps = 0
    run.registered, run.implementations = {}, []
    run.quiet += 1
    try:
        walk(run, module.tree.body, scope)
        scope.closed = True
        return WalkedModule(module.tree, scope, run.registered, run.implementations)
    except (DialectSplit, UnlistedDialect):
        raise
    except Exception:  # noqa: BLE001  what is called from a module that cannot be followed is listed; the migration is read all the same
        return None
    finally:
        for name, value in before.items():
            setattr(run, name, value)


_KEPT_WORDS = (
    "home package statement discarded entering frame steps undecided forks asked autocommit quiet depth active built registered "
    "implementations"
)
_KEPT: Final = tuple(_KEPT_WORDS.split())
"""What of a reading is as before once a module was walked."""


def load_imports(run: FunctionRun) -> None:
    """Walk env.py and the modules that it and the migration import: they may register operations."""
    for environment in run.modules.environments() if run.modules else ():
        load(run, environment)
    for path in run.modules.imported() if run.modules else ():
        found = run.modules.find(path) if run.modules and may_be_of_project(path) else None
        if found is not None:
            load(run, found[0])


def _is_readable(value: Value, name: str) -> bool:
    """Return whether a value of another module says more than its name: types keep theirs, which is how they are known."""
    if name[:1].isupper() and (isinstance(value, LocalFunction) or (isinstance(value, SqlType) and value.name != "ENUM")):
        return False
    if isinstance(value, LocalClass):
        plain = all(isinstance(base, LocalClass) or base == ExternalName("builtins.object") for base in value.bases)
        return plain or as_table(value) is not None or value.inherits("Enum", "IntEnum", "StrEnum", "MigrateOperation")
    if isinstance(value, SqlType):
        return value.name.isupper() and "." not in value.name
    return isinstance(value, _READ) or is_known(value)
