"""PostgreSQL's tables, put together from the catalogue's rows. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any, Literal, TypeVar

from mrt_runtime.compare.schema import (
    CatalogueColumn,
    Check,
    Exclusion,
    ForeignKey,
    Index,
    IndexElement,
    Key,
    Table,
    TableKind,
    qualified,
)
from mrt_runtime.databases.postgresql.records import AttributeRow, ConstraintRow, IndexRow, RelationRow
from mrt_runtime.databases.postgresql.types import TypeCatalogue

Item = TypeVar("Item", bound=Any)

KINDS: Mapping[str, TableKind] = {"r": "table", "p": "partitioned", "f": "foreign table"}
ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
MATCHES = {"s": "SIMPLE", "f": "FULL", "p": "PARTIAL"}
IDENTITIES: Mapping[str, Literal["always", "by default"]] = {"a": "always", "d": "by default"}
STORAGES = {"p": "plain", "e": "external", "m": "main", "x": "extended"}
REPLICA_IDENTITIES = {"f": "full", "n": "nothing", "i": "index"}
DESCENDING, NULLS_FIRST = 1, 2  # pg_index.indoption
CHOSEN_NAME = re.compile(r"_(pkey|key|fkey|check|excl|idx)\d*$")  # how the names end that PostgreSQL chooses itself
# DEFAULT NULL is kept as NULL::varchar, and is no default
NULL_TEXT = "NULL::"


def unwrapped(expression: str | None) -> str:
    """Take off the parentheses that pg_get_expr puts around a condition."""
    text = expression or ""
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def grouped(rows: Iterable[Item], column: str | int) -> dict[int, list[Item]]:
    """Group rows by the OID in one of their columns, in their order."""
    read: Callable[[Item], int] = itemgetter(column) if isinstance(column, int) else attrgetter(column)
    groups: dict[int, list[Item]] = defaultdict(list)
    for row in rows:
        groups[read(row)].append(row)
    return groups


@dataclass(slots=True)
class RelationCatalogue:
    """The rows about all relations, by the relation's OID, and the names that they mention by OID.

    `owned` maps a column (OID, number) to the sequence that it owns; `comments` is by catalogue, OID and part.
    """

    types: TypeCatalogue
    schemas: Mapping[int, str | None]
    operator_classes: Mapping[int, str]
    rows: Mapping[int, RelationRow]
    attributes: Mapping[int, list[AttributeRow]]
    constraints: Mapping[int, list[ConstraintRow]]
    indexes: Mapping[int, list[IndexRow]]
    parents: Mapping[int, list[tuple[int, int]]]
    comments: Mapping[tuple[str, int, int], str]
    owned: Mapping[tuple[int, int], str]
    collations: Mapping[int, str] = field(default_factory=dict)
    names: dict[int, dict[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.names = {oid: {row.number: row.name for row in rows} for oid, rows in self.attributes.items()}

    def label(self, oid: int) -> str:
        """Call a relation as messages do."""
        row = self.rows.get(oid)
        return qualified(row.name, self.schemas[row.namespace]) if row is not None else ""

    def column_names(self, relation: int, numbers: Iterable[int] | None) -> tuple[str, ...]:
        """Name columns by their numbers; an expression's number, 0, has no name."""
        names = self.names.get(relation, {})
        return tuple(names[number] for number in numbers or () if number in names)

    def table(self, oid: int) -> Table:
        """Put one table together."""
        row = self.rows[oid]
        constraints: dict[str, list[ConstraintRow]] = defaultdict(list)
        for constraint in self.constraints.get(oid, ()):
            constraints[constraint.type].append(constraint)
        return Table(
            name=row.name,
            schema=self.schemas[row.namespace],
            kind="partition" if row.is_partition and row.kind != "f" else KINDS[row.kind],
            columns=tuple(self._column(each, at) for at, each in enumerate(self.attributes.get(oid, ()), start=1)),
            primary_key=next((self._key(each) for each in constraints["p"]), None),
            uniques=tuple(map(self._key, constraints["u"])),
            checks=tuple(map(self.check, constraints["c"])),
            exclusions=tuple(map(self._exclusion, constraints["x"])),
            foreign_keys=tuple(map(self._foreign_key, constraints["f"])),
            indexes=tuple(map(self._index, self.indexes.get(oid, ()))),
            parents=tuple(self.label(parent) for _, parent in self.parents.get(oid, ())),
            bounds=row.bounds,
            partition_key=row.partition_key,
            comment=self.comments.get(("pg_class", oid, 0)),
            options=tuple(self._options(row)),
        )

    def _options(self, row: RelationRow) -> Iterator[tuple[str, str]]:
        yield from _pairs(row.options)
        if row.persistence == "u":
            yield "unlogged", "yes"
        if row.row_security:
            yield "row security", "forced" if row.force_row_security else "enabled"
        elif row.force_row_security:
            yield "row security", "forced but disabled"
        if row.replica_identity in REPLICA_IDENTITIES:
            yield "replica identity", REPLICA_IDENTITIES[row.replica_identity]
        if row.method:
            yield "access method", row.method
        if row.tablespace:
            yield "tablespace", row.tablespace

    def _column(self, row: AttributeRow, position: int) -> CatalogueColumn:
        options = [("storage", STORAGES[row.storage])] if row.storage else []
        options += [("compression", row.compression)] if row.compression.strip("\0") else []
        return CatalogueColumn(
            name=row.name,
            position=position,
            type=self.types.column_type(row.type, row.modifier, row.text),
            nullable=not row.not_null,
            default=None if row.generated or (row.expression or "").startswith(NULL_TEXT) else row.expression,
            identity=IDENTITIES.get(row.identity),
            generated=row.expression if row.generated else None,
            stored=row.generated == "s",
            collation=self.collations.get(row.collation) if row.collation != row.type_collation else None,
            comment=self.comments.get(("pg_class", row.relation, row.number)),
            sequence=self.owned.get((row.relation, row.number)),
            options=tuple(options),
        )

    def _key(self, row: ConstraintRow) -> Key:
        return Key(
            name=row.name,
            columns=self.column_names(row.relation, row.columns),
            named=not CHOSEN_NAME.search(row.name),
            deferrable=row.deferrable,
            initially_deferred=row.deferred,
            nulls_not_distinct=row.nulls_not_distinct,
            include=self.column_names(row.relation, row.include),
            comment=self._comment(row),
            options=tuple(_pairs(row.options)),
        )

    def check(self, row: ConstraintRow) -> Check:
        """Put one CHECK constraint together, of a table or of a domain."""
        return Check(
            name=row.name,
            expression=unwrapped(row.expression),
            named=not CHOSEN_NAME.search(row.name),
            validated=row.validated,
            no_inherit=row.no_inherit,
            enforced=row.enforced,
            comment=self._comment(row),
        )

    def _exclusion(self, row: ConstraintRow) -> Exclusion:
        return Exclusion(
            name=row.name,
            definition=row.definition or "",
            elements=tuple(zip(row.elements or (), row.operators or (), strict=True)),
            method=row.method or "gist",
            predicate=unwrapped(row.predicate) or None,
            named=not CHOSEN_NAME.search(row.name),
            comment=self._comment(row),
        )

    def _foreign_key(self, row: ConstraintRow) -> ForeignKey:
        target = self.rows.get(row.referred)
        return ForeignKey(
            name=row.name,
            columns=self.column_names(row.relation, row.columns),
            referred_schema=self.schemas[target.namespace] if target else None,
            referred_table=target.name if target else "",
            referred_columns=self.column_names(row.referred, row.referred_columns),
            on_update=ACTIONS[row.on_update],
            on_delete=ACTIONS[row.on_delete],
            on_delete_columns=self.column_names(row.relation, row.delete_columns),
            match=MATCHES[row.match],
            named=not CHOSEN_NAME.search(row.name),
            deferrable=row.deferrable,
            initially_deferred=row.deferred,
            validated=row.validated,
            enforced=row.enforced,
            comment=self._comment(row),
        )

    def _comment(self, row: ConstraintRow) -> str | None:
        return self.comments.get(("pg_constraint", row.oid, 0))

    def _index(self, row: IndexRow) -> Index:
        options = list(_pairs(row.options))
        options += [("clustered", "yes")] if row.clustered else []
        options += [("replica identity", "yes")] if row.replica_identity else []
        return Index(
            name=row.name,
            named=not CHOSEN_NAME.search(row.name),
            elements=tuple(self._element(row, at) for at in range(row.keys)),
            unique=row.unique,
            method=row.method,
            predicate=unwrapped(row.predicate) or None,
            include=self.column_names(row.relation, row.columns[row.keys :]),
            nulls_not_distinct=row.nulls_not_distinct,
            valid=row.valid,
            comment=self.comments.get(("pg_class", row.oid, 0)),
            options=tuple(options),
        )

    def _element(self, row: IndexRow, at: int) -> IndexElement:
        number, order, collation = row.columns[at], row.orders[at], row.collations[at]
        column = self.names[row.relation].get(number)
        own = next((each.collation for each in self.attributes[row.relation] if each.number == number), None)
        descending, nulls_first = bool(order & DESCENDING), bool(order & NULLS_FIRST)
        return IndexElement(
            column=column,
            expression=None if column else unwrapped((row.expressions or [])[at]),
            descending=descending,
            nulls_first=nulls_first if nulls_first != descending else None,
            collation=self.collations.get(collation) if own is not None and collation not in {0, own} else None,
            operator_class=self.operator_classes.get(row.operator_classes[at]),
        )


def _pairs(options: Iterable[str] | None) -> Iterator[tuple[str, str]]:
    for option in sorted(options or ()):
        name, _, value = option.partition("=")
        yield name, value
