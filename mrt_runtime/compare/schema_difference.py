"""What is not the same in two catalogues, in sentences. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from mrt_runtime.compare.properties import COMMENT, COMPARED_PROPERTIES, constraint_name, fold, show_names, type_word
from mrt_runtime.compare.renaming import Renaming, find_renamed, group_renamed
from mrt_runtime.compare.schema import CatalogueObject, Index, Schema, Sequence, Table

Item = TypeVar("Item")
IGNORED = {
    "collation": "collations",
    "comment": "comments",
    "definer": "definers",
    "foreign options": "options",
    "statistics target": "options",
}
"""What `ignore` calls a property of which it has another name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDifference:
    """One object, or one property of it, that is not as it was.

    `kind` is the object's ("table", "column", "index", "view" …), `name` its name. `warning` marks what no query can notice
    (the order of columns). `evidence` are further lines, such as a definition before and after. `aspect` is what of the object
    changed ("type", "grants"), empty where it is the object itself; `renamed` is what a missing object is called now.
    `parts` are the words of a constraint or an index, among them the columns that it is over.
    """

    kind: str
    name: str
    message: str = ""
    table: str | None = None
    column: str | None = None
    warning: bool = False
    evidence: tuple[str, ...] = ()
    aspect: str = ""
    renamed: Renaming | None = None
    parts: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.message

    def is_ignored(self, ignore: Collection[str]) -> bool:
        """Whether one of these words of the configuration leaves it out."""
        return (self.kind if self.kind == "default privileges" else IGNORED.get(self.aspect, self.aspect)) in ignore


@dataclass(frozen=True, slots=True)
class DifferenceWording:
    """How sentences end: what is too much "still exists after rollback", what changed "X became Y after rollback"."""

    when: str = "after rollback"
    extra: str = "still exists"


ROLLBACK = DifferenceWording()
SECOND_UPGRADE = DifferenceWording("after the second upgrade", "exists only")


def diff(before: Schema, after: Schema, wording: DifferenceWording = ROLLBACK) -> tuple[SchemaDifference, ...]:
    """Compare two catalogues of one database; equal ones yield nothing.

    Differences that mean nothing are left out: names that the database chose itself, the spacing, quoting and letter case of
    SQL. What hangs on a table that is missing or left behind is not reported beside the table.
    """
    if before == after:
        return ()
    return tuple(group_renamed(tuple(SchemaComparison(before, after, wording).differences()), wording.when))


