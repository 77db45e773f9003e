"""How deeply source is nested, measured without recursion and before anything that recurses sees it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

MAX_NESTING: Final = 400
"""Levels of the syntax tree. libcst's native parser overflows an 8 MB stack somewhere above a thousand."""

MIN_LENGTH: Final = 2 * MAX_NESTING
"""A statement shorter than this, in characters, cannot be nested more deeply."""

LEXEME: Final = re.compile(rb"#[^\n]*|'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
CHAIN: Final = re.compile(rb"[-+*/%@&|^~.<>=!(\[{]|\b(?:and|or|not|if|else|lambda|for|in|is|await)\b")
MAX_BLOCKS: Final = 60
"""Blocks within one another; Python stops at a hundred."""

MAX_FORMAT: Final = 4_000_000_000
"""Fields of a format string times its length: Python before 3.12 looks for each from the beginning."""

ELIF: Final = 0.25
"""How much a further `elif`, which nests in the tree and not on the page, counts compared with a block."""


_SIMPLE: Final = frozenset({ast.Expr, ast.Assign, ast.Import, ast.ImportFrom, ast.Return, ast.Pass})
"""The statements that most files consist of, which have no block."""


def depth_of(tree: ast.Module, source: bytes) -> int:
    """Return the depth of the deepest statement, measured only where a statement is long enough to be deep."""
    starts = [0, *accumulate(map(len, source.splitlines(keepends=True))), len(source) + 1]
    last = len(starts) - 1
    deepest = 0
    for statement, level in _statements(tree):
        if level > MAX_BLOCKS:
            return MAX_NESTING + 1
        end = min(statement.end_lineno or statement.lineno, last)
        # few statements are: walking every tree of a long file would take longer than parsing it
        if starts[end] - starts[min(statement.lineno, last) - 1] > MIN_LENGTH:
            deepest = max(deepest, _depth(statement))
    return deepest


def _statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, float]]:
    stack: list[tuple[ast.AST, float]] = [(tree, 0)]
    while stack:
        block, level = stack.pop()
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            for child in getattr(block, name, ()):
                if isinstance(child, ast.stmt):
                    yield child, level
                if type(child) not in _SIMPLE:
                    stack.append((child, level + (ELIF if name == "orelse" and isinstance(child, ast.If) else 1)))


def _depth(statement: ast.stmt) -> int:
    """Return the depth of a statement's expressions; blocks inside it are measured by themselves."""
    deepest = 0
    stack: list[tuple[ast.AST, int]] = [(statement, 0)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        if level > MAX_NESTING:
            return level
        if isinstance(node, ast.BoolOp):  # flat here, a chain of pairs to libcst
            level += len(node.values)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.stmt, ast.expr_context, ast.operator)):
                stack.append((child, level + 1))  # noqa: PERF401 - a generator costs more on so few
    return deepest


def find_long_format(source: bytes) -> int:
    """Return the line of a format string whose many fields take Python before 3.12 minutes to parse, 0 if there is none."""
    if source.count(b"{") * len(source) < MAX_FORMAT:
        return 0
    for match in LEXEME.finditer(source):
        prefix = source[max(match.start() - 2, 0) : match.start()].lower()
        if b"f" in prefix and match[0].count(b"{") * len(match[0]) > MAX_FORMAT:
            return source.count(b"\n", 0, match.start()) + 1
    return 0


def looks_deep(source: bytes) -> bool:
    """Return the same for source that Python cannot parse: an upper bound from its brackets, operators and indents."""
    code = LEXEME.sub(b"0", source)
    level = chain = 0
    for line in code.splitlines():
        chain = (chain if level else 0) + len(CHAIN.findall(line))
        level = max(
            0, level + sum(line.count(mark) for mark in (b"(", b"[", b"{")) - sum(line.count(mark) for mark in (b")", b"]", b"}"))
        )
        indent = len(line) - len(line.lstrip())
        if level > MAX_NESTING // 4 or (chain > MAX_NESTING and len(line) > MIN_LENGTH) or indent > MAX_NESTING:
            return True
    return False
