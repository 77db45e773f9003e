"""What must differ from row to row: primary keys, UNIQUE constraints and unique indexes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mrt_runtime.compare.schema import Index, Key, Table
from mrt_runtime.seed.value import Value, comparable

NO_PART = re.compile(r"\s+(?:ASC|DESC|NULLS\s+(?:FIRST|LAST)|\w+_ops|COLLATE\s+[\w\".]+)\s*$", re.IGNORECASE)
"""What may follow on an expression in an index, and is none of its."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueKey:
    """Columns whose values together may not repeat; `prefixes` are the leading characters that count, None for all."""

    name: str | None
    columns: tuple[str, ...]
    prefixes: tuple[int | None, ...] = ()
    nulls_equal: bool = False

    def key(self, row: dict[str, Value]) -> tuple[object, ...] | None:
        """Return what may not repeat of this row; None where a NULL makes it differ from all others."""
        found = []
        for place, column in enumerate(self.columns):
            value = row.get(column)
            if value is None and not self.nulls_equal:
                return None
            prefix = self.prefixes[place] if self.prefixes else None
            found.append(comparable(value[:prefix] if prefix and isinstance(value, str | bytes) else value))
        return tuple(found)


def uniques_of(table: Table) -> Iterator[UniqueKey]:
    """Yield everything unique in a table. A partial index counts as a whole one; an expression, for its columns."""
    if table.primary_key is not None:
        yield _of_key(table.primary_key, table)
    for key in table.uniques:
        yield _of_key(key, table)
    for index in table.indexes:
        if index.unique and (columns := columns_of(index, table)):
            yield UniqueKey(
                name=index.name, columns=columns, prefixes=_prefixes(index, columns), nulls_equal=index.nulls_not_distinct
            )


def read_expression(written: str) -> str:
    """Return the expression of an element of an index, `(lower(name) DESC)`, without what says how it is stored."""
    expression = written.removeprefix("(").removesuffix(")")
    while (bare := NO_PART.sub("", expression)) != expression:
        expression = bare
    return expression


def _of_key(key: Key, table: Table) -> UniqueKey:
    return UniqueKey(name=key.name, columns=_bases(key.columns, table), nulls_equal=key.nulls_not_distinct)


def _bases(names: Iterable[str], table: Table) -> tuple[str, ...]:
    """Return the columns with those that a generated one is computed from in its place."""
    found: dict[str, None] = {}
    for name in names:
        column = table.column(name)
        found.update(dict.fromkeys(mentioned(column.generated, table) if column and column.generated else (name,)))
    return tuple(found)


def columns_of(index: Index, table: Table) -> tuple[str, ...]:
    """Return the columns that an index is over, those in its expressions among them."""
    found: dict[str, None] = {}
    for element in index.elements:
        if element.column is not None:
            found[element.column] = None
        else:
            found.update(dict.fromkeys(mentioned(element.expression or "", table)))
    return _bases(found, table)


def mentioned(sql: str, table: Table) -> tuple[str, ...]:
    """Return the table's columns whose names occur in a fragment of SQL."""
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    return tuple(column.name for column in table.columns if column.name.lower() in words)


def _prefixes(index: Index, columns: tuple[str, ...]) -> tuple[int | None, ...]:
    lengths = {element.column: element.prefix for element in index.elements if element.prefix}
    return tuple(lengths.get(column) for column in columns) if lengths else ()


def key_columns(table: Table) -> tuple[str, ...]:
    """Return the columns by which a row is found again: the primary key's, or a unique constraint's that is never NULL."""
    for key in (table.primary_key, *table.uniques):
        columns = [table.column(name) for name in key.columns] if key else []
        if key and all(c is not None and c.generated is None and (key is table.primary_key or not c.nullable) for c in columns):
            return key.columns
    return ()
