"""Mapped classes and tables that a migration imports from the application, written out as if they were in its file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias, TypeGuard

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from mrt_runtime.seed.parsed_text import name_of

ImportedTable: TypeAlias = type | sa.Table


def is_table(value: object) -> TypeGuard[ImportedTable]:
    """Whether a value is a table, or a class that is mapped to one."""
    return isinstance(value, sa.Table) or (isinstance(value, type) and isinstance(_find(value, "__table__"), sa.Table))


def spell_table(name: str, value: ImportedTable) -> str:
    """Return the statement that names a table; that of a class names its attributes whose columns have other names, too."""
    if isinstance(value, sa.Table):
        return f"{name} = Table({value.name!r})"
    table, mapper = _find(value, "__table__"), _find(value, "__mapper__")
    columns = mapper.columns.items() if isinstance(mapper, Mapper) else ()
    renamed = [f"    {key} = columns.{column.name}" for key, column in columns if key != column.name and column.name.isidentifier()]
    return "\n".join([f"class {name}:", f"    __tablename__ = {getattr(table, 'name', '')!r}", *renamed])


def _find(kind: type, name: str) -> object:
    """Return an attribute of a class as it is there: what computes one could execute something."""
    return next((vars(one)[name] for one in kind.__mro__ if name in vars(one)), None)


def find_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names of the tables that are written out at the top of a tree."""
    for node in tree.body:
        named = node.body[0] if isinstance(node, ast.ClassDef) else node
        value = named.value if isinstance(named, ast.Assign) else None
        value = value.args[0] if isinstance(value, ast.Call) and name_of(value.func) == "Table" and value.args else value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
