"""Words and their colour, on terminals that show it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from rich.console import Console


_WIDEST: Final = 100


def text_width() -> int:
    """Return how wide sentences are: as the terminal, but not so wide that they are hard to read."""
    return min(shutil.get_terminal_size().columns, _WIDEST)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 file", "2 files"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class TextStyle:
    """Paints words for one stream through rich, or leaves them as they are."""

    def __init__(self, console: Console | None = None, *, is_terminal: bool = False) -> None:
        self._console = console
        self.is_terminal = is_terminal

    @property
    def colour(self) -> bool:
        """Whether painting changes anything."""
        return self._console is not None

    @classmethod
    def of(cls, stream: TextIO) -> TextStyle:
        """Colour where rich finds a terminal that shows it, not with NO_COLOR (no-color.org), everywhere with FORCE_COLOR."""
        if os.environ.get("NO_COLOR") or not (stream.isatty() or os.environ.get("FORCE_COLOR")):
            return cls(is_terminal=stream.isatty())
        from rich.console import Console  # noqa: PLC0415  its import is dear, and only a terminal needs it

        # what is painted are names of users: [bold] and :smile: in them are text
        console = Console(file=stream, highlight=False, markup=False, emoji=False)
        return cls(console if console.color_system else None, is_terminal=stream.isatty())

    def paint(self, text: str, *styles: str) -> str:
        """Write a text in some styles, by rich's names: "bold", "dim", "red", …"""
        if self._console is None or not text:
            return text
        with self._console.capture() as painted:
            self._console.out(text, style=" ".join(styles), end="", highlight=False)
        return painted.get()