class SchemaComparison:
    """Two catalogues and the words to compare them in."""

    def __init__(self, before: Schema, after: Schema, wording: DifferenceWording) -> None:
        self.before = before
        self.after = after
        self.wording = wording
        # what hangs on something that is missing or left behind goes with it, and is not reported by itself
        self.unpaired = _bearers(before) ^ _bearers(after)
        columns = [
            {(table.label, column.name) for table in schema.tables for column in table.columns} for schema in (before, after)
        ]
        self.unpaired_columns = columns[0] ^ columns[1]

    def differences(self) -> Iterator[SchemaDifference]:
        """Yield them in a fixed order: types, tables with their constraints and indexes, sequences, all else."""
        yield from self._changes_of("Database", SchemaDifference(kind="database", name=""), self.before, self.after)
        yield from self._types()
        yield from self._tables()
        yield from self._sequences()
        yield from self._objects()
        yield from self._details()

    def _types(self) -> Iterator[SchemaDifference]:
        for one, old, new in _paired(self.before.types, self.after.types, lambda kind: kind.label):
            subject = f"{type_word(one)} '{one.label}'"
            yield from self._changes_of(subject, SchemaDifference(kind="type", name=one.label), old, new)
            if old and new:
                yield from self._constraints("check", f"{subject[:1].lower()}{subject[1:]}", None, old.checks, new.checks)

    def _tables(self) -> Iterator[SchemaDifference]:
        for one, old, new in _paired(self.before.tables, self.after.tables, lambda table: table.label):
            # reported of the whole table, of which it is a part
            if one.kind == "partition" and self.unpaired.intersection(one.parents):
                continue
            yield from self._changes_of(
                f"Table '{one.label}'", SchemaDifference(kind="table", name=one.label, table=one.label), old, new
            )
            if old and new and old != new:
                yield from self._columns(old, new)
                yield from self._constraints_and_indexes(old, new)

    def _columns(self, old: Table, new: Table) -> Iterator[SchemaDifference]:
        for one, left, right in _paired(old.columns, new.columns, lambda column: column.name):
            place = SchemaDifference(kind="column", name=one.name, table=old.label, column=one.name)
            if any(self._is_changed_in(parent, one.name) for parent in new.parents):
                continue
            yield from self._changes_of(f"Column '{old.label}.{one.name}'", place, left, right)
        order = [column.name for column in old.columns if new.column(column.name)]
        now = [column.name for column in new.columns if old.column(column.name)]
        if order != now:
            message = f"Table '{old.label}': column order {show_names(order)} became {show_names(now)} {self.wording.when}"
            yield SchemaDifference(kind="table", name=old.label, table=old.label, message=message, warning=True)

    def _is_changed_in(self, label: str, name: str) -> bool:
        """Whether the difference is reported of a parent already, a partitioned table or one that is inherited from."""
        place = SchemaDifference(kind="column", name=name)
        columns = [table.column(name) for schema in (self.before, self.after) for table in schema.tables if table.label == label]
        return len(columns) == 2 and columns != [None, None] and any(self._changes_of("", place, *columns))  # noqa: PLR2004  # in both

    def _constraints_and_indexes(self, old: Table, new: Table) -> Iterator[SchemaDifference]:
        """Compare keys, constraints and indexes."""
        label, owner = old.label, f"'{old.label}'"
        before, after = old.primary_key, new.primary_key
        if before or after:
            place = SchemaDifference(kind="primary key", name=label, table=label)
            yield from self._changes_of(f"Primary key of {owner}", place, before, after)
            if before and after and before.named and after.named and before.name != after.name:
                change = f"name '{before.name}' became '{after.name}'"
                yield replace(place, message=f"Primary key of {owner}: {change} {self.wording.when}")
        yield from self._constraints("unique constraint", owner, label, old.uniques, new.uniques)
        yield from self._constraints("check", owner, label, old.checks, new.checks)
        yield from self._constraints("exclusion constraint", owner, label, old.exclusions, new.exclusions)
        yield from self._constraints("foreign key", owner, label, old.foreign_keys, new.foreign_keys)
        pairs = list(_matched(old.indexes, new.indexes))
        renamed = find_renamed(pairs, _facets)
        for one, left, right in pairs:
            place = SchemaDifference(kind="index", name=one.name, table=label, renamed=renamed.get(one.name), parts=_words(one))
            yield from self._changes_of(f"Index '{one.name}' on {owner}", place, left, right)

    def _constraints(
        self, kind: str, owner: str, table: str | None, before: Iterable[Any], after: Iterable[Any]
    ) -> Iterator[SchemaDifference]:
        """Compare the constraints of one kind: by name, and those that the database named by what they say."""
        word = "Check constraint" if kind == "check" else kind.capitalize()
        pairs = list(_matched(before, after))
        renamed = find_renamed(pairs, _facets)
        for one, old, new in pairs:
            place = SchemaDifference(
                kind=kind,
                name=one.name or constraint_name(one),
                table=table,
                renamed=renamed.get(one.name or ""),
                parts=_words(one),
            )
            subject = f"{word} {constraint_name(one)} on {owner}"
            yield from self._changes_of(subject, place, old, new)
            if old and new and old.named != new.named:
                change = " became ".join(f"'{each.name}'" if each.name else "none" for each in (old, new))
                yield replace(place, message=f"{subject}: name {change} {self.wording.when}")

    def _sequences(self) -> Iterator[SchemaDifference]:
        def key(sequence: Sequence) -> object:
            return sequence.owner or sequence.label

        for one, old, new in _paired(self.before.sequences, self.after.sequences, key):
            if one.owner is None or one.owner not in self.unpaired_columns:
                yield from self._changes_of(f"Sequence '{one.label}'", SchemaDifference(kind="sequence", name=one.label), old, new)

    def _objects(self) -> Iterator[SchemaDifference]:
        def key(one: CatalogueObject) -> object:
            return (one.kind, one.label, one.table)

        for one, old, new in _paired(self.before.objects, self.after.objects, key):
            if one.table is None or one.table not in self.unpaired:
                on = f" on '{one.table}'" if one.table else ""
                place = SchemaDifference(kind=one.kind, name=one.label, table=one.table)
                yield from self._changes_of(f"{one.kind[:1].upper()}{one.kind[1:]} '{one.label}'{on}", place, old, new)

    def _details(self) -> Iterator[SchemaDifference]:
        """Compare grants, owners and other details of what is there in both catalogues."""
        unpaired = self.unpaired | (_labels(self.before) ^ _labels(self.after))
        facts = [{(one.subject, one.property): one for one in schema.details} for schema in (self.before, self.after)]
        for key in dict.fromkeys((*facts[0], *facts[1])):
            old, new = (side.get(key) for side in facts)
            one = old or new
            if old == new or one is None or one.object in unpaired or (one.object, one.column) in self.unpaired_columns:
                continue
            left, right = ("none" if each is None else each.value for each in (old, new))
            message = f"{one.subject}: {one.property} {left} became {right} {self.wording.when}"
            kind = one.subject.partition(" (" if one.subject.startswith("Default privileges") else " '")[0].lower()
            yield SchemaDifference(
                kind=kind,
                name=one.object,
                message=message,
                column=one.column,
                aspect="owners" if one.property == "owner" else one.property,
            )

    def _changes_of(self, subject: str, place: SchemaDifference, old: Any, new: Any) -> Iterator[SchemaDifference]:
        """Yield that one object is missing or too much, or which of its properties changed."""
        when = self.wording.when
        if old is None or new is None:
            yield replace(place, message=f"{subject} {'missing' if new is None else self.wording.extra} {when}")
            return
        for facet in COMPARED_PROPERTIES[type(old)] if old != new else ():
            left, right = facet.read(old), facet.read(new)
            if left == right or (facet.is_sql and fold(left) == fold(right)):
                continue
            if facet.is_long:
                evidence = (f"before: {left}", f"after: {right}")
                message = f"{subject}: {facet.word} changed {when}"
                yield replace(place, message=message, evidence=evidence, aspect=facet.word)
            else:
                change = f"{facet.word} {facet.show(left)} became {facet.show(right)}".strip()
                yield replace(place, message=f"{subject}: {change} {when}", aspect=facet.word)


