"""The schema as the chain of migrations is known to have left it, at one revision."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import TypeAlias

from mrt_lint.history.persistent_mapping import PersistentMapping
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import dataclass, replace
from mrt_lint.model.ops import CreateIndex, CreateObject
from mrt_lint.model.values import UNKNOWN, Column, Constraint, Flag, MaybeName, Name, SqlType, Unknown

# where a name without a schema is looked for on PostgreSQL, SQLite and SQL Server
DEFAULT_SCHEMAS = frozenset({"public", "main", "dbo"})
FAMILIES = {"materialized view": "view", "enum": "type", "domain": "type", "procedure": "function"}
"""Kinds of objects that share their names with another kind."""
_ORDERED = re.compile(
    r"\(*\s*\"?(\w+)\"?(?:\s+collate\s+\S+)?(?:\s+\w+_ops)?(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?\s*\)*", re.IGNORECASE
)
_LONGEST = 63
"""The bytes that PostgreSQL keeps of a name."""
PRIMARY = "primary"
"""The name, folded, of every primary key of MySQL and MariaDB."""
# how PostgreSQL's ChooseIndexName() and ChooseConstraintName() end a name
_SUFFIXES = {"primary": "pkey", "unique": "key", "foreignkey": "fkey", "check": "check", "exclude": "excl"}

QualifiedName: TypeAlias = tuple[str | None, str]
"""The name of a table: its schema, None for the default one, and its name, both folded."""
QualifiedObject: TypeAlias = tuple[str, str | None, str]
"""The name of an object that is no table: the family of its kind, its schema and its name."""


def fold(name: str) -> str:
    """Return a name as it is compared: no history distinguishes two names by their case alone."""
    return name.casefold()


def without_order(column: str) -> str:
    """Return an indexed column without order and collation: "(id desc)" is the column "id"; other expressions stay as they are."""
    found = _ORDERED.fullmatch(column)
    return found[1] if found else column


def place(schema: MaybeName, name: str) -> QualifiedName:
    """Return the place of a name; a schema that could not be read counts as the default one."""
    folded = fold(schema) if isinstance(schema, str) else None
    return None if folded in DEFAULT_SCHEMAS else folded, fold(name)


def object_place(kind: str, schema: MaybeName, name: str, table: MaybeName = None) -> QualifiedObject:
    """Return the place of an object that is no table; a trigger's is its table: PostgreSQL's are named per table."""
    if kind == "trigger":
        return kind, fold(table) if isinstance(table, str) else None, fold(name)
    return FAMILIES.get(kind, kind), *place(schema, name)


def given_name(table: str, constraint: Constraint, dialect: str) -> str | None:
    """Return the name that the database gives to a constraint without one, unless that is taken; None where it is not known.

    MySQL and MariaDB give it to a primary key in any case.
    """
    if constraint.kind == "primary" and dialect in FAMILY:
        return PRIMARY.upper()
    if constraint.kind == "primary" and dialect == "postgresql":
        return _joined(table, "", _SUFFIXES["primary"])
    table, covered = constraint.named_after or (table, constraint.columns)
    columns = covered if isinstance(covered, tuple) else ()
    if dialect != "postgresql" or constraint.kind not in {"unique", "foreignkey"} or not columns:
        return None
    known = [name for name in columns if isinstance(name, str)]
    return _joined(table, "_".join(known), _SUFFIXES[constraint.kind]) if len(known) == len(columns) else None


def is_default_name(name: str, table: str, constraint: Constraint) -> bool:
    """Return whether PostgreSQL chooses a name, folded, for a constraint that has none; it adds a number where that is taken."""
    table, covered = constraint.named_after or (table, constraint.columns)
    label = _SUFFIXES[constraint.kind]
    numbered = re.fullmatch(rf".*_{label}(\d{{1,3}})", name)
    label += numbered[1] if numbered else ""
    columns = [fold(column) for column in covered if isinstance(column, str)] if covered is not UNKNOWN else []
    short, full = _joined(fold(table), "", label), _joined(fold(table), "_".join(columns), label)
    # a primary key is named after its table alone; a CHECK after its column, too, where it names just one
    return name in {"primary": (short,), "check": (short, full)}.get(constraint.kind, (full,))


def _joined(table: str, columns: str, label: str) -> str:
    """Put a name together as PostgreSQL does, which cuts the longer of the two to fit (its makeObjectName)."""
    left = _LONGEST - len(label) - (2 if columns else 1)
    while len(table) + len(columns) > left:
        table, columns = (table[:-1], columns) if len(table) > len(columns) else (table, columns[:-1])
    return "_".join(part for part in (table, columns, label) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedTable:
    """A table, as far as it is known from the migrations.

    `columns`, `indexes` and `constraints` are by folded name (`str.casefold`); an entry that may or may not be there, or of
    which nothing is known, is UNKNOWN. A column's `type`, `nullable` and `server_default` are as the last migration left them,
    each UNKNOWN if that could not be read; `nullable` is never None. `primary_key`, `unique` and foreign keys of columns are
    among the constraints, with their columns filled in; those without a name are in `unnamed`, with indexes without one. A
    constraint that was added NOT VALID has `not_valid` until it is validated. `autoincrement` is SQLite's AUTOINCREMENT,
    `partitioned` is True of a table that was made with PARTITION BY.
    `complete` is False if the table was not created by the chain, or not wholly readable: then what is not listed may yet
    exist. `lost` are the kinds of nameless constraints that were dropped or renamed by a name that none of them is known by: one
    of them is gone, and it is not known which. `former_names` are those that columns, constraints and indexes certainly have no
    more, by kind and name, with the ones that they have now, None for what was dropped.
    """

    name: str
    schema: MaybeName = None
    columns: Mapping[str, Column | Unknown] = field(default_factory=dict, hash=False)
    indexes: Mapping[str, CreateIndex | Unknown] = field(default_factory=dict, hash=False)
    constraints: Mapping[str, Constraint | Unknown] = field(default_factory=dict, hash=False)
    unnamed: tuple[Constraint | CreateIndex, ...] = ()
    lost: frozenset[str] = frozenset()
    autoincrement: Flag = False
    partitioned: bool = False
    complete: bool = False
    former_names: Mapping[tuple[str, str], Name | None] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def typed_columns(self) -> tuple[tuple[str, Column], ...]:
        """The columns whose type has a name, or is made of others; nearly all columns have another one."""
        return tuple(
            (name, column)
            for name, column in self.columns.items()
            if isinstance(column, Column)
            and not (
                isinstance(kind := column.type, SqlType) and kind.type_name is None and kind.item is None and not kind.variants
            )
        )

    def without_name(self, kind: str, name: Name, new: Name | None = None) -> ReplayedTable:
        """Return the table that has nothing of a kind under a name any more: it was dropped, or has another."""
        return replace(self, former_names={**self.former_names, (kind, fold(str(name))): new})

    def with_name(self, kind: str, name: Name) -> ReplayedTable:
        """Return the table in which a name is taken again."""
        if (kind, fold(str(name))) not in self.former_names:
            return self
        return replace(self, former_names={key: new for key, new in self.former_names.items() if key != (kind, fold(str(name)))})

    def current_name(self, kind: str, name: str) -> Name | None:
        """Return the name that something has now whose former one is given, None if it was dropped. Raises KeyError."""
        found = self.former_names[kind, fold(name)]
        while isinstance(found, str) and (kind, fold(found)) in self.former_names:
            found = self.former_names[kind, fold(found)]
        return found

    def column(self, name: str) -> Column | Unknown | None:
        """Return a column; None if the table provably has none of that name."""
        return self.columns.get(fold(name), None if self.complete else UNKNOWN)

    def index(self, name: str) -> CreateIndex | Unknown | None:
        """Return an index; None if the table provably has none of that name."""
        return self.indexes.get(fold(name), None if self.complete else UNKNOWN)

    def constraint(self, name: str) -> Constraint | Unknown | None:
        """Return a constraint by its name, or by the one PostgreSQL gave it; None if the table provably has none of that name."""
        key = fold(name)
        if key in self.constraints:
            return self.constraints[key]
        unnamed = [entry for entry in self.unnamed if isinstance(entry, Constraint)]
        found = [entry for entry in unnamed if is_default_name(key, self.name, entry)]
        if len(found) == 1:
            return found[0]
        return None if self.complete and not unnamed and not self.lost else UNKNOWN

    def known_constraints(self, kind: str | None = None) -> Iterator[Constraint]:
        """Return the constraints that certainly exist, named or not, of one kind or all."""
        for found in (*self.constraints.values(), *self.unnamed):
            if isinstance(found, Constraint) and kind in {None, found.kind}:
                yield found

    def known_indexes(self) -> Iterator[CreateIndex]:
        """Return the indexes that certainly exist, named or not."""
        for found in (*self.indexes.values(), *self.unnamed):
            if isinstance(found, CreateIndex):
                yield found

    def known_keys(self) -> Iterator[tuple[Name, ...]]:
        """Return the columns of each key and unique index that certainly exists: no two rows hold the same there, but for NULL."""
        found = [entry.columns for kind in ("primary", "unique") for entry in self.known_constraints(kind)]
        found += [index.columns for index in self.known_indexes() if index.unique is True and index.where is None]
        yield from (columns for columns in found if isinstance(columns, tuple) and columns)

    @property
    def primary_key(self) -> tuple[Name, ...] | Unknown | None:
        """The columns of the primary key; None if there is provably none."""
        found = next(self.known_constraints("primary"), None)
        if found is not None:
            return found.columns
        return None if self.complete and "primary" not in self.lost else UNKNOWN


def refers(key: Constraint, target: QualifiedName) -> bool:
    """Return whether a foreign key points to a table."""
    return isinstance(key.referred_table, str) and place(key.referred_schema, key.referred_table) == target


class ReplayedSchema:
    """What is known of a database when a revision begins or ends.

    Nothing counts as absent because no migration mentions it: the chain may have begun on an existing database.
    `places_of_referrers` are, by the place of a table, those whose foreign keys point or have pointed to it.
    """

    def __init__(
        self,
        tables: PersistentMapping[QualifiedName, ReplayedTable | Unknown | None] | None = None,
        objects: PersistentMapping[QualifiedObject, CreateObject | Unknown | None] | None = None,
        indexes: PersistentMapping[QualifiedName, QualifiedName | None] | None = None,
        referrers: PersistentMapping[QualifiedName, frozenset[QualifiedName]] | None = None,
    ) -> None:
        self.tables_by_place = tables if tables is not None else PersistentMapping()
        self.objects_by_place = objects if objects is not None else PersistentMapping()
        self.places_of_indexes = indexes if indexes is not None else PersistentMapping()
        self.places_of_referrers = referrers if referrers is not None else PersistentMapping()

    def table(self, name: str, schema: MaybeName = None) -> ReplayedTable | Unknown | None:
        """Return a table: UNKNOWN if no migration mentions it or it may be dropped, None if it certainly is dropped."""
        return self.tables_by_place.get(place(schema, name), UNKNOWN)

    def tables(self) -> Iterator[ReplayedTable]:
        """Return every table that certainly exists, in the order of their names."""
        known = ((key, table) for key, table in self.tables_by_place.items() if isinstance(table, ReplayedTable))
        yield from (table for _, table in sorted(known, key=lambda entry: (entry[0][0] or "", entry[0][1])))

    def references_to(self, target: QualifiedName) -> Iterator[tuple[ReplayedTable, Constraint]]:
        """Return the foreign keys that point to a table, each after the table that has it."""
        for where in sorted(self.places_of_referrers.get(target, frozenset()), key=lambda found: (found[0] or "", found[1])):
            table = self.tables_by_place.get(where, UNKNOWN)
            if isinstance(table, ReplayedTable):
                yield from ((table, key) for key in table.known_constraints("foreignkey") if refers(key, target))

    def triggers(self, where: QualifiedName) -> Iterator[tuple[QualifiedObject, CreateObject]]:
        """Return the triggers of a table, each after its place."""
        for key, made in self.objects_by_place.items():
            if not isinstance(made, CreateObject) or made.kind != "trigger" or not isinstance(made.table, str):
                continue
            if place(made.schema, made.table) == where:
                yield key, made

    def index(self, name: str, table: MaybeName = None, schema: MaybeName = None) -> CreateIndex | Unknown | None:
        """Return an index by its name, on a table or on whichever has it."""
        where = place(schema, table) if isinstance(table, str) else self.places_of_indexes.get(place(schema, name), None)
        found = self.tables_by_place.get(where, UNKNOWN) if where is not None else UNKNOWN
        return found.index(name) if isinstance(found, ReplayedTable) else found

    def object(self, kind: str, name: str, schema: MaybeName = None, table: MaybeName = None) -> CreateObject | Unknown | None:
        """Return a view, type, sequence, function, …; like `table` for what is not known. `kind` as in `CreateObject`."""
        return self.objects_by_place.get(self.place_of_object(kind, schema, name, table), UNKNOWN)

    def place_of_object(self, kind: str, schema: MaybeName, name: str, table: MaybeName = None) -> QualifiedObject:
        """Return the place of an object; of a trigger whose drop names no table, that of one that is there."""
        where = object_place(kind, schema, name, table)
        if kind != "trigger" or where[1] is not None:
            return where
        named = [(other, made) for other, made in self.objects_by_place.items() if (other[0], other[2]) == (kind, where[2])]
        return next((other for other, made in named if made is not None), named[0][0] if named else where)

    def obscured(self) -> ReplayedSchema:
        """Return a schema in which everything that this one knows is UNKNOWN."""
        return ReplayedSchema(self.tables_by_place.filled(UNKNOWN), self.objects_by_place.filled(UNKNOWN))
