"""Keys that an upgrade makes on columns which rows hold: those that were there had no duplicates, an application's may."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mrt_runtime.compare.blame import locate
from mrt_runtime.compare.schema import Index, IndexElement, Schema, Table
from mrt_runtime.databases.sentences import cut, name_some
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.seed.unique_key import mentioned
from mrt_runtime.verdict import Failure, Outcome
from mrt_runtime.verify.deduplication import changes, thinks_of
from mrt_runtime.verify.unseen import is_excused

FILLS_ITSELF = re.compile(r"nextval|uuid|rand|newid", re.IGNORECASE)
TAKES_NULL = re.compile(r"\bIS\s+NULL\b|\bCOALESCE\b|\bIFNULL\b|\bIS\s+NOT\s+(?:TRUE|FALSE)\b|\bDISTINCT\b|\bOR\b", re.IGNORECASE)
"""What is in conditions that rows meet which hold NULL in the column."""
AGREED = "MRT406"
"""The rule of the linter about the same keys: who has read it on a line knows."""
LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueRows:
    """What may not repeat among the rows of a table, or among those that a condition chooses."""

    name: str
    parts: tuple[str, ...]
    columns: frozenset[str]
    where: str | None = None
    nulls_equal: bool = False

    def is_implied_by(self, other: UniqueRows, table: Table) -> bool:
        """Whether rows that are alike for this key are alike for the other one, so that there can be none."""
        plain = {part for part in self.parts if table.column(part) is not None}
        is_wider = (other.where is None or other.where == self.where) and (other.nulls_equal or not self.nulls_equal)
        return is_wider and all(
            part in self.parts or (table.column(part) is None and set(mentioned(part, table)) <= plain) for part in other.parts
        )


def find_newly_unique(
    steps: Sequence[HistoryStep], before: Schema, first: Schema, statements: Collection[str], custom: Collection[str]
) -> Iterator[str]:
    """Yield a warning for each key that the upgrade makes on columns which were not unique before.

    steps: the revision and those before it, where duplicates may have gone. statements: which changed rows just now.
    custom: tables whose rows the project supplies, as its application writes them.
    """
    known = {table.label: table for table in before.tables}
    for table in first.tables:
        old = known.get(table.label)
        if old is None or old is table or table.label in custom or table.parents:
            continue
        for key in find_new_keys(old, table):
            if any(thinks_of(step, table.name, key.columns, before.dialect) for step in steps):
                continue
            if any(changes(statement, table.name, key.columns, before.dialect) for statement in statements):
                continue
            if warning := _describe(steps[0], table, key, before.dialect, is_about_nulls=_takes_nulls(key, old, table)):
                yield warning


def find_new_keys(old: Table, new: Table) -> Iterator[UniqueRows]:
    """Yield the keys of a table that its rows may have broken before, as far as its columns were there."""
    earlier = list(list_keys(old))
    for key in list_keys(new):
        columns = [column for name in key.columns if (column := old.column(name)) is not None]
        is_numbered = any(
            column.identity is not None or column.sequence is not None or FILLS_ITSELF.search(column.default or "")
            for column in columns
        )
        if not columns or len(columns) != len(key.columns) or is_numbered or _chooses_none(key, old, new):
            continue
        if not any(key.is_implied_by(other, new) for other in earlier):
            yield key


def _takes_nulls(key: UniqueRows, old: Table, new: Table) -> bool:
    """Whether all that is new is that NULLs count as equal."""
    apart = replace(key, nulls_equal=False)
    return key.nulls_equal and any(apart.is_implied_by(other, new) for other in list_keys(old))


def _chooses_none(key: UniqueRows, old: Table, new: Table) -> bool:
    """Whether a key's condition asks for a value in a column that is new, and so NULL in all rows."""
    names = mentioned(key.where, new) if key.where and not TAKES_NULL.search(key.where) else ()
    columns = (new.column(name) for name in names if old.column(name) is None)
    return any(column is not None and column.nullable and column.default is None and not column.generated for column in columns)


def list_keys(table: Table) -> Iterator[UniqueRows]:
    """Yield everything unique in a table."""
    for key in (*filter(None, [table.primary_key]), *table.uniques):
        columns = _columns(key.columns, table)
        yield UniqueRows(name=key.name or "", parts=key.columns, columns=columns, nulls_equal=key.nulls_not_distinct)
    for index in table.indexes:
        if index.unique and index.valid:
            yield _of_index(index, table)


def _of_index(index: Index, table: Table) -> UniqueRows:
    parts = tuple(map(_write, index.elements))
    return UniqueRows(
        name=index.name,
        parts=parts,
        columns=_columns(parts, table),
        where=index.predicate,
        nulls_equal=index.nulls_not_distinct,
    )


def _write(element: IndexElement) -> str:
    """Return an element of an index as SQL: a column of which only the beginning counts is no longer that column."""
    if element.column is None:
        return element.expression or ""
    return f"left({element.column}, {element.prefix})" if element.prefix else element.column


def _columns(parts: Sequence[str], table: Table) -> frozenset[str]:
    return frozenset(name for part in parts for name in ((part,) if table.column(part) else mentioned(part, table)))


def _describe(step: HistoryStep, table: Table, key: UniqueRows, dialect: str, *, is_about_nulls: bool) -> str:
    line = find_line(step, table, next(iter(sorted(key.columns))), key.name, dialect)
    if line and (is_excused(step.file, line) or is_agreed(step.file, line)):
        return ""
    columns = cut(f"({name_some(key.parts, 4)})", LONGEST)
    condition = f" where {cut(key.where, LONGEST)}" if key.where else ""
    if is_about_nulls:
        return (
            f"{begin_with(line)} takes NULLs in {columns} of table '{table.label}'{condition} for equal, and no two rows here held "
            "the same with NULL: such rows would fail this upgrade"
        )
    return (
        f"{begin_with(line)} makes {columns} unique in table '{table.label}'{condition}, and no two rows here held the same: "
        "duplicates would fail this upgrade"
    )


def is_agreed(file: str, line: int) -> bool:
    """Whether a line of a migration names the rule of the linter about the same keys."""
    return AGREED in Path(file).read_text(encoding="utf-8", errors="replace").splitlines()[line - 1]


def find_line(step: HistoryStep, table: Table, column: str, name: str, dialect: str) -> int | None:
    """Return the line of an upgrade that makes a key of a table over a column."""
    about = Failure(kind=Outcome.UPGRADE_FAILED.value, message="", table=table.label, column=column)
    return locate(about, step.file, name, dialect, "upgrade").line


def begin_with(line: int | None) -> str:
    """Return how a warning about an upgrade begins."""
    return f"Line {line}: upgrade" if line else "Upgrade"
