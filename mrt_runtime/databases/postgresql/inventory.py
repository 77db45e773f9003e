"""What a lent PostgreSQL database holds besides what was there before, and which of it one run can prove to be its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mrt_runtime.databases.postgresql.catalogues import (
    FIRST,
    LARGE_OBJECT,
    NAMESPACE,
    RELATION,
    Address,
    write_addresses,
)
from mrt_runtime.databases.postgresql.journal import PostgresJournal, write_xids
from mrt_runtime.databases.postgresql.quoting import literal, quote

ALONG = {"a", "i", "e", "P", "S"}
"""Kinds of dependencies by which an object is dropped along with another. Source: PostgreSQL's manual, pg_depend."""
EDGES = f"""SELECT classid::bigint, objid::bigint, refclassid::bigint, refobjid::bigint, deptype::text
FROM pg_catalog.pg_depend WHERE objid >= {FIRST}"""
TEMPORARY = """SELECT 1259::bigint, c.oid::bigint
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname ~ '^pg_(toast_)?temp_'
UNION ALL SELECT 1247, t.oid::bigint FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname ~ '^pg_(toast_)?temp_'
UNION ALL SELECT 1255, p.oid::bigint FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname ~ '^pg_(toast_)?temp_'
UNION ALL SELECT 2615, oid::bigint FROM pg_catalog.pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_'"""
BATCH = 200
"""Tables that one statement counts the rows of: servers bound how long a union may be."""
MADE = """SELECT c.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.oid >= 16384 AND age(c.xmin) <= age('{horizon}'::xid)
  AND n.nspname <> {mark} AND n.nspname !~ '^pg_'"""
STORED = "SELECT oid::bigint FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm') AND oid IN ({oids})"
KINDS = {"foreign-data wrapper": "FOREIGN DATA WRAPPER", "statistics object": "STATISTICS", "composite type": "TYPE"}
NAMELESS = {"default acl", "user mapping", "default value", "table constraint", "domain constraint", "large object"}


@dataclass(frozen=True, slots=True)
class Item:
    """An object by itself, not part of another, with the kind and the name under which DROP knows it.

    is_changed: the run made it and another changed it. rows: how many rows of others it holds.
    """

    address: Address
    kind: str
    name: str
    is_changed: bool = False
    rows: int = 0

    def __str__(self) -> str:
        name = f"{self.kind} {self.name.removeprefix('public.')}"
        if self.rows:
            return f"{self.rows} {'row' if self.rows == 1 else 'rows'} in {name}"
        return f"a change to {name}" if self.is_changed else name

    @property
    def drop(self) -> str:
        """The statement that drops it; empty where there is none."""
        if self.address[0] == LARGE_OBJECT:
            return f"SELECT lo_unlink({self.address[1]})"
        if self.kind in NAMELESS or " of access method" in self.kind:
            return ""
        kind = KINDS.get(self.kind, self.kind.upper())
        return f"DROP {kind} IF EXISTS {self.name} CASCADE"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The roots of everything that was made or changed since the run began.

    own: what the run made and no other has changed, which nothing of others needs; others: all else but what was there before.
    kept: the run's own, but needed by something else. parts: each root with what is dropped along with it.
    """

    own: frozenset[Address]
    others: frozenset[Address]
    kept: frozenset[Address]
    changed: frozenset[Address]
    parts: dict[Address, set[Address]]


class DependencyGraph:
    """The objects of a database, and what is part of what, less what was known before the run began."""

    def __init__(self, cursor: Any, journal: PostgresJournal) -> None:
        self._known = journal.known
        self._along: dict[Address, set[Address]] = defaultdict(set)
        self._needs: dict[Address, set[Address]] = defaultdict(set)
        cursor.execute(f"SELECT oid::bigint FROM pg_catalog.pg_namespace WHERE nspname = {literal(journal.mark)}")
        marks = {(NAMESPACE, int(oid)) for (oid,) in cursor.fetchall()}
        cursor.execute(TEMPORARY)
        self._hidden: set[Address] = {(int(class_), int(oid)) for class_, oid in cursor.fetchall()} | marks
        cursor.execute(EDGES)
        for class_, oid, other_class, other_oid, kind in cursor.fetchall():
            one, other = (int(class_), int(oid)), (int(other_class), int(other_oid))
            (self._along if kind in ALONG else self._needs)[one].add(other)
            if other in marks:
                self._hidden.add(one)

    def roots(self, address: Address) -> set[Address]:
        """Find what an object is part of: the last ones before what was known, or itself."""
        found: set[Address] = set()
        seen: set[Address] = set()
        pending = [address]
        while pending:
            one = pending.pop()
            if one in seen:
                continue
            seen.add(one)
            above = {other for other in self._along.get(one, ()) if other not in self._known and other[1] >= FIRST}
            pending += above
            if not above:
                found.add(one)
        return found or {address}

    def is_hidden(self, root: Address) -> bool:
        """Whether it is temporary, the mark's, or was there before."""
        return root in self._hidden or root in self._known

    def needed_by(self, roots: Iterable[Address], own: set[Address]) -> set[Address]:
        """Find which of the run's own objects are needed by anything but themselves, directly or not."""
        needs: dict[Address, set[Address]] = defaultdict(set)
        for edges in (self._along, self._needs):
            for one, others in edges.items():
                for root in self.roots(one):
                    needs[root].update(*(self.roots(other) for other in others))
        found: set[Address] = set()
        pending = [*roots, *(root for root in needs if root not in own)]
        while pending:
            for other in needs.get(pending.pop(), ()):
                if other in own and other not in found:
                    found.add(other)
                    pending.append(other)
        return found


