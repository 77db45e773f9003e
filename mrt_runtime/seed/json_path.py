"""Which keys of a JSON document Python code reads: of a text that it parses, or of a JSON column."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from mrt_runtime.seed.json_texts import ITEM, JsonPath
from mrt_runtime.seed.parsed_text import JSON, PARSERS, name_of
from mrt_runtime.seed.syntax_nodes import list_nodes

READING = frozenset({"get", "pop", "setdefault"})
DEEPEST = 6  # variables that are given one another's values


def read_paths(tree: ast.Module) -> Iterator[tuple[str, JsonPath]]:
    """Yield each name that may be a column with a path that the code reads of what it holds."""
    documents = dict(find_documents(tree))
    yield from find_lists(tree)
    for node in list_nodes(tree):
        if not isinstance(node, ast.Subscript | ast.Call) or isinstance(getattr(node, "ctx", None), ast.Store):
            continue  # a key that is only written need not be there
        start, path = follow(node, documents)
        if isinstance(start, ast.Attribute | ast.Name):
            path = (start.attr if isinstance(start, ast.Attribute) else start.id, *path)
        # Any key may be the column's own name: row["prefs"]["theme"], row.prefs["theme"], prefs["theme"].
        yield from ((path[at], path[at + 1 :]) for at in range(len(path) - 1) if path[at] != ITEM)


def find_lists(tree: ast.Module) -> Iterator[tuple[str, JsonPath]]:
    """Yield each name of which the code asks whether it is a list, and of nothing else: `isinstance(row.tags, list)`."""
    asked: dict[str, set[str]] = {}
    for node in list_nodes(tree):
        if isinstance(node, ast.Call) and name_of(node.func) == "isinstance" and len(node.args) == 2:  # noqa: PLR2004 a value and types
            value = node.args[0]
            key = value.slice if isinstance(value, ast.Subscript) else None
            name = key.value if isinstance(key, ast.Constant) else name_of(value)
            kinds = {inner.id for inner in ast.walk(node.args[1]) if isinstance(inner, ast.Name)}
            asked.setdefault(str(name), set()).update(kinds)
    yield from ((name, (ITEM,)) for name, kinds in asked.items() if name and "list" in kinds and "dict" not in kinds)


def find_documents(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield each variable that is given a value, or an item of one, with the expression."""
    for node in list_nodes(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            yield node.target.id, ast.Subscript(node.iter, ast.Constant(0))


def follow(node: ast.expr, documents: Mapping[str, ast.expr], depth: int = 0) -> tuple[ast.expr, JsonPath]:
    """Return the expression that a chain such as `json.loads(note)["a"].get("b")` starts from, with its keys."""
    inner, key = step(node)
    if inner is None and isinstance(node, ast.Name) and node.id in documents and depth < DEEPEST:
        inner = documents[node.id]
        depth += 1
    if inner is None:
        return node, ()
    start, path = follow(inner, documents, depth)
    # A loop over what a call returns, or over a variable, is one over rows, and not over the items of a document.
    is_row = key == ITEM and not path and not isinstance(inner, ast.Attribute) and step(inner)[0] is None
    return (start, path) if key is None or is_row else (start, (*path, key))


def step(node: ast.expr) -> tuple[ast.expr | None, str | None]:
    """Return what an expression reads a key of, with the key; no key where it only parses, and nothing where it does neither."""
    if isinstance(node, ast.Subscript) and isinstance(key := node.slice, ast.Constant):
        return node.value, key.value if isinstance(key.value, str) else ITEM
    if isinstance(node, ast.Call) and node.args:
        key = node.args[0]
        if isinstance(node.func, ast.Attribute) and node.func.attr in READING and isinstance(key, ast.Constant):
            return node.func.value, str(key.value)
        if PARSERS.get(name_of(node.func)) is JSON:
            return node.args[0], None
    return None, None
