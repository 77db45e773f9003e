"""Distinguish migrations from other Python files, and read their headers, without parsing. Standard library only."""

from __future__ import annotations

import re
from typing import NamedTuple

# with the byte order mark that an editor may have left
_ASSIGNED = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n\f])(?:down_)?revision\b[^\r\n]*=")
_HEADER = re.compile(r"^(revision|down_revision|branch_labels|depends_on)\b[^=\r\n]*=(?!=)", re.MULTILINE)
_LONGEST_VALUE = 20
"""Lines that one header value may span; a merge of more parents than that in a broken file stays unread."""


def is_migration(source: bytes) -> bool:
    """Return whether the file may be a migration: Alembic demands both `revision` and `down_revision` at module level.

    Never misses a file that assigns either name at the start of a line; a template in a string may pass, and reading decides.
    """
    # the plain search first: it settles nearly every file of a project, in microseconds
    return b"down_revision" in source and _ASSIGNED.search(source) is not None


class MigrationHeader(NamedTuple):
    """What a migration declares about its place in the graph; a value that could not be read is None or empty.

    `plain` is whether every value could be read, and `down_revision` is among them.
    """

    revision: str | None
    down_revision: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    line: int = 1
    plain: bool = True


def read_header(source: bytes) -> MigrationHeader | None:
    """Read the header of a file that need not parse, None if it assigns no revision that is a plain string."""
    text = source.decode("utf-8", "replace").lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found: dict[str, tuple[str, ...]] = {}
    line, plain = 1, True
    for match in _HEADER.finditer(text):
        value = _literal(text[match.end() :])
        if value is None:
            plain = False
            continue
        found[match[1]] = value
        if match[1] == "revision":
            line = text.count("\n", 0, match.start()) + 1
    plain &= "down_revision" in found
    revision = found.pop("revision", ())
    return MigrationHeader(revision[0], **found, line=line, plain=plain) if revision else None


def _literal(text: str) -> tuple[str, ...] | None:
    """Evaluate the literal that the text starts with; the strings in it, None if it is something else."""
    import ast  # noqa: PLC0415  only a file that does not parse comes here

    lines = text.split("\n", _LONGEST_VALUE)[:_LONGEST_VALUE]
    for end in range(1, len(lines) + 1):
        try:
            value = ast.literal_eval("\n".join(lines[:end]).strip())
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        if value is None:
            return ()
        values = (value,) if isinstance(value, str) else value
        if isinstance(values, (tuple, list, set)) and all(isinstance(item, str) for item in values):
            return tuple(values)
        return None
    return None