def read_inventory(cursor: Any, journal: PostgresJournal) -> Inventory:
    """Read what was made or changed since the run began, and whose it is, judged by the catalogue alone."""
    young = f"age(xmin) <= age('{journal.horizon}'::xid)"
    rows = f"(SELECT class, object, {journal.own} AS own FROM {write_addresses(cursor)} WHERE {young}) AS young"
    cursor.execute(f"SELECT class::bigint, object::bigint, bool_and(own), bool_or(own) FROM {rows} GROUP BY 1, 2")
    found = {(int(class_), int(oid)): (bool(all_own), bool(any_own)) for class_, oid, all_own, any_own in cursor.fetchall()}
    found = {address: own for address, own in found.items() if address not in journal.known}
    graph = DependencyGraph(cursor, journal)
    parts: dict[Address, set[Address]] = defaultdict(set)
    for address in found:
        for root in graph.roots(address):
            if not graph.is_hidden(root):
                parts[root].add(address)
    others = {root for root, members in parts.items() if not all(found[member][0] for member in members)}
    changed = {root for root in others if any(found[member][1] for member in parts[root])}
    own = parts.keys() - others
    kept = graph.needed_by(others, set(own))
    return Inventory(frozenset(own - kept), frozenset(others), frozenset(kept), frozenset(changed), dict(parts))


def find_strangers(cursor: Any, journal: PostgresJournal) -> list[Item]:
    """Find what was made since the run began and is not proved to be its own; quick where there is nothing."""
    young = f"age(xmin) <= age('{journal.horizon}'::xid) AND NOT {journal.own}"
    cursor.execute(f"SELECT DISTINCT class::bigint, object::bigint FROM {write_addresses(cursor)} WHERE {young}")
    if all((int(class_), int(oid)) in journal.known for class_, oid in cursor.fetchall()):
        return find_rows(cursor, journal)
    inventory = read_inventory(cursor, journal)
    return describe(cursor, inventory.others, inventory.changed)


def count_rows(cursor: Any, journal: PostgresJournal, inventory: Inventory, roots: Iterable[Address]) -> dict[Address, int]:
    """Count the rows that others wrote to what is stored under these roots; those without any are left out."""
    tables = {oid: root for root in roots for class_, oid in inventory.parts[root] if class_ == RELATION}
    if not tables:
        return {}
    cursor.execute(STORED.format(oids=", ".join(map(str, tables))))
    stored = [int(oid) for (oid,) in cursor.fetchall()]
    counts: dict[Address, int] = defaultdict(int)
    for oid, count in count_strange(cursor, journal, name_relations(cursor, stored)).items():
        counts[tables[oid]] += count
    return dict(counts)


def find_rows(cursor: Any, journal: PostgresJournal) -> list[Item]:
    """Find the tables made since the run began that hold rows of others."""
    cursor.execute(MADE.format(horizon=journal.horizon, mark=literal(journal.mark)))
    names = {int(oid): str(name) for oid, name in cursor.fetchall() if (RELATION, int(oid)) not in journal.known}
    return [Item((RELATION, oid), "table", names[oid], rows=count) for oid, count in count_strange(cursor, journal, names).items()]


def count_strange(cursor: Any, journal: PostgresJournal, names: Mapping[int, str]) -> dict[int, int]:
    """Count the rows of tables that this run did not write, by the tables' OIDs; those without any are left out."""
    selects = [
        f"SELECT {oid}::bigint, count(*) FROM ONLY {name} WHERE NOT xmin = ANY ({write_xids(journal.xids)}) HAVING count(*) > 0"
        for oid, name in names.items()
    ]
    found: dict[int, int] = {}
    for start in range(0, len(selects), BATCH):
        cursor.execute(" UNION ALL ".join(selects[start : start + BATCH]))
        found |= {int(oid): int(count) for oid, count in cursor.fetchall()}
    return found


def name_relations(cursor: Any, oids: Iterable[int]) -> dict[int, str]:
    """Name relations as statements do, with their schemas."""
    listed = ", ".join(map(str, oids))
    if not listed:
        return {}
    cursor.execute(
        "SELECT c.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_catalog.pg_class c "
        f"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({listed}) ORDER BY c.oid"
    )
    return {int(oid): str(name) for oid, name in cursor.fetchall()}


def describe(cursor: Any, roots: Iterable[Address], changed: Iterable[Address] = ()) -> list[Item]:
    """Name objects, in the order of their OIDs; those that have gone meanwhile are left out."""
    ordered = sorted(set(roots), key=lambda root: root[1])
    if not ordered:
        return []
    values = ", ".join(f"({class_}::oid, {oid}::oid)" for class_, oid in ordered)
    cursor.execute(
        "SELECT class::bigint, object::bigint, i.type, i.identity FROM (VALUES " + values + ") AS root (class, object), "
        "LATERAL pg_identify_object(class, object, 0) AS i ORDER BY object"
    )
    altered = set(changed)
    return [
        Item((int(class_), int(oid)), str(kind), str(name), (int(class_), int(oid)) in altered)
        for class_, oid, kind, name in cursor.fetchall()
        if name is not None
    ]


def write_removal(journal: PostgresJournal) -> list[str]:
    """Write the statements that remove a mark and nothing else."""
    mark = quote(journal.mark)
    return [f"DROP TABLE IF EXISTS {mark}.journal", f"DROP SCHEMA {mark}"]
