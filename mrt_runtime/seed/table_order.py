"""In which order tables are filled: parents before children, and what is on a cycle together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mrt_runtime.compare.schema import Schema, Table, qualified
from mrt_runtime.seed.partition import lineage

VERSION_TABLE = "alembic_version"


def parents_of(table: Table) -> frozenset[str]:
    """Return the labels of the other tables that this one's foreign keys point at."""
    labels = {qualified(key.referred_table, key.referred_schema) for key in table.foreign_keys}
    return frozenset(labels - {table.label})


def refers_to(table: Table, column: str, labels: Collection[str]) -> bool:
    """Whether a column of a table refers to one of these."""
    return any(column in key.columns and qualified(key.referred_table, key.referred_schema) in labels for key in table.foreign_keys)


def with_referring(labels: Collection[str], tables: Iterable[Table]) -> set[str]:
    """Return the labels of tables with those of all that point at one of them, or are a part of one, however many in between."""
    holders: dict[str, list[str]] = {}
    for table in tables:
        for label in (*parents_of(table), *table.parents):
            holders.setdefault(label, []).append(table.label)
    found, pending = set(labels), list(labels)
    while pending:
        new = set(holders.get(pending.pop(), ())) - found
        found |= new
        pending += new
    return found


def order_tables(tables: Iterable[Table], known: Mapping[str, Table] | None = None) -> Iterator[tuple[Table, ...]]:
    """Yield tables in groups, parents first; a group of several is a cycle of foreign keys.

    known: all tables by their labels, where there are partitions: a table that refers to the whole comes after its partitions.
    """
    by_label = {table.label: table for table in tables}
    holders: dict[str, list[str]] = {}
    for table in by_label.values():
        for label in lineage(table, known or by_label):
            holders.setdefault(label, []).append(table.label)
    ahead = {
        label: sorted({holder for parent in parents_of(table) for holder in holders.get(parent, ())} - {label})
        for label, table in by_label.items()
    }
    for group in components(ahead):
        members = frozenset(group)
        # Within a cycle, the tables with the fewest keys that cannot be left NULL begin.
        yield tuple(by_label[label] for label in sorted(group, key=lambda one: (_required(by_label[one], members), one)))


def components(ahead: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Yield the strongly connected components of a graph, those that are pointed at first.

    Tarjan's algorithm, without recursion because chains of tables can be long.
    """
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    work: list[tuple[str, Iterator[str]]] = []

    def enter(label: str) -> None:
        index[label] = lowest[label] = len(index)
        stack.append(label)
        work.append((label, iter(ahead[label])))

    for root in ahead:
        if root not in index:
            enter(root)
        while work:
            label, following = work[-1]
            neighbour = next(following, None)
            if neighbour is None:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[label])
                if lowest[label] == index[label]:
                    place = stack.index(label)
                    yield stack[place:]
                    del stack[place:]
            elif neighbour not in index:
                enter(neighbour)
            elif neighbour in stack:
                lowest[label] = min(lowest[label], index[neighbour])


def _required(table: Table, members: frozenset[str]) -> int:
    count = 0
    for key in table.foreign_keys:
        columns = [table.column(name) for name in key.columns]
        if qualified(key.referred_table, key.referred_schema) in members and all(c is None or not c.nullable for c in columns):
            count += 1
    return count


def seedable_tables(schema: Schema) -> list[Table]:
    """Return the tables that rows are put into: not Alembic's own; a partitioned one gets its rows through its partitions."""
    heirs = [table for table in schema.tables if table.parents]
    inherited = {parent for table in heirs for parent in table.parents}
    divided = {parent for table in heirs if table.bounds for parent in table.parents}
    return [
        table
        for table in schema.tables
        if table.name != VERSION_TABLE
        and table.kind != "foreign table"
        and not ((table.kind == "partitioned" or table.label in divided) and table.label in inherited)
    ]
