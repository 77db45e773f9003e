"""The words of findings, for a page and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrt_lint.report.grouping import FindingGroup


def name_others(alike: FindingGroup, most: int) -> str:
    """Return how many findings are like the first of a group, and so many of their lines at the most; empty where none is."""
    lines = [str(other.place.line) for other in alike.others]
    if not lines:
        return ""
    more = ", …" if len(lines) > most else ""
    return f"and {len(lines)} more like it, at line{'s' * (len(lines) != 1)} {', '.join(lines[:most])}{more}"


def split_code(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Yield adjacent lines of one kind together: whether they are code, which is indented, and the lines."""
    kept: list[str] = []
    for index, line in enumerate(lines):
        kept.append(line)
        is_code = line.startswith(" ")
        if index + 1 == len(lines) or lines[index + 1].startswith(" ") != is_code:
            yield is_code, kept
            kept = []
