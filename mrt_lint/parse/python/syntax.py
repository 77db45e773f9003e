"""Source bytes to a syntax tree, or a reason why not; nothing that Python's grammar allows may bring the process down."""

from __future__ import annotations

import ast
import re

import libcst as cst

from mrt_lint.model.migration import UnparsableError
from mrt_lint.model.values import SourceSpan
from mrt_lint.parse.python.depth import MAX_NESTING, depth_of, looks_deep


def parse(source: bytes) -> tuple[cst.Module, ast.Module | None]:
    """Parse a file, with Python's own tree where that one can.

    Raises UnparsableError if no reading of Python accepts it or it is nested too deeply to be read.

    Python's own parser goes first: it costs a twelfth of libcst's and refuses politely what would crash that one. Source that is
    too new for the running Python gets a second chance if it is plainly shallow.
    """
    if b"\0" in source:
        raise UnparsableError(_place(source[: source.index(b"\0")].count(b"\n") + 1, 1), "it contains a null byte")
    try:
        tree = ast.parse(source)
    except (RecursionError, MemoryError):
        raise UnparsableError(_place(1, 1), "it is nested too deeply") from None
    except (SyntaxError, ValueError) as problem:
        if looks_deep(source):
            raise UnparsableError(_place(1, 1), "it is nested too deeply") from None
        return _parse(source, problem), None
    if depth_of(tree, source) > MAX_NESTING:
        raise UnparsableError(_place(1, 1), "it is nested too deeply")
    return _parse(source, None), tree


def _parse(source: bytes, problem: Exception | None) -> cst.Module:
    try:
        return cst.parse_module(source)
    except cst.ParserSyntaxError as refusal:
        if isinstance(problem, SyntaxError) and problem.lineno:
            raise UnparsableError(_place(problem.lineno, problem.offset or 1), _reason(problem)) from None
        raise UnparsableError(_place(refusal.raw_line, refusal.raw_column + 1), "its syntax is not Python's") from None
    except RecursionError:
        raise UnparsableError(_place(1, 1), "it is nested too deeply") from None
    except (UnicodeDecodeError, LookupError, ValueError) as refusal:
        raise UnparsableError(_place(1, 1), f"it cannot be decoded: {_first_line(refusal)}") from None
    except Exception as refusal:  # noqa: BLE001 - the native parser has refusals of its own class
        raise UnparsableError(_place(1, 1), f"it cannot be parsed: {_first_line(refusal)}") from None


def _reason(problem: SyntaxError) -> str:
    return re.sub(r" \(.*\)$", "", problem.msg or "invalid syntax")


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]


def _place(line: int, column: int) -> SourceSpan:
    line, column = max(line, 1), max(column, 1)
    return SourceSpan(line, column, line, column + 1)
