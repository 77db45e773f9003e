"""Of which columns code makes a key that it looks for among others, as what finds duplicates does."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from mrt_runtime.seed.syntax_nodes import list_nodes


def find_keyed(tree: ast.Module) -> Iterator[frozenset[str]]:
    """Yield the names of which code makes a key that it looks for among others: `(row.a, row.b) in seen`, `seen[f"{row.a}"]`.

    Nothing where it deletes nothing, nor makes a unique key and looks among those that it has met.
    """
    nodes = list_nodes(tree)
    if not any(isinstance(node, ast.Attribute) and node.attr == "delete" for node in nodes):
        yield from find_met(nodes)
        return
    given = {
        node.targets[0].id: node.value for node in nodes if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            key = node.left
        elif isinstance(node, ast.Subscript):
            key = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "setdefault"}:
            key = node.args[0] if node.args else node
        else:
            continue
        key = given.get(key.id, key) if isinstance(key, ast.Name) else key
        if names := read_names(key):
            yield names


def find_met(nodes: Sequence[ast.AST]) -> Iterator[frozenset[str]]:
    """Yield the names of what is looked for among those that the code has met, where it makes a unique key: `if slug in seen`."""
    if not any(isinstance(node, ast.keyword) and node.arg == "unique" for node in nodes) and not any(
        isinstance(node, ast.Attribute) and "unique" in node.attr for node in nodes
    ):
        return
    met = {
        node.func.value.id
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if node.func.attr in {"add", "append"}
    }
    given: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).append(node.value)
    for node in nodes:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            [among, *_] = node.comparators
            if isinstance(among, ast.Name) and among.id in met and (names := read_names(*_follow(node.left, given))):
                yield names


def _follow(node: ast.expr, given: Mapping[str, Sequence[ast.expr]]) -> list[ast.expr]:
    """Return an expression with all that its variables are given, and those in turn."""
    found, seen = [node], set[str]()
    for one in found:
        names = {inner.id for inner in ast.walk(one) if isinstance(inner, ast.Name)} - seen
        seen |= names
        found += [value for name in sorted(names) for value in given.get(name, ())]
    return found


def read_names(*nodes: ast.expr) -> frozenset[str]:
    """Return the attributes of variables, and the texts that they are indexed by."""
    inner = [one for node in nodes for one in ast.walk(node)]
    names = {one.attr for one in inner if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)}
    return frozenset(
        names
        | {
            one.slice.value
            for one in inner
            if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant) and isinstance(one.slice.value, str)
        }
    )
