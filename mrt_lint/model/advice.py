"""Advice as text: what is in «…» becomes a Python string literal."""

from __future__ import annotations

import re
from typing import Final

# quotation marks that occur neither in Python nor in SQL
_STRINGS: Final = re.compile("«([^«»]*)»")


def literal(text: str) -> str:
    """Write a string as Python has it: in double quotes where that needs no escape, in single ones where that needs none."""
    if not text.isprintable() or "\\" in text or ('"' in text and "'" in text):
        return repr(text)
    return f"'{text}'" if '"' in text else f'"{text}"'


def with_literals(text: str) -> str:
    """Return advice with what is in «…» as Python string literals."""
    return _STRINGS.sub(lambda found: literal(found[1]), text)
