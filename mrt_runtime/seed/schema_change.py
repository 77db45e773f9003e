"""What changed between two catalogues, as far as rows are concerned."""

from __future__ import annotations

from mrt_runtime.compare.schema import CatalogueColumn, NamedType, Schema, Table, qualified
from mrt_runtime.seed.constraint_ahead import is_ahead
from mrt_runtime.seed.table_filler import insertable


class SchemaChange:
    """The change from one catalogue, None for nothing at all, to another."""

    def __init__(self, before: Schema | None, after: Schema) -> None:
        self._tables: dict[str, Table] = {table.label: table for table in before.tables} if before else {}
        self._types: dict[str, NamedType] = {kind.label: kind for kind in before.types} if before else {}
        self._changed_types = frozenset(
            kind.label for kind in after.types if kind.label in self._types and self._types[kind.label] != kind
        )

    def old(self, table: Table) -> Table | None:
        """Return the table as it was, None where it is new."""
        return self._tables.get(table.label)

    def old_type(self, label: str) -> NamedType | None:
        """Return the user's type as it was, None where it is new."""
        return self._types.get(label)

    def concerns(self, table: Table) -> bool:
        """Whether the table, or the type of one of its columns, is new or changed."""
        old = self.old(table)
        if old is None or (old is not table and old != table):
            return True
        return bool(self._changed_types) and any(map(self.has_new_type, table.columns))

    def has_new_type(self, column: CatalogueColumn) -> bool:
        """Whether the column is of a user's type that changed."""
        return qualified(column.type.base, column.type.schema) in self._changed_types

    def fresh_columns(self, old: Table, new: Table) -> list[str]:
        """Return the columns in which the old table's rows need new values.

        These are added ones, those that may now hold others, and those of a foreign key ahead whose other table is new.
        """
        fresh: list[str] = []
        known = {key.columns for key in old.foreign_keys}
        pointing = {name for key in new.foreign_keys if is_ahead(key) and key.columns not in known for name in key.columns}
        for name in insertable(new):
            column, before = new.column(name), old.column(name)
            if column is None:
                continue
            if name in pointing or before is None or differs(before, column) or self.has_new_type(column):
                fresh.append(name)
        return fresh


def differs(before: CatalogueColumn, after: CatalogueColumn) -> bool:
    """Whether a column may hold other values than before."""
    widened = after.nullable and not before.nullable
    return widened or (before.type, before.generated) != (after.type, after.generated)
