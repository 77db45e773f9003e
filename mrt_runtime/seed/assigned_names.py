"""Names that Python gives a value: arguments, entries of dictionaries, attributes, the defaults of columns."""

from __future__ import annotations

import ast
from collections.abc import Iterator

DEFAULTS = frozenset({"server_default", "default"})


def find_assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name with what Python gives it: an argument, an entry of a dictionary, an attribute, the default of a column."""
    if isinstance(node, ast.Call):
        named = [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
        for word in node.keywords:
            if word.arg in DEFAULTS and named:
                text = word.value.args[0] if isinstance(word.value, ast.Call) and word.value.args else word.value
                yield named[-1], text
            elif word.arg:
                yield word.arg, word.value
    elif isinstance(node, ast.Dict):
        entries = zip(node.keys, node.values, strict=True)
        yield from ((str(key.value), value) for key, value in entries if isinstance(key, ast.Constant))
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        yield node.targets[0].attr, node.value
