"""A database's schema when some revisions and all that they need have run, with what is not known of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field

from mrt_lint.history import History
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedSchema, ReplayedTable, place
from mrt_lint.history.uncertainty import UnknownCause, UnknownCauses
from mrt_lint.model.lean import dataclass
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import CreateObject
from mrt_lint.model.values import Unknown
from mrt_lint.usage import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaAtRevision:
    """The schema at some revisions: `wanted` is what the user typed, `revisions` are the last that ran, `run` is all that ran."""

    wanted: str
    revisions: tuple[str, ...]
    dialect: str
    run: tuple[Migration, ...]
    schema: ReplayedSchema
    doubts: UnknownCauses = field(compare=False)

    def tables(self) -> Iterator[tuple[QualifiedName, ReplayedTable | Unknown]]:
        """Return every table that is or may be there, by place."""
        found = ((where, table) for where, table in self.schema.tables_by_place.items() if table is not None)
        yield from sorted(found, key=lambda entry: (entry[0][0] or "", entry[0][1]))

    def objects(self) -> Iterator[tuple[QualifiedObject, CreateObject | Unknown]]:
        """Return every view, type, sequence and the like that is or may be there, by place; what ends with a session is not."""
        found = (
            (where, made) for where, made in self.schema.objects_by_place.items() if made is not None and where[1] != "pg_temp"
        )
        yield from sorted(found, key=lambda entry: (entry[0][0], entry[0][1] or "", entry[0][2]))

    def mentioned(self) -> dict[QualifiedName, list[str]]:
        """Return the tables that no migration here mentions, but foreign keys do, each with the tables that refer to it."""
        known = dict(self.schema.tables_by_place.items())
        found: defaultdict[QualifiedName, list[str]] = defaultdict(list)
        for table in self.schema.tables():
            for key in table.known_constraints("foreignkey"):
                target = place(key.referred_schema, key.referred_table) if isinstance(key.referred_table, str) else None
                if target is not None and target not in known:
                    found[target].append(table.name)
        return {
            target: tables for target, tables in sorted(found.items(), key=lambda entry: (entry[0][0] or "", entry[0][1])) if tables
        }


def schema_at(history: History, wanted: str, revisions: tuple[str, ...], broken: Mapping[str, str]) -> SchemaAtRevision:
    """Return the schema after some revisions and all that they need; `broken` maps paths to why a file could not be read.

    Raises UsageError if there is no order in which they could.
    """
    graph = history.graph
    line = {*revisions, *(before for revision in revisions for before in graph.ancestors(revision))}
    knotted = next((revision for revision in revisions if revision not in graph.ranks), None)
    if knotted is not None:
        raise UsageError(f"{knotted} is on a cycle of revisions, or after one: there is no order in which they could run.")
    run = tuple(history.migrations[revision] for revision in graph.order if revision in line)
    doubts = UnknownCauses(run, history.dialect)
    for migration in run:
        if migration.path in broken:
            why = f"the file could not be read: {broken[migration.path]}"
            doubts.of_all.append(
                UnknownCause(path=migration.path, line=1, revision=str(migration.revision), what="all of it", why=why)
            )
        for absent in (parent for known, parent in graph.missing if known is migration):
            why = f"it follows {absent}, which is in no file"
            doubts.of_all.append(
                UnknownCause(path=migration.path, line=migration.place.line, revision=str(migration.revision), what=absent, why=why)
            )
    return SchemaAtRevision(
        wanted=wanted, revisions=revisions, dialect=history.dialect, run=run, schema=history.merged(revisions), doubts=doubts
    )
