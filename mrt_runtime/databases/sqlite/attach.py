"""SQLite's one way to reach another file from within a connection: ATTACH and VACUUM INTO."""

from __future__ import annotations

import re

NAMED = re.compile(
    r"""\s*(?:ATTACH\s+(?:DATABASE\s+)?|VACUUM(?:\s+\w+)?\s+INTO\s+)(?:'(?P<single>(?:[^']|'')*)'|"(?P<double>(?:[^"]|"")*)"|(?P<other>\S+))""",
    re.IGNORECASE,
)
IN_MEMORY = {"", ":memory:"}


def find_attached_file(statement: str) -> str | None:
    """Find the file that a statement opens beside the database; None where it opens none, or only memory."""
    match = NAMED.match(statement)
    if match is None:
        return None
    name = match["single"] if match["single"] is not None else match["double"] if match["double"] is not None else match["other"]
    return None if name in IN_MEMORY or name.startswith("file::memory:") else name
