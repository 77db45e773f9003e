"""Keys and checks that a migration ahead adds to a table that is there: the application has kept them before the database did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mrt_runtime.compare.schema import CatalogueColumn, Check, ForeignKey, Index, IndexElement, Schema, Table, qualified
from mrt_runtime.seed.unique_key import mentioned, read_expression


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAhead:
    """Columns of a table, or expressions in parentheses, that become unique or, where `referred` names a table, a foreign key.

    `where` is the condition on the rows that the key is for.

    `words` are those of the migration's file where it adds the column with its key: what it fills that with is often a column of
    the same name, in another of the tables that it names. `is_join` is whether no key is added: a migration joins tables so.
    `becomes` are the names that the columns get before the key is made, nothing where they have these.
    """

    label: str
    columns: tuple[str, ...]
    referred: str | None = None
    referred_columns: tuple[str, ...] = ()
    nulls_equal: bool = False
    where: str | None = None
    words: frozenset[str] = frozenset()
    is_join: bool = False
    becomes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAhead:
    """A condition that the rows of a table are going to meet."""

    label: str
    expression: str


def bind_ahead(schema: Schema, ahead: Iterable[KeyAhead | CheckAhead]) -> Schema:
    """Return the catalogue with what comes later, as the rows of tables that are there should satisfy it already.

    The database enforces none of it yet. Where nothing is there for a foreign key to point at, rows point at nothing. One that
    would close a cycle is left out, and so is a key over columns that come later. Tables go by the names that they have now.
    """
    tables = {table.label: table for table in schema.tables}
    bound = dict(tables)
    for one in (one for spread in ahead for one in _spread(spread, tables.values())):
        table = bound.get(one.label)
        if table is None:
            continue
        if isinstance(one, CheckAhead):
            bound[table.label] = _with_check(table, one)
        elif all(_is_there(name, table) for name in one.columns) and not any(map(table.column, one.becomes)):
            parent = bound.get(one.referred) if one.referred is not None else None
            if one.referred is None:
                bound[table.label] = _with_unique(table, one)
            elif one.is_join:
                bound |= _with_join(table, parent, one, bound) if parent is not None else {}
            elif parent is not None and not _leads_to(parent, table, bound):
                bound[table.label] = _with_reference(table, parent, one)
    return replace(schema, tables=tuple(bound.values())) if bound != tables else schema


def is_ahead(constraint: ForeignKey | Check) -> bool:
    """Whether a foreign key or a check is one that comes later."""
    return constraint.name is None and not constraint.enforced


def _is_there(name: str, table: Table) -> bool:
    """Whether a table has a column, or some that an expression may be over."""
    return table.column(name) is not None or (name.startswith("(") and bool(mentioned(name, table)))


def _spread(one: KeyAhead | CheckAhead, tables: Iterable[Table]) -> Iterator[KeyAhead | CheckAhead]:
    """Yield a key for each of the tables that it concerns."""
    yield one
    if isinstance(one, KeyAhead) and one.words:
        found = (table for table in tables if table.name in one.words and table.label not in {one.label, one.referred})
        yield from (replace(one, label=table.label) for table in found)


def _with_check(table: Table, ahead: CheckAhead) -> Table:
    check = Check(name=None, expression=ahead.expression, named=False, enforced=False)
    return table if check in table.checks else replace(table, checks=(*table.checks, check))


def _with_unique(table: Table, key: KeyAhead) -> Table:
    # As an index: a key would be what rows are found again by.
    elements = tuple(map(_read_element, key.columns))
    index = Index(name="", elements=elements, unique=True, predicate=key.where, nulls_not_distinct=key.nulls_equal)
    return table if index in table.indexes else replace(table, indexes=(*table.indexes, index))


def _read_element(name: str) -> IndexElement:
    if not name.startswith("("):
        return IndexElement(column=name)
    expression = read_expression(name)
    return IndexElement(column=expression) if expression.isidentifier() else IndexElement(expression=expression)


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


def _with_join(table: Table, other: Table, join: KeyAhead, tables: Mapping[str, Table]) -> Iterator[tuple[str, Table]]:
    """Yield the table that points at the other by the columns that are joined, or the other one where it cannot be this."""
    [here], [there] = join.columns, join.referred_columns
    for one, name, to, to_name in ((table, here, other, there), (other, there, table, here)):
        column, referred = one.column(name), to.column(to_name)
        if column is None or referred is None or kind_of(column) != kind_of(referred):
            return
        is_key = one.primary_key is not None and name in one.primary_key.columns
        if not is_key and not _leads_to(to, one, tables):
            bound = _with_reference(one, to, replace(join, columns=(name,), referred_columns=(to_name,)))
            if bound is not one:
                yield bound.label, bound
            return


def kind_of(column: CatalogueColumn) -> str:
    """Return the type of a column as far as its values compare: texts do, whatever their lengths."""
    base = column.type.base.lower()
    return "text" if "char" in base or "text" in base else "int" if "int" in base else base


def _leads_to(begin: Table, end: Table, tables: Mapping[str, Table]) -> bool:
    """Whether foreign keys lead from a table to another one, over others."""
    waiting, seen = [begin.label], {begin.label}
    for label in waiting:
        table = tables.get(label)
        found = {qualified(key.referred_table, key.referred_schema) for key in table.foreign_keys} if table else set()
        waiting += found - seen
        seen |= found
    return end.label in seen and begin.label != end.label
