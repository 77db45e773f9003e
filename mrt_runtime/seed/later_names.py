"""Which names tables get later in a history."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

RENAMES = re.compile(
    rb"rename_table\(\s*[\"'](\w+)[\"']\s*,\s*[\"'](\w+)[\"']"
    rb"|\bALTER\s+TABLE\s+[\"`]?(\w+)[\"`]?\s+RENAME\s+TO\s+[\"`]?(\w+)",
    re.IGNORECASE,
)


def find_renames(files: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the tables that the upgrades of a history rename: the migration's place, the name before and the name after."""
    for place, file in enumerate(files):
        try:
            source = Path(file).read_bytes().partition(b"def downgrade")[0]
        except OSError:
            continue
        for found in RENAMES.finditer(source):
            old, new = (name.decode() for name in found.groups() if name)
            yield place, old, new


def find_later_names(renames: Sequence[tuple[int, str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the names that tables get in the upgrades of a history, by each that they had before."""
    later: dict[str, tuple[str, ...]] = {}
    for _, old, new in reversed(renames):
        later[old] = (new, *later.get(new, ()))
    return later
