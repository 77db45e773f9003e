"""Colour, where somebody can see it."""

from __future__ import annotations

import os
from typing import Final, TextIO

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "green": "32", "cyan": "36"}


class Style:
    """Paints words for one stream, or leaves them as they are."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Colour on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb; everywhere with FORCE_COLOR."""
        if os.environ.get("NO_COLOR"):
            return cls(colour=False)
        if os.environ.get("FORCE_COLOR"):
            return cls(colour=True)
        return cls(colour=stream.isatty() and os.environ.get("TERM") != "dumb" and _understands_colour())

    def paint(self, text: str, *styles: str) -> str:
        """Write a text in some styles."""
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m" if self._colour and codes else text


def _understands_colour() -> bool:
    """Whether escape sequences work; on Windows asking the console once for anything switches them on."""
    if os.name == "nt":
        os.system("")  # noqa: S605, S607  an empty command: its side effect on the console is what is wanted
    return True
