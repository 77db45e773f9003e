"""Source bytes to a syntax tree, or a reason why not; nothing that Python's grammar allows may bring the process down."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import libcst as cst

from mrt_lint.model.migration import UnparsableError
from mrt_lint.model.values import SourceSpan
from mrt_lint.parse.python.depth import LEXEME, MAX_NESTING, depth_of, find_long_format, looks_deep
from mrt_lint.parse.python.excerpt import MAX_BYTES, Omission, excerpt

_MAX_UNKNOWN = 500_000
"""Bytes of a file that Python's own parser refuses and libcst may yet accept."""


class Parsed(NamedTuple):
    """A file as it was parsed: `tree` is Python's own where there is one, `source` what is left of a file that is too long."""

    module: cst.Module
    tree: ast.Module | None
    source: bytes
    omitted: list[Omission]


def parse(source: bytes) -> Parsed:
    """Parse a file, with Python's own tree where that one can.

    Raises UnparsableError if no reading of Python accepts it or it is nested too deeply, or too large, to be read.

    Python's own parser goes first: it costs a twelfth of libcst's and refuses politely what would crash that one. Source that is
    too new for the running Python gets a second chance if it is plainly shallow.
    """
    if len(source) > MAX_BYTES and (size := len(LEXEME.sub(b"", source))) > MAX_BYTES:
        raise UnparsableError(_place(1, 1), f"it has {size:,} bytes beside strings and comments, where {MAX_BYTES:,} are read")
    if b"\0" in source:
        raise UnparsableError(_place(source[: source.index(b"\0")].count(b"\n") + 1, 1), "it contains a null byte")
    if line := find_long_format(source):
        raise UnparsableError(_place(line, 1), "it has a format string that is too long to be read")
    try:
        tree = ast.parse(source)
    except (RecursionError, MemoryError):
        raise UnparsableError(_place(1, 1), "it is nested too deeply") from None
    except (SyntaxError, ValueError) as problem:
        if looks_deep(source):
            raise UnparsableError(_place(1, 1), "it is nested too deeply") from None
        if len(source) > _MAX_UNKNOWN and isinstance(problem, SyntaxError):
            raise UnparsableError(_place(problem.lineno or 1, problem.offset or 1), _reason(problem)) from None
        return Parsed(_parse(source, problem), None, source, [])
    if depth_of(tree, source) > MAX_NESTING:
        raise UnparsableError(_place(1, 1), "it is nested too deeply")
    kept, omitted = excerpt(source, tree)
    # parsed once more, for the lines that were blanked: both trees have to be of the same text
    return Parsed(_parse(kept, None), ast.parse(kept) if omitted else tree, kept, omitted)


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
