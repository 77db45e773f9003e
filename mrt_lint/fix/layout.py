"""Code to be written, laid out so that black and ruff do not change it.

A call that fits is on one line; one that does not has an argument a line, each with its comma, however long lines may be in the
project: formatters join nothing that ends in such a comma.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from mrt_lint.model.lean import dataclass

WIDTH: Final = 88
"""black's line length, the smallest of those in wide use."""


@dataclass(frozen=True, slots=True)
class CallCode:
    """A call; an argument is its keyword, empty for a positional one, and its value."""

    function: str
    arguments: tuple[tuple[str, Code], ...] = ()


@dataclass(frozen=True, slots=True)
class ListCode:
    """Items between brackets: "[]", "()" or "{}" (a set)."""

    items: tuple[Code, ...]
    brackets: str = "[]"


Code: TypeAlias = "str | CallCode | ListCode"


def call(function: str, *positional: Code, **named: Code | None) -> CallCode:
    """Make a call; a keyword without a value is left out."""
    keywords = tuple((name, value) for name, value in named.items() if value is not None)
    return CallCode(function, (*(("", value) for value in positional), *keywords))


def flat(code: Code) -> str:
    """Write code on one line."""
    if isinstance(code, str):
        return code
    return code.function + _bracketed(code) if isinstance(code, CallCode) else _bracketed(code)


def lay_out(code: Code, indent: str, unit: str, before: int, after: int) -> str:
    """Write code behind what takes `before` columns and in front of what takes `after`."""
    line = flat(code)
    # formatters never open empty brackets
    if isinstance(code, str) or before + len(line) + after <= WIDTH or line.endswith(("()", "[]")):
        return line
    inner = indent + unit
    wide = len(inner.expandtabs())
    lines = []
    assert not isinstance(code, str)  # noqa: S101  for mypy
    for name, value in _parts(code):
        prefix = f"{name}=" if name else ""
        lines.append(f"{inner}{prefix}{lay_out(value, inner, unit, wide + len(prefix), 1)},\n")
    opening, closing = _brackets(code)
    return f"{code.function if isinstance(code, CallCode) else ''}{opening}\n{''.join(lines)}{indent}{closing}"


def _parts(code: CallCode | ListCode) -> Iterator[tuple[str, Code]]:
    if isinstance(code, CallCode):
        yield from code.arguments
    else:
        yield from (("", item) for item in code.items)


def _brackets(code: CallCode | ListCode) -> tuple[str, str]:
    return ("(", ")") if isinstance(code, CallCode) else (code.brackets[0], code.brackets[1])


def _bracketed(code: CallCode | ListCode) -> str:
    opening, closing = _brackets(code)
    parts = [f"{name}={flat(value)}" if name else flat(value) for name, value in _parts(code)]
    comma = "," if isinstance(code, ListCode) and code.brackets == "()" and len(parts) == 1 else ""
    return f"{opening}{', '.join(parts)}{comma}{closing}"


def quote(text: str, mark: str = '"') -> str:
    """Write a string literal, in these quotes unless the others need no backslashes."""
    # other control characters would be invisible between triple quotes
    if "\n" in text and not set(text) & set("\\\r\t") and '"""' not in text and not text.endswith('"'):
        return f'"""{text}"""'
    other = "'" if mark == '"' else '"'
    if mark in text and other not in text:
        mark = other
    return mark + "".join(_escaped(character, mark) for character in text) + mark


def _escaped(character: str, mark: str) -> str:
    if character in {"\\", mark}:
        return f"\\{character}"
    return character if character.isprintable() else character.encode("unicode_escape").decode()
