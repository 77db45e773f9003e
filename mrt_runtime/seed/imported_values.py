"""Enums, dictionaries, lists and tables that a migration imports or computes, written out in its tree as if they were there."""

from __future__ import annotations

import ast
import enum
import sys
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping
from types import GenericAlias, ModuleType
from typing import TypeAlias, TypeGuard

import sqlalchemy as sa

from mrt_runtime.seed.imported_tables import is_table, spell_table
from mrt_runtime.seed.syntax_nodes import list_nodes
from mrt_runtime.seed.written_checks import CALLS, CheckWriter

Namespace: TypeAlias = Mapping[str, object]

LIBRARIES = frozenset({"alembic", "sqlalchemy", *sys.stdlib_module_names})
PURE = {kind.__name__: kind for kind in (dict, list, set, tuple, str, int, len, zip, enumerate, sorted)}
PLAIN = frozenset({"items", "keys", "values", "value", "name", "lower", "upper", "title", "__members__"})
"""Attributes that are looked up in what a file computes: those of dictionaries, texts and members of enums."""
COMPUTED = ast.DictComp | ast.ListComp | ast.SetComp
MOST_ENTRIES = 60


def write_out(tree: ast.Module, namespace: Namespace, dialect: str = "") -> ast.Module:
    """Return the tree of a migration with what its names stand for, as far as that is written in another file or computed.

    namespace: what the imported migration holds. dialect: in which conditions are written out, SQLAlchemy's name of it.
    """
    nodes = list_nodes(tree)
    names: Namespace = ChainMap(dict(_imported_inside(tree)), dict(namespace))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    known = {name for name in used if is_data(names.get(name)) or is_of_project(names.get(name))}
    has_checks = bool(dialect) and any(isinstance(node, ast.Call) and name_in(node.func, CALLS) for node in nodes)
    if not known and not has_checks:
        return tree
    literal = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict):
            literal.update(target.id for target in node.targets if isinstance(target, ast.Name))
    writer = ValueWriter(names)
    # a copy, for the tree itself is read by others
    written = ast.parse(ast.unparse(tree))
    if has_checks:
        CheckWriter(written, names, dialect).visit(written)
    writer.visit(written)
    written.body[:0] = [*(spell(name, names[name]) for name in sorted(known - literal)), *writer.before.values()]
    return ast.fix_missing_locations(written)


def _imported_inside(tree: ast.Module) -> Iterator[tuple[str, object]]:
    """Yield the names that functions import, of modules that are imported already."""
    for node in list_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node not in tree.body and not node.level:
            module = sys.modules.get(node.module or "")
            yield from ((one.asname or one.name, vars(module).get(one.name)) for one in node.names if module is not None)
        elif isinstance(node, ast.Import) and node not in tree.body:
            yield from ((one.asname or one.name, sys.modules.get(one.name)) for one in node.names)


def is_data(value: object) -> bool:
    """Whether a value is an enum, a table, or a container of what may be constants."""
    return (
        is_enum(value)
        or is_table(value)
        or (isinstance(value, dict | list | tuple | set | frozenset) and len(value) <= MOST_ENTRIES)
    )


def is_enum(value: object) -> TypeGuard[type[enum.Enum]]:
    """Whether a value is an enum's class."""
    return isinstance(value, enum.EnumMeta)


def is_of_project(value: object) -> bool:
    """Whether a value is a module, and none of a library that has no values of the project."""
    return isinstance(value, ModuleType) and value.__name__.partition(".")[0] not in LIBRARIES


def spell(name: str, value: object) -> ast.stmt:
    """Return the statement that makes a value and gives it a name, what is no constant in it as None."""
    if is_enum(value):
        members = [
            f"    {member} = {constant!r}" for member, one in value.__members__.items() if (constant := as_constant(one)) != ""
        ]
        text = "\n".join([f"class {name}(Enum):", *members, "    pass"])
    elif is_table(value):
        text = spell_table(name, value)
    elif isinstance(value, dict):
        text = f"{name} = { ({as_constant(key): as_constant(one) for key, one in value.items()})!r}"
    elif isinstance(value, list | tuple | set | frozenset):
        text = f"{name} = {[as_constant(one) for one in value]!r}"
    else:
        text = f"{name} = {as_constant(value)!r}"
    return ast.parse(text).body[0]


def as_constant(value: object) -> str | int | None:
    """Return what a row holds for a value: a member of an enum by its value; None for what is no constant."""
    value = value.value if isinstance(value, enum.Enum) else value
    return value if isinstance(value, str | int) else None


class ValueWriter(ast.NodeTransformer):
    """Writes values in place of the expressions that compute them; `before` are the statements that name others."""

    def __init__(self, names: Namespace) -> None:
        self._names = names
        self.before: dict[str, ast.stmt] = {}

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Write what an attribute of a module or of an enum is."""
        value = self._resolve(node)
        if isinstance(value, str | int) and not isinstance(value, enum.Enum):
            return ast.Constant(value)
        if is_data(value):
            self.before[node.attr] = spell(node.attr, value)
            return ast.Name(node.attr, ast.Load())
        return self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Write what comprehensions make, and the labels of an enum type."""
        value = self._compute(node) if isinstance(node, COMPUTED) else None
        if is_data(value):
            statement = spell("_", value)
            return statement.value if isinstance(statement, ast.Assign) else node
        if isinstance(node, ast.Call) and self._is_enum_type(node.func) and isinstance(found := self._compute(node), sa.Enum):
            node.args = [ast.Constant(label) for label in found.enums]
            node.keywords = [word for word in node.keywords if word.arg != "values_callable"]
        return super().generic_visit(node)

    def _resolve(self, node: ast.expr) -> object:
        """Return what a dotted name stands for; None where finding out could execute something."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        owner = self._resolve(node.value)
        if isinstance(owner, ModuleType):
            return vars(owner).get(node.attr)
        if is_enum(owner):
            return owner.__members__.get(node.attr)
        return getattr(owner, node.attr) if isinstance(owner, enum.Enum) and node.attr in {"name", "value"} else None

    def _is_enum_type(self, function: ast.expr) -> bool:
        found = self._resolve(function)
        return isinstance(found, type) and not isinstance(found, GenericAlias) and issubclass(found, sa.Enum)

    def _compute(self, node: ast.expr) -> object:
        """Return what an expression comes to that does nothing but to go through constants; None for any other."""
        bound = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        bound |= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        if not all(self._is_pure(one, bound) for one in ast.walk(node)):
            return None
        try:
            code = compile(ast.fix_missing_locations(ast.Expression(node)), "<migration>", "eval")
            return eval(code, {**PURE, **self._names, "__builtins__": {}})  # noqa: S307 what it may call was looked at
        except Exception:  # noqa: BLE001 the project's values may be anything
            return None

    def _is_pure(self, node: ast.AST, bound: Collection[str]) -> bool:
        if isinstance(node, ast.Call):
            return self._is_enum_type(node.func) or name_in(node.func, PURE) or name_in(node.func, PLAIN)
        if isinstance(node, ast.Attribute):
            return node.attr in PLAIN or self._resolve(node) is not None
        if isinstance(node, ast.Name):
            return node.id in bound or node.id in PURE or node.id in self._names
        return not isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr)


def name_in(function: ast.expr, names: Collection[str]) -> bool:
    """Whether a function that is called goes by one of these names."""
    return (function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")) in names
