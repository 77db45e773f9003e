"""Places in a text as the protocol counts them: lines and code units from 0, where findings count lines and characters from 1."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Final

from lsprotocol.types import Position, Range, TextEdit

from mrt_lint.model.values import SourceSpan

# the protocol's line ends, and Python's
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")

CountUnits = Callable[[str], int]
"""How many code units a piece of text has in the encoding that client and server agreed upon."""


def lines_of(text: str) -> list[str]:
    """Split a text into its lines with their ends; the last may be empty."""
    return _LINE.findall(text)[: text.count("\n") + text.count("\r") - text.count("\r\n") + 1]


def range_of(span: SourceSpan, lines: list[str], units: CountUnits) -> Range:
    """Return the range of a span; one without an extent reaches to the end of its line."""
    start = _position(span.line - 1, span.column - 1, lines, units)
    end = _position(span.end_line - 1, span.end_column - 1, lines, units)
    if (end.line, end.character) <= (start.line, start.character):
        end = _position(start.line, len(lines[start.line]), lines, units)
    return Range(start, end)


def _position(line: int, column: int, lines: list[str], units: CountUnits) -> Position:
    line = min(max(line, 0), len(lines) - 1)
    return Position(line, units(lines[line].rstrip("\r\n")[: max(column, 0)]))


def edits_between(before: str, after: str, units: CountUnits) -> list[TextEdit]:
    """Return the fewest whole lines to replace so that one text becomes the other."""
    old, new = lines_of(before), lines_of(after)
    changes = [change for change in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if change[0] != "equal"]
    return [
        TextEdit(Range(_line_start(start, old, units), _line_start(end, old, units)), "".join(new[new_start:new_end]))
        for _, start, end, new_start, new_end in changes
    ]


def _line_start(index: int, lines: list[str], units: CountUnits) -> Position:
    """Return where a line begins; behind the last one that is the end of the text."""
    return Position(index, 0) if index < len(lines) else Position(len(lines) - 1, units(lines[-1]))


def moved(span: SourceSpan, before: list[str], after: list[str]) -> SourceSpan | None:
    """Return where a span is after an edit of some lines; None if it is among them."""
    same = _common(before, after)
    rest = min(len(before), len(after)) - same
    tail = min(_common(before[::-1], after[::-1]), rest)
    if span.line <= same:
        return span
    if span.line > len(before) - tail:
        by = len(after) - len(before)
        return SourceSpan(span.line + by, span.column, span.end_line + by, span.end_column)
    return None


def _common(one: list[str], other: list[str]) -> int:
    """Return how many lines are the same from the first on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))
