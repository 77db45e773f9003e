"""Text in the cells of a terminal: most characters fill one, Chinese ones and emoji two."""

from __future__ import annotations

import textwrap
from typing import Final

# from Hangul on, what Unicode calls wide begins; below it every character fills one cell or none
_FIRST_WIDE: Final = "\u1100"


def cell_width(text: str) -> int:
    """Return how many cells a text fills."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  its import is dear, and few texts need it

    return cell_len(text)


def wrap_cells(text: str, width: int, *, breaks_words: bool = True) -> list[str]:
    """Return the lines of a text that fit in so many cells, at least one; a longer word is broken, or overflows."""
    width = max(width, 1)
    if max(text, default="") < _FIRST_WIDE:
        return textwrap.wrap(text, width, break_long_words=breaks_words, break_on_hyphens=False) or [""]
    from rich.console import Console  # noqa: PLC0415  see above
    from rich.text import Text  # noqa: PLC0415  see above

    # Chinese has no blanks between words
    return [line.plain.rstrip() for line in Text(text, overflow="fold").wrap(Console(width=width), width)] or [""]


def cut_cells(text: str, width: int, mark: str = "…") -> str:
    """Return a text cut to so many cells, with a mark where something is missing."""
    if cell_width(text) <= width:
        return text
    from rich.cells import set_cell_size  # noqa: PLC0415  see above

    return set_cell_size(text, max(width - len(mark), 0)).rstrip() + mark
