"""The lines of a migration that a finding or a failure is about."""

from __future__ import annotations

from typing import Final, NamedTuple

from mrt_lint.report.source_lines import lines_of

AROUND: Final = 1
MOST_LINES: Final = 8
MOST_CHARACTERS: Final = 240


class CodeLine(NamedTuple):
    """A line of code with its number; `is_meant` is whether it is one of those that the finding is about."""

    number: int
    text: str
    is_meant: bool


def excerpt(path: str | None, first: int, last: int) -> tuple[CodeLine, ...]:
    """Return these lines with one around them, their common indentation taken off; nothing where the file is not to be had."""
    lines = lines_of(path) if path else ()
    if not 0 < first <= len(lines):
        return ()
    last = min(last, first + MOST_LINES - 1)
    numbers = range(max(first - AROUND, 1), min(last + AROUND, len(lines)) + 1)
    texts = {number: lines[number - 1].expandtabs(4).rstrip() for number in numbers}
    while texts and not texts[min(texts)]:
        del texts[min(texts)]
    while texts and not texts[max(texts)]:
        del texts[max(texts)]
    indent = min((len(text) - len(text.lstrip()) for text in texts.values() if text), default=0)
    return tuple(CodeLine(number, _cut(text[indent:]), first <= number <= last) for number, text in texts.items())


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
