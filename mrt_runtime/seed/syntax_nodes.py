"""The nodes of a migration's syntax tree, which is looked through for one thing after another."""

from __future__ import annotations

import ast
import functools


@functools.lru_cache(maxsize=1)
def list_nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return all nodes of a tree, in the order of `ast.walk`."""
    return tuple(ast.walk(tree))
