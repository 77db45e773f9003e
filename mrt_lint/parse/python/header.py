"""A migration's place in the graph and what it imports, from the names that its module binds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import libcst as cst

from mrt_lint.model.values import UNKNOWN, Unknown
from mrt_lint.parse.python.control.definitions import dotted
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.objects import NameScope, Value

_SAME: Final = re.compile(r"^sqlalchemy\.(sql\.expression|sql|types|schema)\.(?!\w+\.)")
"""Modules of SQLAlchemy's whose names its package has as well."""


def read_revision(scope: NameScope) -> str | Unknown | None:
    """`revision`; None if the module has none."""
    return to_name(scope.names["revision"]) if "revision" in scope.names else None


def read_parents(scope: NameScope) -> tuple[str, ...] | Unknown:
    """`down_revision`: a string, a sequence of them, or None for a base."""
    return _read_all(scope.names.get("down_revision"))


def read_names(scope: NameScope, name: str) -> tuple[str, ...]:
    """`branch_labels` or `depends_on`, as far as it can be read."""
    found = _read_all(scope.names.get(name))
    return () if found is UNKNOWN else found


def _read_all(value: Value) -> tuple[str, ...] | Unknown:
    if value is None:
        return ()
    items = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    names = [to_name(item) for item in items]
    known = tuple(name for name in names if isinstance(name, str))
    return known if len(known) == len(names) else UNKNOWN


def find_revision(module: cst.Module) -> tuple[cst.CSTNode, cst.CSTNode] | None:
    """Return the name that `revision = …` assigns to, and the statement."""
    for line in module.body:
        for statement in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            targets: list[cst.BaseExpression] = []
            if isinstance(statement, cst.Assign):
                targets = [target.target for target in statement.targets]
            elif isinstance(statement, cst.AnnAssign):
                targets = [statement.target]
            for target in targets:
                if isinstance(target, cst.Name) and target.value == "revision":
                    return target, statement
    return None


def find_imports(statements: Iterable[cst.CSTNode]) -> Iterator[cst.Import | cst.ImportFrom]:
    """Every import of the file, inside functions too."""
    for statement in statements:
        if isinstance(statement, (cst.Import, cst.ImportFrom)):
            yield statement
        elif isinstance(statement, cst.SimpleStatementLine):
            yield from find_imports(statement.body)
        else:
            for name in ("body", "orelse", "finalbody"):
                block = getattr(statement, name, None)
                if isinstance(block, (cst.BaseSuite, cst.If)):
                    yield from find_imports([block] if isinstance(block, cst.If) else block.body)
                elif block is not None and isinstance(getattr(block, "body", None), cst.BaseSuite):
                    yield from find_imports(block.body.body)
            for handler in getattr(statement, "handlers", ()):
                yield from find_imports(handler.body.body)


def imported(node: cst.Import | cst.ImportFrom) -> list[tuple[str, tuple[str, ...]]]:
    """Return the modules that one statement imports, and the names it takes from each."""
    if isinstance(node, cst.Import):
        return [(dotted(alias.name), ()) for alias in node.names]
    module = "." * len(node.relative) + dotted(node.module)
    names = ("*",) if isinstance(node.names, cst.ImportStar) else tuple(dotted(alias.name) for alias in node.names)
    return [(module, names)]


def bound(imports: Iterable[cst.Import | cst.ImportFrom]) -> Iterator[tuple[str, str]]:
    """Return the names that imports bind, each with its dotted path, SQLAlchemy's as its package has them."""
    for node in imports:
        for alias in () if isinstance(node.names, cst.ImportStar) else node.names:
            name, own = dotted(alias.name), alias.evaluated_alias
            if isinstance(node, cst.Import):
                yield (own, name) if own else (name.partition(".")[0],) * 2
            else:
                path = "." * len(node.relative) + f"{dotted(node.module)}.{name}"
                yield own or name, _SAME.sub("sqlalchemy.", path)
