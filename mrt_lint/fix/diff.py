"""What would be written, as a unified diff that `patch -p0` and `git apply -p0` take."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from mrt_lint.escape import printable
from mrt_lint.fix.source_text import SourceText


def unified(path: str, before: bytes, after: bytes) -> str:
    """Write the difference between two contents of a file; line ends and a byte order mark are part of the lines."""
    shown = printable(path)  # a line break would be the header of another file
    name = f"{shown}\t" if " " in shown else shown  # or else patch takes the name to end at the blank
    # without a/ and b/, so that -p0 fits wherever the file is
    lines = difflib.unified_diff(_lines(before), _lines(after), name, name)
    return "".join(_ended(lines))


def harmless(diff: str) -> str:
    """Return a diff as it may go to a terminal or the log of a CI service: `patch` refuses the parts in which that differs."""
    return "\n".join(_harmless(line) for line in diff.split("\n"))


def _harmless(line: str) -> str:
    text = line.removesuffix("\r")
    return printable(text, keep="\t") + line[len(text) :]


def _lines(content: bytes) -> list[str]:
    text = SourceText(content)
    mark = "\ufeff" if text.encode("") else ""
    parts = (mark + text.text).split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _ended(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
