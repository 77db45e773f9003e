"""Tables that are parts of others: partitions, and those that inherit. Much of what binds their rows is said elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mrt_runtime.compare.schema import Table


def lineage(table: Table, known: Mapping[str, Table]) -> tuple[str, ...]:
    """Return the labels under which a table's rows are found: its own and, of a partition, those of what was divided."""
    found = [table.label]
    while table.bounds and table.parents and table.parents[0] in known:
        table = known[table.parents[0]]
        found.append(table.label)
    return tuple(found)


def with_inherited(table: Table, known: Mapping[str, Table]) -> Table:
    """Return the table with the keys and checks that it has from others.

    A catalogue states them once, on the table where they were made. Checks are inherited, keys only partitions share.
    """
    if not table.parents:
        return table
    wholes = [known[label] for label in lineage(table, known)[1:]]
    return replace(
        table,
        checks=(*table.checks, *(check for parent in ancestors(table, known) for check in parent.checks if not check.no_inherit)),
        primary_key=next((one.primary_key for one in (table, *wholes) if one.primary_key is not None), None),
        uniques=(*table.uniques, *(key for whole in wholes for key in whole.uniques)),
        indexes=(*table.indexes, *(index for whole in wholes for index in whole.indexes if index.unique)),
        foreign_keys=(*table.foreign_keys, *(key for whole in wholes for key in whole.foreign_keys)),
    )


def ancestors(table: Table, known: Mapping[str, Table]) -> Iterator[Table]:
    """Yield what a table inherits from, each once."""
    found: dict[str, Table] = {}
    waiting = [table]
    for one in waiting:
        fresh = [label for label in one.parents if label in known and label not in found]
        found.update((label, known[label]) for label in fresh)
        waiting += [known[label] for label in fresh]
    return iter(found.values())
