"""A table that an upgrade does not find, because no revision makes it: the history begins on what was made elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from mrt_runtime.compare.blame import contains_word
from mrt_runtime.migrate import HistoryStep, MigrationGraph

MISSING = re.compile(
    r"no such table: (?:\w+\.)?(?P<sqlite>\w+)|relation \"(?:\w+\.)?(?P<postgresql>\w+)\" does not exist"
    r"|Table '(?:[^'.]+\.)?(?P<mysql>\w+)' doesn't exist|NoSuchTableError: (?P<sqlalchemy>\w+)"
)
MAKES = re.compile(rb"create_table|rename_table|CREATE\s+TABLE|RENAME\s+TO|create_all|metadata\.create", re.IGNORECASE)


def describe_missing_table(cause: str, graph: MigrationGraph, step: HistoryStep) -> str:
    """Return what to do about an upgrade's error that names a table which no revision before it makes; empty for any other."""
    found = MISSING.search(cause)
    name = next(filter(None, found.groups()), None) if found else None
    earlier = [graph[revision].file for revision in graph.ancestors(step.parents)] if name else []
    if name is None or any(contains_word(file, name) and MAKES.search(Path(file).read_bytes()) for file in earlier):
        return ""
    return f". No revision before it makes '{name}': if something else does, name a file with that SQL in `base_schema`"
