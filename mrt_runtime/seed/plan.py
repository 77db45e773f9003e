"""In which order tables are filled: parents before children, and what lies on a cycle together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mrt_runtime.schema import Table, qualified


def parents_of(table: Table) -> frozenset[str]:
    """Give the labels of the other tables that this one's foreign keys point at."""
    labels = {qualified(key.referred_table, key.referred_schema) for key in table.foreign_keys}
    return frozenset(labels - {table.label})


def order_tables(tables: Iterable[Table]) -> Iterator[tuple[Table, ...]]:
    """Give the tables in groups, parents first; a group of several is a cycle of foreign keys.

    Tarjan's algorithm for strongly connected components, without recursion, because chains of tables can be long.
    """
    by_label = {table.label: table for table in tables}
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    standing: set[str] = set()
    for root in by_label:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = []
        _enter(root, by_label, index, lowest, stack, standing, work)
        while work:
            label, ahead = work[-1]
            parent = next(ahead, None)
            if parent is not None:
                if parent not in index:
                    _enter(parent, by_label, index, lowest, stack, standing, work)
                elif parent in standing:
                    lowest[label] = min(lowest[label], index[parent])
                continue
            work.pop()
            if work:
                lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[label])
            if lowest[label] == index[label]:
                yield _cut(label, by_label, stack, standing)


def _enter(
    label: str,
    by_label: dict[str, Table],
    index: dict[str, int],
    lowest: dict[str, int],
    stack: list[str],
    standing: set[str],
    work: list[tuple[str, Iterator[str]]],
) -> None:
    index[label] = lowest[label] = len(index)
    stack.append(label)
    standing.add(label)
    work.append((label, iter(sorted(parent for parent in parents_of(by_label[label]) if parent in by_label))))


def _cut(label: str, by_label: dict[str, Table], stack: list[str], standing: set[str]) -> tuple[Table, ...]:
    place = stack.index(label)
    members = stack[place:]
    del stack[place:]
    standing.difference_update(members)
    tables = [by_label[member] for member in members]
    # Within a cycle, the tables with the fewest keys that cannot be left NULL begin.
    return tuple(sorted(tables, key=lambda table: (_required(table, frozenset(members)), table.label)))


def _required(table: Table, members: frozenset[str]) -> int:
    count = 0
    for key in table.foreign_keys:
        columns = [table.column(name) for name in key.columns]
        if qualified(key.referred_table, key.referred_schema) in members and all(c is None or not c.nullable for c in columns):
            count += 1
    return count
