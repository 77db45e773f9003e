"""What servers and drivers say in several lines, as one."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

QUOTATION = re.compile(r"^\S+ \d+: .*\n[ \t]*\^[ \t]*$\n?", re.MULTILINE)
"""PostgreSQL's excerpt of the statement with a caret below, which means nothing in one line. Source: libpq's fe-protocol3.c."""
PART = re.compile(r"(DETAIL|HINT|CONTEXT|QUERY|STATEMENT):")
ENDS = (".", ",", ";", ":", "!", "?")


def join(text: object) -> str:
    """Make one line of a message: a line that explains the one before follows a colon, a part of its own a full stop."""
    joined = ""
    for line in QUOTATION.sub("", str(text)).splitlines():
        words = " ".join(line.split())
        if not words:
            continue
        if joined and not joined.endswith(ENDS):
            joined += "." if PART.match(words) else ":" if line.startswith("\t") else ""
        joined += f" {words}" if joined else words
    return joined


def end(text: str) -> str:
    """Close a sentence, unless it is closed already."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def name_some(names: Sequence[str], most: int = 5, separator: str = ", ") -> str:
    """Join the first names of a list, and count the others."""
    rest = len(names) - most
    return separator.join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def cut(text: str, most: int) -> str:
    """Return a text cut to so many characters, with a mark at its end where it was longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def warn(sentence: str) -> None:
    """Write on standard error what is left at the end of a run, whatever becomes of its report."""
    sys.stderr.write(f"mrt: {sentence}\n")
