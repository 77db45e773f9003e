"""Foreign keys that an upgrade makes on columns which rows hold: each that was there had its match, an application's may not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from mrt_runtime.compare.blame import has_word
from mrt_runtime.compare.schema import ForeignKey, Schema, Table, qualified
from mrt_runtime.databases.sentences import cut, name_some
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migration_file import parse_file
from mrt_runtime.verify.deduplication import thinks_of
from mrt_runtime.verify.newly_unique import LONGEST, begin_with, find_line
from mrt_runtime.verify.unseen import is_excused

LOOKS_FOR_ORPHANS = re.compile(
    r"\bNOT\s+(?:EXISTS|IN)\b|\bLEFT\s+(?:OUTER\s+)?JOIN\b|isouter|outerjoin|not_?in_?\(|orphan|dangling|\bFOREIGN_KEY_CHECKS\b",
    re.IGNORECASE,
)
"""What looks for rows without a match, or has the database look for none."""
UNCHECKED = "sqlite"
"""Rows that are there are not looked at by this database: it is a new table that has the key."""


def find_newly_referring(
    steps: Sequence[HistoryStep], before: Schema, first: Schema, statements: Collection[str], custom: Collection[str]
) -> Iterator[str]:
    """Yield a warning for each foreign key that the upgrade makes, or validates, on columns which were there without one.

    steps: the revision and those before it, where rows without a match may have gone. statements: which changed rows just now.
    custom: tables whose rows the project supplies, as its application writes them.
    """
    known = {table.label: table for table in before.tables}
    for table in first.tables if before.dialect != UNCHECKED else ():
        old = known.get(table.label)
        if old is None or old is table or table.label in custom or table.parents:
            continue
        keys = [key for key in table.foreign_keys if is_new(key, old, known) and not follows(key, old)]
        if any(map(looks_for_orphans, steps)):
            continue
        keys = [key for key in keys if not any(changes_before(step, table, key, before.dialect) for step in steps)]
        if keys and not any(has_word(statement, table.name) for statement in statements):
            yield from (warning for key in keys if (warning := _describe(steps[0], table, key, before.dialect)))


def looks_for_orphans(step: HistoryStep) -> bool:
    """Whether a migration looks for rows without a match itself."""
    parsed = parse_file(step.file)
    return parsed is not None and LOOKS_FOR_ORPHANS.search(parsed[0].decode(errors="replace")) is not None


def changes_before(step: HistoryStep, table: Table, key: ForeignKey, dialect: str) -> bool:
    """Whether a migration changes what refers, or deletes rows."""
    return thinks_of(step, table.name, frozenset(key.columns), dialect, is_unique=False)


def is_new(key: ForeignKey, old: Table, known: Collection[str]) -> bool:
    """Whether the database looks for the matches of rows that are there, in a table that was there."""
    is_checked = key.validated and key.enforced and all(old.column(name) is not None for name in key.columns)
    return is_checked and qualified(key.referred_table, key.referred_schema) in known


def follows(key: ForeignKey, old: Table) -> bool:
    """Whether another one that was there has kept rows without a match away."""
    return any(
        other.columns == key.columns
        and other.validated
        and other.enforced
        and (other.referred_table, other.referred_columns) == (key.referred_table, key.referred_columns)
        for other in old.foreign_keys
    )


def _describe(step: HistoryStep, table: Table, key: ForeignKey, dialect: str) -> str:
    line = find_line(step, table, key.columns[0], key.name or "", dialect)
    if line and is_excused(step.file, line):
        return ""
    columns = cut(f"({name_some(key.columns, 4)})", LONGEST)
    parent = qualified(key.referred_table, key.referred_schema)
    return (
        f"{begin_with(line)} makes {columns} in table '{table.label}' refer to '{parent}', and every row here had its match: "
        "a row without one would fail this upgrade"
    )
