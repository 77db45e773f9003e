"""What the replayed history knows of the objects that existed before a migration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import cast

from mrt_lint.analysis.downgrade.tracked_objects import Key
from mrt_lint.history import History
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedSchema, ReplayedTable
from mrt_lint.model.dialects import admits
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import CreateIndex, CreateObject
from mrt_lint.model.values import UNKNOWN, Column, Constraint, Unknown


class KnownSchema:
    """The schema at the revision's parents, by the keys of namespaces; every lookup returns None for what is not known.

    Types and defaults are those of the dialect for which the history was replayed; on another one they are not known.
    `is_fully_read` returns whether everything that ran before could be read, as far as it concerns some names,
    `may_be_made_in_parallel` whether a parallel branch, whose revisions may or may not have run, creates a table, column or index.
    """

    def __init__(
        self,
        schema: ReplayedSchema | None = None,
        *,
        with_types: bool = True,
        is_fully_read: Callable[..., bool] = lambda *_: False,
        may_be_made_in_parallel: Callable[..., bool] = lambda *_: False,
    ) -> None:
        self.schema = schema or ReplayedSchema()
        self.with_types = with_types
        self.is_fully_read = is_fully_read
        self.may_be_made_in_parallel = may_be_made_in_parallel

    @cached_property
    def _makes_whole_tables(self) -> bool:
        tables = (table for _, table in self.schema.tables_by_place.items())
        return all(table is None or (isinstance(table, ReplayedTable) and table.complete) for table in tables)

    def is_complete(self, *names: str) -> bool:
        """Return whether everything in the schema, or of these names, provably comes from migrations that were read in full."""
        return self._makes_whole_tables and self.is_fully_read(*names)

    def _is_unknown(self, name: str) -> bool:
        """Return whether no table or view of a name is known in any schema."""
        tables = (found for (_, known), found in self.schema.tables_by_place.items() if known == name)
        return not any(tables) and not any(self.views(name))

    def views(self, name: str) -> Iterator[object]:
        """Return what is known of the views of a name, in any schema."""
        yield from (found for (kind, _, known), found in self.schema.objects_by_place.items() if kind == "view" and known == name)

    def makes_all_but(self, key: QualifiedName) -> bool:
        """Return whether the migrations make tables, all of them whole, and none of that name, nor a view, in any schema."""
        is_foreign = key[1].startswith(("pg_", "alembic_", "sqlite_"))
        makes_any = any(table for _, table in self.schema.tables_by_place.items())
        return makes_any and self._makes_whole_tables and self._is_unknown(key[1]) and not is_foreign

    def is_absent(self, key: QualifiedName) -> bool:
        """Return whether there provably is no table, and no view, of that name in any schema."""
        is_dropped = self.schema.tables_by_place.get(key, UNKNOWN) is None
        return self._is_unknown(key[1]) and (is_dropped or self.is_complete(key[1]))

    def table(self, key: Key) -> ReplayedTable | None:
        """Return what is known of a table."""
        found = self.schema.tables_by_place.get(cast("QualifiedName", key), UNKNOWN)
        return found if isinstance(found, ReplayedTable) else None

    def column(self, table: Key, name: Key) -> Column | None:
        """Return a column's definition."""
        found = self.table(table)
        column = found.columns.get(str(name)) if found is not None else None
        if not isinstance(column, Column):
            return None
        return column if self.with_types else replace(column, type=UNKNOWN, server_default=UNKNOWN)

    def constraint(self, table: Key, name: Key) -> Constraint | None:
        """Return a constraint's definition."""
        found = self.table(table)
        constraint = found.constraint(str(name)) if found is not None else None
        return constraint if isinstance(constraint, Constraint) else None

    def lacks(self, table: Key, name: str, kind: str | None) -> bool:
        """Return whether a table provably has neither an index nor a constraint of that name.

        One without a name may have any, if it is of the kind: "index" (on MySQL a unique or foreign key is one as well), "plain
        index", a constraint's, None for a constraint of whatever kind.
        """
        found = self.table(table)
        if found is None or not found.complete or name in found.indexes or name in found.constraints:
            return False
        return not any(_may_be(entry, kind) for entry in (*found.unnamed, *(Constraint(kind=lost) for lost in found.lost)))

    def index(self, key: Key) -> CreateIndex | None:
        """Return an index's definition; the key is a schema, a table if the database names indexes by table, and a name."""
        place = cast("tuple[str | None, ...]", key)
        table = place[1] if len(place) > len(("schema", "name")) else None
        found = self.schema.index(str(place[-1]), table, place[0])
        return found if isinstance(found, CreateIndex) else None

    def object(self, key: Key) -> CreateObject | None:
        """Return the definition of a view, type, sequence or the like."""
        found = self.schema.objects_by_place.get(cast("QualifiedObject", key), UNKNOWN)
        return found if isinstance(found, CreateObject) else None


def _may_be(entry: Constraint | CreateIndex, kind: str | None) -> bool:
    """Return whether something without a name may be meant: on MySQL a unique constraint or a foreign key is an index as well."""
    if isinstance(entry, CreateIndex):
        return kind in {"index", "plain index", "unique"}
    if entry.name is UNKNOWN and kind not in {"index", "plain index"}:
        return True  # which may be the name in question: PostgreSQL does not ask of what kind it is
    return kind in {None, entry.kind} or (kind == "index" and entry.kind in {"unique", "foreignkey"})


def known_before(revision: str | Unknown | None, history: History | None, dialect: str) -> KnownSchema:
    """Return what a history knows of the schema at the parents of a revision."""
    if history is None or not isinstance(revision, str):
        return KnownSchema()
    return KnownSchema(
        history.before(revision),
        with_types=admits((history.dialect,), dialect),
        is_fully_read=cache(lambda *names: history.is_fully_read(revision, *names)),
        may_be_made_in_parallel=lambda *names: history.may_be_made_in_parallel(revision, *names),
    )
