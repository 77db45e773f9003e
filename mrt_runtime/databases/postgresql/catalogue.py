"""PostgreSQL's catalogue as a value, put together from its rows; what provably did not change is taken over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TypeVar

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import CatalogueDetail, CatalogueObject, NamedType, Schema, Sequence, Table
from mrt_runtime.databases.postgresql.catalogue_changes import (
    CatalogueChanges,
    Present,
    ReadPoint,
    find_stale,
    read_changes,
)
from mrt_runtime.databases.postgresql.details import RELATED_TO_NONE, group_details
from mrt_runtime.databases.postgresql.prepared import PreparedQueries
from mrt_runtime.databases.postgresql.reading import CatalogueReader, CatalogueRows
from mrt_runtime.databases.postgresql.records import SequenceRow
from mrt_runtime.databases.postgresql.relations import KINDS, RelationCatalogue

Entry = TypeVar("Entry", Table, NamedType, Sequence)
PLACELESS = frozenset({"schema", "extension"})  # the objects whose definitions name no relation


@dataclass(frozen=True, slots=True)
class PostgreSQLBasis:
    """What a catalogue was put together from: where and when it was read, the rows, the details, and each table by its OID."""

    start: ReadPoint
    present: Present
    ignored: frozenset[str]
    facts: CatalogueRows
    details: Mapping[int, tuple[CatalogueDetail, ...]]
    tables: Mapping[int, Table]


def read_catalogue(connection: Connection, ignored: Collection[str] = (), previous: Schema | None = None) -> Schema:
    """Read the whole catalogue of all schemas but the system's; what an extension made is part of the extension.

    ignored: labels of tables that are no part of it (Alembic's version table, our own mark).
    """
    cursor = connection.connection.cursor()
    ignored = frozenset(ignored)
    past = previous.basis if previous is not None and isinstance(previous.basis, PostgreSQLBasis) else None
    prepared = PreparedQueries(cursor, connection.info)
    changes = read_changes(prepared, past.start if past is not None else None)
    reader = CatalogueReader(cursor, changes.start.version, prepared)
    basis = _read_again(reader, past, changes) if past is not None and past.ignored == ignored else None
    if previous is not None and basis is not None:
        schema = previous if basis is past else _schema(basis, previous, types=previous.types, objects=previous.objects)
    else:
        facts, found = reader.read()
        schema = _schema(PostgreSQLBasis(changes.start, changes.present, ignored, facts, group_details(found), {}), previous)
    return previous if previous == schema else schema


def _read_again(reader: CatalogueReader, past: PostgreSQLBasis, changes: CatalogueChanges) -> PostgreSQLBasis | None:
    """Read what may have changed since; None where everything must be read, `past` itself where nothing has changed."""
    stale = find_stale(past.start, past.present, changes, past.facts.known())
    if stale is None:
        return None
    if not stale and changes.present == past.present and not changes.young["pg_sequence"]:
        return past
    again = reader.read_again(past.facts, stale)
    if again is None:
        return None
    facts, found = again
    changed = _changed(past, facts, stale)
    if changed is None:
        return None
    present = {RELATED_TO_NONE, *changes.present["pg_class"]} - stale
    details = {oid: known for oid, known in past.details.items() if oid in present} | group_details(found)
    tables = {oid: table for oid, table in past.tables.items() if oid not in changed}
    return PostgreSQLBasis(changes.start, changes.present, past.ignored, facts, details, tables)


def _changed(past: PostgreSQLBasis, facts: CatalogueRows, stale: Collection[int]) -> set[int] | None:
    """Find the tables to put together again; None where other objects may render a name that is not the same any more."""
    old, new = past.facts.relations, facts.relations
    renamed = {
        oid
        for oid in stale
        if oid in old.rows and oid in new.rows and (old.label(oid) != new.label(oid) or _is_renamed(old.names[oid], new.names[oid]))
    }
    if renamed and any(one.kind not in PLACELESS for one in past.facts.objects):
        return None
    # the text of a view is rendered with the names of the moment
    if renamed and any(row.view is not None for row in old.rows.values()):
        return None
    changed = set(stale)
    changed |= {oid for oid, rows in new.constraints.items() if any(row.referred in renamed for row in rows)}
    changed |= {oid for oid, rows in new.parents.items() if rows != old.parents.get(oid) or any(row[1] in renamed for row in rows)}
    return changed | {table for table, _ in dict(set(old.owned.items()) ^ set(new.owned.items()))}


def _is_renamed(old: Mapping[int, str], new: Mapping[int, str]) -> bool:
    return any(new.get(number, name) != name for number, name in old.items())


def _schema(
    basis: PostgreSQLBasis,
    previous: Schema | None,
    types: tuple[NamedType, ...] | None = None,
    objects: tuple[CatalogueObject, ...] | None = None,
) -> Schema:
    """Put a catalogue together; tables that are equal to former ones are the former ones."""
    facts, relations = basis.facts, basis.facts.relations
    former = {table.label: table for table in previous.tables} if previous is not None else {}
    tables: dict[int, Table] = {}
    for oid, row in relations.rows.items():
        if row.kind in KINDS:
            table = basis.tables.get(oid) or relations.table(oid)
            tables[oid] = former[table.label] if former.get(table.label) == table else table
    left_out = {oid for oid, table in tables.items() if table.label in basis.ignored}
    return Schema(
        dialect="postgresql",
        tables=_sorted(table for oid, table in tables.items() if oid not in left_out),
        types=_sorted(_named_types(facts)) if types is None else types,
        sequences=_sorted(_sequence(row, relations) for row in facts.sequences if row.table not in left_out),
        objects=tuple(sorted(_objects(facts), key=_order)) if objects is None else objects,
        details=tuple(
            sorted((one for found in basis.details.values() for one in found), key=attrgetter("subject", "property", "value"))
        ),
        basis=replace(basis, tables=tables),
    )


def _sorted(items: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(items, key=lambda item: (item.schema or "", item.name)))


def _order(one: CatalogueObject) -> tuple[str, str, str]:
    return one.kind, one.label, one.table or ""


def _named_types(facts: CatalogueRows) -> Iterator[NamedType]:
    """Yield the types that the user made, with domains' checks and composite types' fields."""
    relations = facts.relations
    types = relations.types
    checks = {oid: tuple(map(relations.check, rows)) for oid, rows in facts.domain_checks.items()}
    fields = {
        oid: tuple((row.name, types.column_type(row.type, row.modifier, row.text)) for row in relations.attributes[oid])
        for oid, relation in relations.rows.items()
        if relation.kind == "c" and oid in relations.attributes
    }
    for row in types.rows.values():
        if row.namespace in relations.schemas and ("pg_type", row.oid) not in facts.members:
            collation = relations.collations.get(row.collation) if row.base and row.collation != row.base_collation else None
            comment = relations.comments.get(("pg_type", row.oid, 0)) or relations.comments.get(("pg_class", row.relation, 0))
            named = types.named(row, checks.get(row.oid, ()), fields.get(row.relation, ()), collation, comment)
            if named is not None:
                yield named


def _sequence(row: SequenceRow, relations: RelationCatalogue) -> Sequence:
    columns = relations.column_names(row.table, [row.column]) if row.table and row.column else ()
    return Sequence(
        name=row.name,
        schema=relations.schemas[row.namespace],
        type=row.type,
        start=row.start,
        increment=row.increment,
        minimum=row.minimum,
        maximum=row.maximum,
        cache=row.cache,
        cycle=row.cycle,
        owner=(relations.label(row.table), columns[0]) if row.table and columns else None,
        comment=relations.comments.get(("pg_class", row.oid, 0)),
    )


def _objects(facts: CatalogueRows) -> Iterator[CatalogueObject]:
    """Yield views and everything else that is wholly described by its definition."""
    relations = facts.relations
    for relation in relations.rows.values():
        if relation.view is not None:
            yield CatalogueObject(
                kind="view" if relation.kind == "v" else "materialized view",
                name=relation.name,
                schema=relations.schemas[relation.namespace],
                definition="\n".join((*(relation.options or ()), relation.view)),
                comment=relations.comments.get(("pg_class", relation.oid, 0)),
            )
    for row in facts.objects:
        ours = (row.namespace is None or row.namespace in relations.schemas) and (row.catalogue, row.oid) not in facts.members
        if ours and (row.table is None or row.table in relations.rows):
            yield CatalogueObject(
                kind=row.kind,
                name=row.name,
                schema=relations.schemas[row.namespace] if row.namespace else None,
                table=relations.label(row.table) if row.table else None,
                definition=row.definition or "",
                comment=relations.comments.get((row.catalogue, row.oid, 0)),
            )
