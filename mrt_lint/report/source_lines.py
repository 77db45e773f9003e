"""The lines of the files that a report shows."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def lines_of(path: str) -> tuple[str, ...]:
    """Return the lines of a file, none where it cannot be read. They are kept: a report forgets them before it begins."""
    from mrt_lint.suppress.noqa import read_lines  # noqa: PLC0415  brings the tokenizer

    try:
        return tuple(read_lines(Path(path).read_bytes()))
    except OSError:
        return ()
