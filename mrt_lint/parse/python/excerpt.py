"""The part of a long file that is read: what would take minutes is left out and said, and every line stays where it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from mrt_lint.model.migration import UnparsableError
from mrt_lint.model.values import SourceSpan

MAX_BYTES: Final = 6_000_000
"""Bytes of a file beside its strings and comments; Python's own parser takes seconds for more, and gigabytes."""
MAX_NODES: Final = 120_000
"""Nodes of the syntax tree that are read: a table of twenty columns has three hundred. libcst takes seconds for as many."""
_LEAST_SHARE: Final = 1_000
"""Nodes that a statement of the module may have in any case; where that is too much altogether, the file is not read."""
_DENSEST: Final = 2
"""Nodes for a byte of source, at most: `a+a`."""
_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# a line that is reported as left out is cut here: generated ones have megabytes
_LONGEST: Final = 200
_TOO_LARGE: Final = UnparsableError(SourceSpan(1, 1, 1, 2), f"it is too large: {MAX_NODES:,} nodes of its syntax tree are read")


class Omission(NamedTuple):
    """A place from which on something was left out; `function` is whose it is, None at the level of the module."""

    place: SourceSpan
    source: str
    function: str | None


def excerpt(source: bytes, tree: ast.Module) -> tuple[bytes, list[Omission]]:
    """Return the source with the longest functions cut off and the longest other statements left out, and what was omitted.

    Short ones are kept whole, so that both functions of a migration are there. Raises UnparsableError if that is not enough.
    """
    if len(source) * _DENSEST <= MAX_NODES:
        return source, []
    sizes = [_count(statement, MAX_NODES) for statement in tree.body]
    if sum(sizes) <= MAX_NODES:
        return source, []
    share = _share(sizes)
    lines = _LINE.findall(source)
    omitted: list[Omission] = []
    for place, (statement, size) in enumerate(zip(tree.body, sizes, strict=True)):
        if size <= share:
            continue
        block, first, function = tree.body, place, None
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            block, first, function = statement.body, _first_beyond(statement.body, share), statement.name
        last = len(block) - 1 if function else place
        omitted.append(_omit(lines, block, first, last, function))
    return b"".join(lines), omitted


def _count(node: ast.AST, most: int) -> int:
    """Count the nodes of a tree, as far as that matters."""
    stack, count = [node], 0
    while stack and count <= most:
        stack.extend(ast.iter_child_nodes(stack.pop()))
        count += 1
    return count


def _share(sizes: Sequence[int]) -> int:
    """Return how many nodes each statement may have, where those that need less leave theirs to the others."""
    left = MAX_NODES
    for place, size in enumerate(sorted(sizes)):
        fair = left // (len(sizes) - place)
        if size > fair:
            if fair < _LEAST_SHARE:
                break
            return fair
        left -= size
    raise _TOO_LARGE


def _first_beyond(body: Sequence[ast.stmt], share: int) -> int:
    left = share
    for place, statement in enumerate(body):
        left -= _count(statement, share)
        if left <= 0:
            return place
    return len(body) - 1


def _omit(lines: list[bytes], block: Sequence[ast.stmt], first: int, last: int, function: str | None) -> Omission:
    """Blank statements out, `pass` in their place; they are whole lines, or the cut is made before them."""
    while not _begins_line(lines, block, first):
        if function is None or first == 0:
            raise _TOO_LARGE
        first -= 1
    begin, end = _first_line(block[first]), block[last].end_lineno or block[last].lineno
    if last + 1 < len(block) and _first_line(block[last + 1]) <= end:
        raise _TOO_LARGE
    line = lines[begin - 1]
    indent = line[: len(line) - len(line.lstrip(b" \t\f"))]
    text = line.decode("utf-8", "replace").strip()[:_LONGEST]
    for number in range(begin - 1, min(end, len(lines))):
        lines[number] = _end(lines[number])
    lines[begin - 1] = indent + b"pass" + lines[begin - 1]
    return Omission(SourceSpan(begin, len(indent) + 1, begin, len(indent) + 2), text, function)


def _begins_line(lines: Sequence[bytes], block: Sequence[ast.stmt], place: int) -> bool:
    if place and (block[place - 1].end_lineno or 0) >= _first_line(block[place]):
        return False
    line = lines[_first_line(block[place]) - 1]
    return len(line) - len(line.lstrip(b" \t\f")) >= block[place].col_offset


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _end(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]
