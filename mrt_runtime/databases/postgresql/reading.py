"""The rows of PostgreSQL's catalogue, read as a whole or only where something may have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from mrt_runtime.compare.schema import qualified
from mrt_runtime.databases.batch import fetch_all
from mrt_runtime.databases.postgresql import queries
from mrt_runtime.databases.postgresql.catalogue_changes import KnownRelations
from mrt_runtime.databases.postgresql.details import write_query, write_relation_query
from mrt_runtime.databases.postgresql.prepared import PreparedQueries, PreparedQuery
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
ONCE = ("MEMBERS", "NAMESPACES", "ENUM_LABELS", "RANGES", "OPERATOR_CLASSES", "OBJECTS")
REPEATED = ("SEQUENCES", "DESCRIPTIONS", "PARENTS")
AMONG = ("RELATIONS", "ATTRIBUTES", "CONSTRAINTS", "INDEXES")
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

    def _read_repeated(self, stale: Collection[int]) -> dict[str, list[Any]]:
        """Run what every reading runs, by the names of the queries; of what is about relations, for these only."""
        wanted = [PreparedQuery(name.lower(), queries.text_of(getattr(queries, name), self.version)) for name in REPEATED]
        for name in AMONG:
            text = queries.text_of(getattr(queries, name), self.version, among=True)
            wanted.append(PreparedQuery.among(name.lower(), text, stale))
        wanted.append(PreparedQuery.among("details", write_relation_query(), stale))
        return dict(zip((*REPEATED, *AMONG, "DETAILS"), self.prepared.run(wanted), strict=True))

    def read(self) -> tuple[CatalogueRows, list[Any]]:
        """Read everything in one round trip, and the rows of all details."""
        texts = {name: getattr(queries, name) for name in (*ONCE, *REPEATED, *AMONG)} | {"TYPES": which_types(">=")}
        if self.version not in BUILT_IN:
            texts["BUILT_IN"] = which_types("<")
        asked = [*(queries.text_of(text, self.version) for text in texts.values()), write_query(self.version)]
        found = dict(zip((*texts, "DETAILS"), fetch_all(self.cursor, asked), strict=True))
        if "BUILT_IN" in found:
            BUILT_IN[self.version] = find_types(found["BUILT_IN"])
        members = frozenset(found["MEMBERS"])
        schemas = {
            oid: None if default else name for oid, name, default in found["NAMESPACES"] if ("pg_namespace", oid) not in members
        }
        labels = labels_by_type(found["ENUM_LABELS"])
        ranges = {oid: (subtype, multirange) for oid, subtype, multirange in found["RANGES"]}
        types = TypeCatalogue({**BUILT_IN[self.version], **find_types(found["TYPES"])}, labels, ranges, schemas)
        sequences = find_sequences(found["SEQUENCES"], schemas, members)
        constraints = list(map(ConstraintRow._make, found["CONSTRAINTS"]))
        relations = RelationCatalogue(
            types=types,
            schemas=schemas,
            operator_classes=dict(found["OPERATOR_CLASSES"]),
            rows=find_relations(found["RELATIONS"], schemas, members),
            attributes=grouped(map(AttributeRow._make, found["ATTRIBUTES"]), "relation"),
            constraints=grouped(constraints, "relation"),
            indexes=grouped(map(IndexRow._make, found["INDEXES"]), "relation"),
            **find_names(found["DESCRIPTIONS"], found["PARENTS"], sequences, schemas),
        )
        facts = CatalogueRows(
            members=members,
            relations=self._with_collations(relations),
            sequences=sequences,
            domain_checks=grouped((row for row in constraints if row.domain), "domain"),
            objects=tuple(map(ObjectRow._make, found["OBJECTS"])),
        )
        return facts, found["DETAILS"]

    def read_again(self, known: CatalogueRows, stale: Collection[int]) -> tuple[CatalogueRows, list[Any]] | None:
        """Read these relations, and what names or owns them, in one round trip; take all else from an earlier reading.

        Returned are the rows of their details, too. None where one of them is of a kind on which more depends than its own
        rows show.
        """
        old, found = known.relations, self._read_repeated(stale)
        rows = find_relations(found["RELATIONS"], old.schemas, known.members)
        if any(row.kind in SPECIAL for row in rows.values()):
            return None
        sequences = find_sequences(found["SEQUENCES"], old.schemas, known.members)

        def with_new(before: Mapping[int, Any], now: Mapping[int, Any]) -> dict[int, Any]:
            return {**{oid: value for oid, value in before.items() if oid not in stale}, **now}

        relations = replace(
            old,
            rows=with_new(old.rows, rows),
            attributes=with_new(old.attributes, grouped(map(AttributeRow._make, found["ATTRIBUTES"]), "relation")),
            constraints=with_new(old.constraints, grouped(map(ConstraintRow._make, found["CONSTRAINTS"]), "relation")),
            indexes=with_new(old.indexes, grouped(map(IndexRow._make, found["INDEXES"]), "relation")),
            **find_names(found["DESCRIPTIONS"], found["PARENTS"], sequences, old.schemas),
        )
        return replace(known, relations=self._with_collations(relations), sequences=sequences), found["DETAILS"]

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
        [found] = fetch_all(self.cursor, [queries.text_of(query, self.version)])
        return replace(relations, collations=dict(found))


def which_types(which: str) -> str:
    """Write the query for the types that every server has, or for the others."""
    return queries.TYPES.replace("{which}", which)


def find_types(rows: Iterable[Any]) -> dict[int, TypeRow]:
    """Return types by OID."""
    return {row[0]: TypeRow(*row) for row in rows}


def find_relations(rows: Iterable[Any], schemas: Collection[int], members: Members) -> dict[int, RelationRow]:
    """Return the project's own relations by OID."""
    made = map(RelationRow._make, rows)
    return {row.oid: row for row in made if row.namespace in schemas and ("pg_class", row.oid) not in members}


def find_sequences(rows: Iterable[Any], schemas: Collection[int], members: Members) -> tuple[SequenceRow, ...]:
    """Return the project's own sequences."""
    made = map(SequenceRow._make, rows)
    return tuple(row for row in made if row.namespace in schemas and ("pg_class", row.oid) not in members)


def find_names(
    descriptions: Iterable[Any], parents: Iterable[Any], sequences: Iterable[SequenceRow], schemas: Mapping[int, str | None]
) -> dict[str, Any]:
    """Return what says something about relations without being in their rows."""
    return {
        "comments": {(where, oid, part): text for where, oid, part, text in descriptions},
        "parents": grouped(parents, 0),
        "owned": {
            (row.table, row.column): qualified(row.name, schemas[row.namespace]) for row in sequences if row.table is not None
        },
    }
