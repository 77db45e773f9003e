"""Values that only the upgraded schema allows: what the old one's types and constraints forbade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, Table, qualified
from mrt_runtime.seed.condition import read_condition
from mrt_runtime.seed.schema_change import SchemaChange
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.table_plan import TablePlan, sample
from mrt_runtime.seed.unique_key import uniques_of
from mrt_runtime.seed.value import Row, Value
from mrt_runtime.seed.value_kind import ColumnSlot, Texts

MOST_LABELS = 5
MOST_VALUES = 12


def newly_allowed(filler: TableFiller, old: Table, new: Table, change: SchemaChange) -> Iterator[Row]:
    """Yield values that a row of the new table should have, a few columns at a time."""
    plan = filler.planner.plan_table(new, start=0, count=10)
    for name in insertable(new):
        column, before = new.column(name), old.column(name)
        if column is not None and before is not None:
            yield from _column(filler, column, before, change)
    yield from _duplicates(filler, old, new)
    yield from _unchecked(filler, old, new, plan)
    yield from _orphans(old, new, plan)


def _column(filler: TableFiller, column: CatalogueColumn, before: CatalogueColumn, change: SchemaChange) -> Iterator[Row]:
    known = change.old_type(name_type(before.type))
    old_labels = known.labels if known is not None else before.type.labels
    if old_labels:
        for label in [label for label in column.type.labels if label not in old_labels][:MOST_LABELS]:
            yield {column.name: label}
        if not column.type.labels and change.old_type(name_type(column.type)) is None:
            yield from _unlisted(filler, column, old_labels)
    if column.nullable and not before.nullable:
        yield {column.name: None}


def name_type(kind: ColumnType) -> str:
    """Return the label that a user's type has in the catalogue."""
    return qualified(kind.base, kind.schema)


def _unlisted(filler: TableFiller, column: CatalogueColumn, labels: Sequence[str]) -> Iterator[Row]:
    """Write what an enum did not list into the text that it became, though the way back converts the text to that enum."""
    kind = filler.writer.dialect.kind_of(column, filler.schema)
    if isinstance(kind, Texts):
        pool = kind.pool(ColumnSlot(name=column.name, place=column.position))
        yield from [{column.name: value} for value in pool.typical if value not in labels][:1]


def _duplicates(filler: TableFiller, old: Table, new: Table) -> Iterator[Row]:
    """Repeat what was unique and is no longer."""
    remaining = {unique.columns for unique in uniques_of(new)}
    names = set(insertable(new))
    for unique in uniques_of(old):
        if unique.columns not in remaining and set(unique.columns) <= names:
            rows = filler.writer.read(new, unique.columns)
            yield from [row for row in rows if None not in row.values()][:1]


def _unchecked(filler: TableFiller, old: Table, new: Table, plan: TablePlan) -> Iterator[Row]:
    """Break the checks that are gone."""
    remaining = {check.expression for check in new.checks}
    for check in old.checks:
        if check.expression in remaining:
            continue
        condition = read_condition(check.expression, insertable(new), filler.writer.dialect.grammar)
        columns = [column for name in condition.columns if (column := new.column(name)) is not None]
        pools = plan.pools
        choices = [(column, sample(pools[column.name], MOST_VALUES)) for column in columns if column.name in pools]
        if not choices or len(choices) != len(columns):
            continue
        yield from filler.writer.find_values(f"(NOT ({condition.expression})) IS TRUE", choices)[:1]


def _orphans(old: Table, new: Table, plan: TablePlan) -> Iterator[Row]:
    """Point at nothing where a foreign key is gone."""
    bound = {name for key in new.foreign_keys for name in key.columns}
    remaining = {(key.columns, key.referred_table) for key in new.foreign_keys}
    for key in old.foreign_keys:
        if (key.columns, key.referred_table) not in remaining and bound.isdisjoint(key.columns):
            row: dict[str, Value] = {name: plan.pools[name].typical[-1] for name in key.columns if plan.pools.get(name)}
            if len(row) == len(key.columns):
                yield row
