"""Keys that a migration ahead adds to a table that is there: what the application has kept by itself, before the database did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mrt_runtime.compare.schema import ForeignKey, Index, IndexElement, Schema, Table, qualified


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAhead:
    """Columns of a table that become unique or, where `referred` names a table, a foreign key.

    `words` are those of the migration's file where it adds the column with its key: what it fills that with is often a column of
    the same name, in another of the tables that it names.
    """

    label: str
    columns: tuple[str, ...]
    referred: str | None = None
    referred_columns: tuple[str, ...] = ()
    nulls_equal: bool = False
    words: frozenset[str] = frozenset()


def bind_ahead(schema: Schema, keys: Iterable[KeyAhead], later: Mapping[str, tuple[str, ...]]) -> Schema:
    """Return the catalogue with the keys that come later, as the rows of tables that are there should satisfy them already.

    Such a foreign key is not enforced: where nothing is there to point at, rows point at nothing. One that would close a
    cycle is left out, and so is a key over columns that come later. later: the names that tables get, by those that they have.
    """
    tables = {table.label: table for table in schema.tables}
    names = {new: label for label in tables for new in later.get(label, ())}
    bound = dict(tables)
    for key in (one for spread in keys for one in _spread(spread, tables.values())):
        table = bound.get(names.get(key.label, key.label))
        if table is None or any(table.column(name) is None for name in key.columns):
            continue
        if key.referred is None:
            bound[table.label] = _with_unique(table, key)
            continue
        parent = bound.get(names.get(key.referred, key.referred))
        if parent is not None and not _leads_to(parent, table, bound):
            bound[table.label] = _with_reference(table, parent, key)
    return replace(schema, tables=tuple(bound.values())) if bound != tables else schema


def _spread(key: KeyAhead, tables: Iterable[Table]) -> Iterator[KeyAhead]:
    """Yield the key for each of the tables that it concerns."""
    yield key
    for table in tables if key.words else ():
        if table.name in key.words and table.label not in {key.label, key.referred}:
            yield replace(key, label=table.label)


def is_ahead(key: ForeignKey) -> bool:
    """Whether a foreign key is one that comes later."""
    return key.name is None and not key.enforced


def _with_unique(table: Table, key: KeyAhead) -> Table:
    # As an index: a key would be what rows are found again by.
    elements = tuple(IndexElement(column=name) for name in key.columns)
    index = Index(name="", elements=elements, unique=True, nulls_not_distinct=key.nulls_equal)
    return table if index in table.indexes else replace(table, indexes=(*table.indexes, index))


def _with_reference(table: Table, parent: Table, key: KeyAhead) -> Table:
    """Return the table with a foreign key, unless one of its columns is in another one already."""
    names = key.referred_columns or (parent.primary_key.columns if parent.primary_key else ())
    taken = {name for other in table.foreign_keys for name in other.columns}
    if not taken.isdisjoint(key.columns) or len(names) != len(key.columns) or any(parent.column(name) is None for name in names):
        return table
    ahead = ForeignKey(
        name=None,
        columns=key.columns,
        referred_table=parent.name,
        referred_columns=names,
        referred_schema=parent.schema,
        enforced=False,
    )
    return replace(table, foreign_keys=(*table.foreign_keys, ahead))


def _leads_to(begin: Table, end: Table, tables: Mapping[str, Table]) -> bool:
    """Whether foreign keys lead from a table to another one, over others."""
    waiting, seen = [begin.label], {begin.label}
    for label in waiting:
        table = tables.get(label)
        found = {qualified(key.referred_table, key.referred_schema) for key in table.foreign_keys} if table else set()
        waiting += found - seen
        seen |= found
    return end.label in seen and begin.label != end.label
