"""What the replayed history knows of the objects that existed before a migration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from mrt_lint.analysis.downgrade.tracked_objects import Key, TrackedObject
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable as Original
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedSchema, ReplayedTable
from mrt_lint.model.ops import CreateIndex, CreateObject
from mrt_lint.model.values import UNKNOWN, Column, Constraint


class KnownSchema:
    """The schema at the revision's parents, by the keys of namespaces; every lookup returns None for what is not known.

    Types and defaults are those of the dialect for which the history was replayed; on another one they are not known.
    `is_fully_read` returns whether everything that ran before could be read, `may_be_made_in_parallel` whether a parallel branch,
    whose revisions may or may not have run, creates a table, column or index.
    """

    def __init__(
        self,
        schema: ReplayedSchema | None = None,
        *,
        with_types: bool = True,
        is_fully_read: Callable[[], bool] = lambda: False,
        may_be_made_in_parallel: Callable[..., bool] = lambda *_: False,
    ) -> None:
        self.schema = schema or ReplayedSchema()
        self.with_types = with_types
        self.is_fully_read = is_fully_read
        self.may_be_made_in_parallel = may_be_made_in_parallel

    def is_complete(self) -> bool:
        """Return whether everything in the schema provably comes from migrations that were read in full."""
        tables = (table for _, table in self.schema.tables_by_place.items())
        return (
            all(table is None or (isinstance(table, ReplayedTable) and table.complete) for table in tables) and self.is_fully_read()
        )

    def is_absent(self, key: QualifiedName) -> bool:
        """Return whether there provably is no table, and no view, of that name in any schema."""
        named = [table for (_, name), table in self.schema.tables_by_place.items() if name == key[1]]
        views = [found for (kind, _, name), found in self.schema.objects_by_place.items() if kind == "view" and name == key[1]]
        return not any(named) and not any(views) and (self.schema.tables_by_place.get(key, UNKNOWN) is None or self.is_complete())

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

    def lacks(self, table: Key, name: str) -> bool:
        """Return whether a table provably has neither an index nor a constraint of that name; one without a name may have any."""
        found = self.table(table)
        return (
            found is not None
            and found.complete
            and not found.unnamed
            and name not in found.indexes
            and name not in found.constraints
        )

    def is_missing(self, tracked: TrackedObject, name: Key) -> bool:
        """Return whether a column that an operation needs provably does not exist, on no parallel branch either."""
        if not isinstance(tracked.table, Original):
            return False
        origin = tracked.table.origin
        found = self.table(origin)
        if found is None or not found.complete or str(name) in found.columns:
            return False
        return not self.may_be_made_in_parallel("column", str(origin[1]), str(name))

    def index(self, key: Key) -> CreateIndex | None:
        """Return an index's definition."""
        place = cast("QualifiedName", key)
        found = self.schema.index(place[1], schema=place[0])
        return found if isinstance(found, CreateIndex) else None

    def object(self, key: Key) -> CreateObject | None:
        """Return the definition of a view, type, sequence or the like."""
        found = self.schema.objects_by_place.get(cast("QualifiedObject", key), UNKNOWN)
        return found if isinstance(found, CreateObject) else None
