"""Rights on tables that the role of an application had, and has no longer: those of a table that is made again are gone with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar

from mrt_runtime.compare.schema import Schema, name_subject

USED = ("SELECT", "INSERT", "UPDATE", "DELETE")
BETWEEN = re.compile(r", (?=(?:no )?[A-Z]+ to )")
"""What separates rights from one another; the name of a role may contain a comma, too."""


@dataclass(frozen=True, slots=True)
class LostRight:
    """`rights` are those that are gone, each with whose it was: "SELECT to app"."""

    table: str
    column: str | None
    rights: tuple[str, ...]
    constraint: ClassVar[None] = None

    def describe(self, release: str, when: str) -> str:
        """Return a sentence. release: what it is called; when: after what it was looked at."""
        subject = name_subject(self.table, self.column)
        return f"{subject}: what was granted is gone {when}, and the {release} release may need it: {', '.join(self.rights)}"


def find_lost_rights(before: Schema, now: Schema, labels: Collection[str]) -> Iterator[LostRight]:
    """Yield what was granted on these tables, or views in place of them, and is not any more."""
    there = {table.label for table in now.tables} | {one.label for one in now.objects if one.kind == "view"}
    rights = read_rights(now)
    for (table, column), had in read_rights(before).items():
        if table not in labels or table not in there:
            continue
        # what a role may do with a table it may do with each column
        lost = sorted(had - rights.get((table, column), set()) - rights.get((table, None), set()))
        if lost and (column is None or is_column(now, table, column)):
            yield LostRight(table, column, tuple(lost))


def read_rights(schema: Schema) -> dict[tuple[str, str | None], set[str]]:
    """Return what is granted on tables and columns."""
    found: dict[tuple[str, str | None], set[str]] = {}
    for detail in schema.details:
        if detail.property == "grants":
            words = {word.removesuffix(" with grant option") for word in BETWEEN.split(detail.value)}
            table = detail.object.removesuffix(f".{detail.column}") if detail.column else detail.object
            found[table, detail.column] = {word for word in words if word.startswith(USED)}
    return found


def is_column(schema: Schema, label: str, name: str) -> bool:
    """Whether a table has a column of that name."""
    return any(table.label == label and table.column(name) is not None for table in schema.tables)
