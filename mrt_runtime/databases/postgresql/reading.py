"""The rows of PostgreSQL's catalogue, read as a whole or only where something may have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from mrt_runtime.compare.schema import qualified
from mrt_runtime.databases.postgresql import queries
from mrt_runtime.databases.postgresql.catalogue_changes import KnownRelations
from mrt_runtime.databases.postgresql.prepared import PreparedQueries
from mrt_runtime.databases.postgresql.records import (
    AttributeRow,
    ConstraintRow,
    IndexRow,
    ObjectRow,
    RelationRow,
    SequenceRow,
    TypeRow,
)
from mrt_runtime.databases.postgresql.relations import RelationCatalogue, grouped
from mrt_runtime.databases.postgresql.types import TypeCatalogue, labels_by_type

Members: TypeAlias = frozenset[tuple[str, int]]

BUILT_IN: dict[int, dict[int, TypeRow]] = {}  # by server version: it never changes while a server lives
SPECIAL = frozenset("vmc")  # views, materialized views, composite types


@dataclass(frozen=True, slots=True)
class CatalogueRows:
    """All rows of one reading. `members` are what extensions and range types brought along, by catalogue and OID."""

    members: Members
    relations: RelationCatalogue
    sequences: tuple[SequenceRow, ...]
    domain_checks: Mapping[int, list[ConstraintRow]]
    objects: tuple[ObjectRow, ...]

    def known(self) -> KnownRelations:
        """Sum up what there is, to find out later what has changed."""
        relations = self.relations
        owners = {oid: oid for oid in relations.rows}
        owners |= {row.oid: row.relation for rows in relations.indexes.values() for row in rows}
        owners |= {row.oid: row.relation for rows in relations.constraints.values() for row in rows}
        special = frozenset(oid for oid, row in relations.rows.items() if row.kind in SPECIAL)
        return KnownRelations(owners, special, frozenset(row.oid for row in self.sequences))


class CatalogueReader:
    """Reads rows through one cursor of a server of this `server_version_num`."""

    def __init__(self, cursor: Any, version: int, prepared: PreparedQueries) -> None:
        self.cursor = cursor
        self.version = version
        self.prepared = prepared

    def rows(self, query: str) -> list[Any]:
        """Run one of the queries."""
        self.cursor.execute(queries.text_of(query, self.version))
        rows: list[Any] = self.cursor.fetchall()
        return rows

    def repeated(self, name: str) -> list[Any]:
        """Run one of the queries that every reading runs, by its name there."""
        return self.prepared.run(name.lower(), queries.text_of(getattr(queries, name), self.version))

    def among(self, name: str, relations: Collection[int] | None) -> list[Any]:
        """Run one of the queries about relations, for these only, or for all of them."""
        query = getattr(queries, name)
        if relations is None:
            return self.rows(query)
        return self.prepared.run_among(name.lower(), queries.text_of(query, self.version, among=True), relations)

    def read(self) -> CatalogueRows:
        """Read everything."""
        members = frozenset(self.rows(queries.MEMBERS))
        schemas = {
            oid: None if default else name
            for oid, name, default in self.rows(queries.NAMESPACES)
            if ("pg_namespace", oid) not in members
        }
        labels = labels_by_type(self.rows(queries.ENUM_LABELS))
        ranges = {oid: (subtype, multirange) for oid, subtype, multirange in self.rows(queries.RANGES)}
        if self.version not in BUILT_IN:
            BUILT_IN[self.version] = self._types("<")
        types = TypeCatalogue({**BUILT_IN[self.version], **self._types(">=")}, labels, ranges, schemas)
        sequences = self._sequences(schemas, members)
        constraints = list(map(ConstraintRow._make, self.rows(queries.CONSTRAINTS)))
        relations = RelationCatalogue(
            types=types,
            schemas=schemas,
            operator_classes=dict(self.rows(queries.OPERATOR_CLASSES)),
            rows=self._relations(schemas, members),
            attributes=grouped(map(AttributeRow._make, self.rows(queries.ATTRIBUTES)), "relation"),
            constraints=grouped(constraints, "relation"),
            indexes=grouped(map(IndexRow._make, self.rows(queries.INDEXES)), "relation"),
            **self._names(sequences, schemas),
        )
        return CatalogueRows(
            members=members,
            relations=self._with_collations(relations),
            sequences=sequences,
            domain_checks=grouped((row for row in constraints if row.domain), "domain"),
            objects=tuple(map(ObjectRow._make, self.rows(queries.OBJECTS))),
        )

    def read_again(self, known: CatalogueRows, stale: Collection[int]) -> CatalogueRows | None:
        """Read these relations, and what names or owns them; take all else from an earlier reading.

        None where one of them is of a kind on which more depends than its own rows show.
        """
        old = known.relations
        rows = self._relations(old.schemas, known.members, stale)
        if any(row.kind in SPECIAL for row in rows.values()):
            return None
        sequences = self._sequences(old.schemas, known.members)

        def with_new(before: Mapping[int, Any], now: Mapping[int, Any]) -> dict[int, Any]:
            return {**{oid: value for oid, value in before.items() if oid not in stale}, **now}

        relations = replace(
            old,
            rows=with_new(old.rows, rows),
            attributes=with_new(old.attributes, grouped(map(AttributeRow._make, self.among("ATTRIBUTES", stale)), "relation")),
            constraints=with_new(old.constraints, grouped(map(ConstraintRow._make, self.among("CONSTRAINTS", stale)), "relation")),
            indexes=with_new(old.indexes, grouped(map(IndexRow._make, self.among("INDEXES", stale)), "relation")),
            **self._names(sequences, old.schemas),
        )
        return replace(known, relations=self._with_collations(relations), sequences=sequences)

    def _types(self, which: str) -> dict[int, TypeRow]:
        return {row[0]: TypeRow(*row) for row in self.rows(queries.TYPES.replace("{which}", which))}

    def _relations(
        self, schemas: Collection[int], members: Members, among: Collection[int] | None = None
    ) -> dict[int, RelationRow]:
        rows = map(RelationRow._make, self.among("RELATIONS", among))
        return {row.oid: row for row in rows if row.namespace in schemas and ("pg_class", row.oid) not in members}

    def _sequences(self, schemas: Collection[int], members: Members) -> tuple[SequenceRow, ...]:
        rows = map(SequenceRow._make, self.repeated("SEQUENCES"))
        return tuple(row for row in rows if row.namespace in schemas and ("pg_class", row.oid) not in members)

    def _names(self, sequences: Iterable[SequenceRow], schemas: Mapping[int, str | None]) -> dict[str, Any]:
        """Read what says something about relations without being in their rows."""
        return {
            "comments": {(where, oid, part): text for where, oid, part, text in self.repeated("DESCRIPTIONS")},
            "parents": grouped(self.repeated("PARENTS"), 0),
            "owned": {
                (row.table, row.column): qualified(row.name, schemas[row.namespace]) for row in sequences if row.table is not None
            },
        }

    def _with_collations(self, relations: RelationCatalogue) -> RelationCatalogue:
        """Name the collations that are not those of the type; mostly there are none."""
        attributes = [row for rows in relations.attributes.values() for row in rows]
        own = {(row.relation, row.number): row.collation for row in attributes}
        numbers = {row.collation for row in attributes if row.collation != row.type_collation}
        numbers |= {row.collation for row in relations.types.rows.values() if row.base and row.collation != row.base_collation}
        for rows in relations.indexes.values():
            for row in rows:
                pairs = zip(row.columns, row.collations, strict=False)
                numbers |= {collation for column, collation in pairs if collation != own.get((row.relation, column))}
        if numbers - {0} <= relations.collations.keys():
            return relations
        query = queries.COLLATIONS.replace("{numbers}", ", ".join(map(str, numbers)))
        return replace(relations, collations=dict(self.rows(query)))
