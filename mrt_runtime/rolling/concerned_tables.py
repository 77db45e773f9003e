"""Which tables a migration is about, as far as its file shows before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mrt_runtime.compare.blame import find_names, has_word
from mrt_runtime.compare.schema import ColumnType, Schema, Table, qualified


def find_concerned(file: str, schema: Schema) -> set[str]:
    """Return the labels of the tables that a migration names, whose types or triggers it names, or that are parts of these."""
    named = find_names(file) or frozenset()
    text = Path(file).read_text(encoding="utf-8", errors="replace")

    def is_named(name: str) -> bool:
        return name in named or has_word(text, name)

    types = {one.label for one in schema.types if is_named(one.name)}
    triggered = {one.table for one in schema.objects if one.table and is_named(one.name.partition("(")[0])}
    found = {
        table.label
        for table in schema.tables
        if is_named(table.name) or table.label in triggered or not types.isdisjoint(list_types(table))
    }
    while True:
        parts = {
            table.label
            for table in schema.tables
            if table.label not in found and not found.isdisjoint(table.parents) and table.bounds is not None
        }
        roots = {parent for table in schema.tables if table.label in found and table.bounds for parent in table.parents} - found
        if not parts | roots:
            return found
        found |= parts | roots


def list_types(table: Table) -> Iterator[str]:
    """Yield the labels of the types that the project made and the table's columns have, those of arrays' elements among them."""
    for column in table.columns:
        kind: ColumnType | None = column.type
        while kind is not None:
            yield qualified(kind.base, kind.schema)
            kind = kind.element
