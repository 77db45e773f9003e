"""Of which columns code makes a key that it looks for among others, as what finds duplicates does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mrt_runtime.seed.syntax_nodes import list_nodes


def find_keyed(tree: ast.Module) -> Iterator[frozenset[str]]:
    """Yield the names of which code makes a key that it looks for among others: `(row.a, row.b) in seen`, `seen[f"{row.a}"]`.

    Nothing where it deletes nothing.
    """
    nodes = list_nodes(tree)
    if not any(isinstance(node, ast.Attribute) and node.attr == "delete" for node in nodes):
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
        names = {inner.attr for inner in ast.walk(key) if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name)}
        names |= {
            inner.slice.value
            for inner in ast.walk(key)
            if isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant) and isinstance(inner.slice.value, str)
        }
        if names:
            yield frozenset(names)