def _bearers(schema: Schema) -> set[str]:
    """Label what other objects hang on: tables and views."""
    return {table.label for table in schema.tables} | {one.label for one in schema.objects if one.kind.endswith("view")}


def _labels(schema: Schema) -> set[str]:
    """Return the labels of everything that has a definition of its own."""
    labels = {table.label for table in schema.tables} | {kind.label for kind in schema.types}
    return labels | {sequence.label for sequence in schema.sequences} | {one.label for one in schema.objects}


def _paired(
    before: Iterable[Item], after: Iterable[Item], key: Callable[[Item], object]
) -> Iterator[tuple[Item, Item | None, Item | None]]:
    """Pair what has the same key; first comes whichever of the two is there. Repeated keys pair in order."""
    waiting: dict[object, list[Item]] = defaultdict(list)
    for item in after:
        waiting[key(item)].append(item)
    for item in before:
        same = waiting[key(item)]
        yield item, item, same.pop(0) if same else None
    for items in waiting.values():
        for item in items:
            yield item, None, item


def _matched(before: Iterable[Any], after: Iterable[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Pair constraints or indexes that are equal but for a name the database chose, then by name or columns."""
    lefts, rights = list(before), list(after)
    # first what is equal in all but a generated name, so that no renamed one is paired with another's definition
    for key in (_meaning, _handle):
        found = list(_paired(lefts, rights, key))
        yield from (pair for pair in found if None not in pair)
        lefts = [one for one, _, new in found if new is None]
        rights = [one for one, old, _ in found if old is None]
    for named in (True, False):  # a constraint may have got its name, or lost it
        olds = [one for one in lefts if one.named is named]
        news = [one for one in rights if one.named is not named]
        yield from _paired(olds, news, _anonymous)


def _words(constraint: Any) -> frozenset[str]:
    """Return the words of a constraint or an index but for its name: columns, and what a condition is made of."""
    said = [facet.show(facet.read(constraint)) for facet in COMPARED_PROPERTIES[type(constraint)] if facet is not COMMENT]
    return frozenset(re.findall(r"\w+", " ".join(said)))


def _meaning(constraint: Any) -> object:
    return constraint.name if constraint.named else None, _facets(constraint)


def _handle(constraint: Any) -> object:
    if isinstance(constraint, Index) or (constraint.named and constraint.name):
        return constraint.name
    return getattr(constraint, "columns", None) or _anonymous(constraint)


def _anonymous(constraint: Any) -> object:
    """Return what a constraint says; of an index the name, which is how queries and migrations call it."""
    return constraint.name if isinstance(constraint, Index) else _facets(constraint)


def _facets(constraint: Any) -> tuple[object, ...]:
    return tuple(fold(facet.read(constraint)) for facet in COMPARED_PROPERTIES[type(constraint)])
