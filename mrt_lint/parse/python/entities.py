"""The classes that a file uses as an ORM's: what it queries, adds to a session, or asks for its table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst

from mrt_lint.parse.python.control.definitions import dotted

_TAKING: Final = frozenset({"query", "select", "insert", "update", "delete", "with_entities", "aliased"})
"""Functions and methods whose arguments are entities, or columns of them."""
_FETCHING: Final = frozenset({"get", "get_one"})
"""Methods of a session that take one; dicts have such methods, too."""
_ADDING: Final = frozenset({"add", "add_all", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"})
_OF_ENTITIES: Final = frozenset({"__table__", "query", "objects", "get_or_none", "get_or_create"})
"""Attributes that only an ORM's classes have: SQLAlchemy's, Flask-SQLAlchemy's and peewee's."""
_STATEMENTS: Final = frozenset({"select", "update", "delete", "insert"})
"""Methods of peewee's classes that return a statement, with which something is done; those of an interface do it themselves."""
_CREATING: Final = "create"
"""A method of peewee's classes, and of those of many an interface."""


_TELLING: Final = re.compile(
    r"\b(?:{})\b".format("|".join(sorted(_TAKING | _FETCHING | _ADDING | _OF_ENTITIES | {_CREATING}))).encode()
)


class UsedEntities(NamedTuple):
    """The dotted names that a file uses as an ORM's classes: those that are nothing else, and those that may be."""

    certain: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()


def find_entities(tree: ast.AST, source: bytes) -> UsedEntities:
    """Return what a file, of which both the tree and the bytes are given, uses as an ORM's classes."""
    # most files have none of these words, and walking a tree takes a tenth of the time of reading all that a file does; in a name
    # of other letters than ASCII's Python takes some letters for others
    if source.isascii() and not _TELLING.search(source):
        return UsedEntities()
    certain, possible = set[str](), set[str]()
    for node in ast.walk(tree):
        certain.update(filter(_is_class, _used(node)))
        if isinstance(node, ast.Attribute) and node.attr == _CREATING:
            possible.update(filter(_is_class, [_path(node.value)]))
    return UsedEntities(frozenset(certain), frozenset(possible))


def entities_of(statement: cst.Import | cst.ImportFrom, used: frozenset[str]) -> tuple[str, ...]:
    """Return the classes of an ORM among what an import statement brings, by the names that its module has for them."""
    if isinstance(statement.names, cst.ImportStar):
        return ()
    found: list[str] = []
    for alias in statement.names:
        name = dotted(alias.name)
        here = alias.evaluated_alias or name
        if isinstance(statement, cst.ImportFrom) and here in used:
            found.append(name)
        found += sorted(each.removeprefix(f"{here}.") for each in used if each.startswith(f"{here}."))
    return tuple(found)


def find_mentioned(tree: ast.AST) -> frozenset[str]:
    """Return the names that a file mentions, apart from where it imports or defines them."""
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def is_mentioned(statement: cst.Import | cst.ImportFrom, mentioned: frozenset[str]) -> bool:
    """Return whether a file mentions anything of what an import statement brings; a star may bring anything."""
    if isinstance(statement.names, cst.ImportStar):
        return True
    return any((alias.evaluated_alias or dotted(alias.name)).partition(".")[0] in mentioned for alias in statement.names)


def unmentioned(statement: cst.Import | cst.ImportFrom, mentioned: frozenset[str]) -> tuple[str, ...]:
    """Return the names of its module that `from … import …` brings and the file does not mention."""
    if isinstance(statement.names, cst.ImportStar) or isinstance(statement, cst.Import):
        return ()
    names = ((dotted(alias.name), alias.evaluated_alias) for alias in statement.names)
    return tuple(name for name, alias in names if (alias or name) not in mentioned)


def _is_class(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last[:1].isupper() and not last.isupper()


def _used(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and node.attr in _OF_ENTITIES:
        yield _path(node.value)
    if isinstance(node, ast.Attribute):
        yield _of_statement(node.value)
    if not isinstance(node, ast.Call):
        return
    yield from map(_of_statement, [*node.args, *(each.value for each in node.keywords)])
    called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    receiver = _path(node.func.value).lower() if isinstance(node.func, ast.Attribute) else ""
    if called in _TAKING or (called in _FETCHING and receiver.endswith("session")):
        for argument in node.args:
            path = _path(argument)
            yield path
            yield path.rpartition(".")[0]
    if called in _ADDING:
        for inner in (inner for argument in node.args for inner in ast.walk(argument)):
            yield _path(inner.func if isinstance(inner, ast.Call) else inner)


def _of_statement(node: ast.AST) -> str:
    """Return the class whose method returns the statement that is used here."""
    method = node.func if isinstance(node, ast.Call) else None
    return _path(method.value) if isinstance(method, ast.Attribute) and method.attr in _STATEMENTS else ""


def _path(node: ast.AST) -> str:
    """Return a dotted name as it is written, nothing for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    inner = _path(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else ""
