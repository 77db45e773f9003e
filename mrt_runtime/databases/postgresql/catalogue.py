"""PostgreSQL's catalogue: a few queries over all user schemas, put together by OID."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from mrt_runtime.databases.postgresql import queries
from mrt_runtime.databases.postgresql.records import (
    AttributeRow,
    ConstraintRow,
    IndexRow,
    RelationRow,
    SequenceRow,
    ThingRow,
    TypeRow,
)
from mrt_runtime.databases.postgresql.relations import Relations, grouped
from mrt_runtime.databases.postgresql.types import Types, labels_by_type
from mrt_runtime.schema import NamedType, Schema, Sequence, Table, Thing, qualified

Labelled = TypeVar("Labelled", Table, NamedType, Sequence)
BUILT_IN: dict[int, dict[int, TypeRow]] = {}  # by server version: it never changes while a server lives
Comments: TypeAlias = Mapping[tuple[str, int, int], str]


def read_catalogue(connection: Connection, ignored: Collection[str] = (), previous: Schema | None = None) -> Schema:
    """Read the whole catalogue of all schemas but the system's; what an extension made is part of the extension.

    ignored: labels of tables that are no part of it (Alembic's version table, our own mark).
    """
    reading = Reading(connection.connection.cursor())
    relations = reading.relations()
    left_out = {oid for oid in relations.rows if relations.label(oid) in ignored}
    tables = (relations.table(oid) for oid, row in relations.rows.items() if row.kind in "rpf" and oid not in left_out)
    sequences = (row for row in reading.sequences if row.table not in left_out)
    schema = Schema(
        dialect="postgresql",
        tables=_sorted(tables),
        types=_sorted(reading.named_types(relations)),
        sequences=_sorted(reading.sequence(row, relations) for row in sequences),
        things=tuple(sorted(reading.things(relations), key=lambda thing: (thing.kind, thing.label, thing.table or ""))),
    )
    return previous if previous == schema else schema


def _sorted(items: Iterable[Labelled]) -> tuple[Labelled, ...]:
    return tuple(sorted(items, key=lambda item: (item.schema or "", item.name)))


class Reading:
    """The rows of one reading that are not about a single relation."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        cursor.execute(queries.VERSION)
        self.version: int = cursor.fetchone()[0]
        self.members = set(self._rows(queries.MEMBERS))
        self.schemas: dict[int, str | None] = {
            oid: None if default else name
            for oid, name, default in self._rows(queries.NAMESPACES)
            if not self._is_member("pg_namespace", oid)
        }
        self.comments: Comments = {(where, oid, part): text for where, oid, part, text in self._rows(queries.DESCRIPTIONS)}
        labels = labels_by_type(self._rows(queries.ENUM_LABELS))
        ranges = {oid: (subtype, multirange) for oid, subtype, multirange in self._rows(queries.RANGES)}
        if self.version not in BUILT_IN:
            BUILT_IN[self.version] = self._types("<")
        self.types = Types({**BUILT_IN[self.version], **self._types(">=")}, labels, ranges, self.schemas)
        self.domain_checks: dict[int, list[ConstraintRow]] = {}
        self.sequences = [
            row
            for row in map(SequenceRow._make, self._rows(queries.SEQUENCES))
            if row.namespace in self.schemas and not self._is_member("pg_class", row.oid)
        ]

    def _rows(self, query: str) -> list[Any]:
        self.cursor.execute(queries.text_of(query, self.version))
        rows: list[Any] = self.cursor.fetchall()
        return rows

    def _types(self, which: str) -> dict[int, TypeRow]:
        return {row[0]: TypeRow(*row) for row in self._rows(queries.TYPES.replace("{which}", which))}

    def _collations(self, attributes: Iterable[AttributeRow], indexes: Iterable[IndexRow]) -> dict[int, str]:
        """Name the collations that are not those of the type; mostly there are none."""
        own = {(row.relation, row.number): row.collation for row in attributes}
        numbers = {row.collation for row in attributes if row.collation != row.type_collation}
        numbers |= {row.collation for row in self.types.rows.values() if row.base and row.collation != row.base_collation}
        for row in indexes:
            for column, collation in zip(row.columns, row.collations, strict=False):
                if collation != own.get((row.relation, column)):
                    numbers.add(collation)
        if not numbers - {0}:
            return {}
        return dict(self._rows(queries.COLLATIONS.replace("{numbers}", ", ".join(map(str, numbers)))))

    def _is_member(self, catalogue: str, oid: int) -> bool:
        return (catalogue, oid) in self.members

    def relations(self) -> Relations:
        """Read all that hangs on relations."""
        constraints = list(map(ConstraintRow._make, self._rows(queries.CONSTRAINTS)))
        self.domain_checks = grouped((row for row in constraints if row.domain), ConstraintRow._fields.index("domain"))
        attributes = list(map(AttributeRow._make, self._rows(queries.ATTRIBUTES)))
        indexes = list(map(IndexRow._make, self._rows(queries.INDEXES)))
        rows = {
            row.oid: row
            for row in map(RelationRow._make, self._rows(queries.RELATIONS))
            if row.namespace in self.schemas and not self._is_member("pg_class", row.oid)
        }
        return Relations(
            types=self.types,
            schemas=self.schemas,
            comments=self.comments,
            collations=self._collations(attributes, indexes),
            operator_classes=dict(self._rows(queries.OPERATOR_CLASSES)),
            rows=rows,
            attributes=grouped(attributes, 0),
            constraints=grouped(constraints, ConstraintRow._fields.index("relation")),
            indexes=grouped(indexes, IndexRow._fields.index("relation")),
            parents=grouped(self._rows(queries.PARENTS), 0),
            owned={
                (row.table, row.column): qualified(row.name, self.schemas[row.namespace])
                for row in self.sequences
                if row.table is not None and row.column is not None
            },
        )

    def named_types(self, relations: Relations) -> Iterator[NamedType]:
        """Give the types that the user made, with domains' checks and composite types' fields."""
        checks = {oid: tuple(map(relations.check, rows)) for oid, rows in self.domain_checks.items()}
        fields = {
            oid: tuple((row.name, self.types.column_type(row.type, row.modifier, row.text)) for row in relations.attributes[oid])
            for oid, relation in relations.rows.items()
            if relation.kind == "c" and oid in relations.attributes
        }
        for row in self.types.rows.values():
            if row.namespace in self.schemas and not self._is_member("pg_type", row.oid):
                collation = relations.collations.get(row.collation) if row.base and row.collation != row.base_collation else None
                comment = self.comments.get(("pg_type", row.oid, 0)) or self.comments.get(("pg_class", row.relation, 0))
                named = self.types.named(row, checks.get(row.oid, ()), fields.get(row.relation, ()), collation, comment)
                if named is not None:
                    yield named

    def sequence(self, row: SequenceRow, relations: Relations) -> Sequence:
        """Describe a sequence."""
        columns = relations.column_names(row.table, [row.column]) if row.table and row.column else ()
        return Sequence(
            name=row.name,
            schema=self.schemas[row.namespace],
            type=row.type,
            start=row.start,
            increment=row.increment,
            minimum=row.minimum,
            maximum=row.maximum,
            cache=row.cache,
            cycle=row.cycle,
            owner=(relations.label(row.table), columns[0]) if row.table and columns else None,
            comment=self.comments.get(("pg_class", row.oid, 0)),
        )

    def things(self, relations: Relations) -> Iterator[Thing]:
        """Give views and everything else that is wholly told by its definition."""
        for relation in relations.rows.values():
            if relation.view is not None:
                yield Thing(
                    kind="view" if relation.kind == "v" else "materialized view",
                    name=relation.name,
                    schema=self.schemas[relation.namespace],
                    definition="\n".join((*(relation.options or ()), relation.view)),
                    comment=self.comments.get(("pg_class", relation.oid, 0)),
                )
        for row in map(ThingRow._make, self._rows(queries.THINGS)):
            ours = (row.namespace is None or row.namespace in self.schemas) and not self._is_member(row.catalogue, row.oid)
            if ours and (row.table is None or row.table in relations.rows):
                yield Thing(
                    kind=row.kind,
                    name=row.name,
                    schema=self.schemas[row.namespace] if row.namespace else None,
                    table=relations.label(row.table) if row.table else None,
                    definition=row.definition or "",
                    comment=self.comments.get((row.catalogue, row.oid, 0)),
                )
