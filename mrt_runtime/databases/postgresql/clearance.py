"""Dropping what one run made in a lent PostgreSQL database, and nothing else, whatever others do there at the same time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Engine

from mrt_runtime.databases.postgresql.catalogues import RELATION, Address, read_parts
from mrt_runtime.databases.postgresql.inventory import (
    DependencyGraph,
    Inventory,
    Item,
    count_rows,
    describe,
    name_relations,
    read_inventory,
)
from mrt_runtime.databases.postgresql.journal import PostgresJournal

BATCH = 200
"""Objects that one transaction drops: each takes several locks, and a server has room for 6400 by default."""
ATTEMPTS = 5
"""How often it is tried again where others made something in the meantime."""
# another user's session may hold a lock for good
PATIENCE = "SET LOCAL lock_timeout = '10s'"
LOCKABLE = (
    "SELECT oid::bigint, relforcerowsecurity FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND oid IN ({oids}) ORDER BY oid"
)


@dataclass(frozen=True, slots=True)
class ClearanceResult:
    """What is there: `own` may be dropped, `others` is not proved to be the run's own, and `kept` is, but is needed by others."""

    own: tuple[Item, ...] = ()
    others: tuple[Item, ...] = ()
    kept: tuple[Item, ...] = ()


class Clearance:
    """Drops what is proved to be the run's own, in transactions of its own.

    What is dropped is locked first and judged then. CASCADE may take what appeared in between; so before the transaction
    commits, another connection looks at what it still sees and the transaction does not, and unless all of that is the run's
    own, everything is rolled back.
    """

    def __init__(self, engine: Engine, journal: PostgresJournal) -> None:
        self._engine = engine
        self._journal = journal

    def look(self) -> ClearanceResult:
        """Find what is there, the rows of tables among it. Changes nothing."""
        with self._engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute("BEGIN")
            cursor.execute(PATIENCE)
            inventory = read_inventory(cursor, self._journal)
            self._lock(cursor, inventory, inventory.own | inventory.kept, only_hiding=True)
            findings, _ = self._judge(cursor, inventory, inventory.own | inventory.kept)
            cursor.execute("ROLLBACK")
            return findings

    def drop(self) -> ClearanceResult:
        """Drop the run's own, and return what is there afterwards."""
        for _ in range(ATTEMPTS):
            while self._drop_batch():
                pass
            findings = self.look()
            if not any(item.drop for item in findings.own):
                break
        return findings

    def _drop_batch(self) -> bool:
        """Drop some; False where nothing can be dropped, or where it would have taken along what is not the run's own."""
        with self._engine.connect() as inside, self._engine.connect() as outside:
            cursor = inside.connection.cursor()
            cursor.execute("BEGIN")
            try:
                dropped = self._drop_some(cursor, outside.connection.cursor())
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT" if dropped else "ROLLBACK")
            return dropped

    def _drop_some(self, cursor: Any, outside: Any) -> bool:
        cursor.execute(PATIENCE)
        inventory = read_inventory(cursor, self._journal)
        items = [item for item in describe(cursor, inventory.own) if item.drop]
        items.sort(key=lambda item: item.address[0] != RELATION)  # tables first: what is stored in them is locked
        chosen = items[:BATCH]
        self._lock(cursor, inventory, {item.address for item in chosen})
        inventory = read_inventory(cursor, self._journal)  # what came before the locks is seen now
        _, free = self._judge(cursor, inventory, inventory.own & {item.address for item in chosen})
        chosen = [item for item in chosen if item.address in free]
        if not chosen:
            return False
        tables = [item.name for item in chosen if item.kind == "table"]
        if tables:
            cursor.execute(f"DROP TABLE IF EXISTS {', '.join(tables)} CASCADE")
        for item in chosen:
            if item.kind != "table":
                cursor.execute(item.drop)
        graph = DependencyGraph(outside, self._journal)
        gone = read_parts(outside) - read_parts(cursor)
        # CASCADE took no more than what is this run's own: only then may the transaction commit
        return all(graph.roots((class_, oid)) <= free for class_, oid, _ in gone)

    def _lock(self, cursor: Any, inventory: Inventory, roots: Collection[Address], *, only_hiding: bool = False) -> None:
        """Lock tables, and see all of their rows: policies may hide some even from the owner."""
        oids = ", ".join(str(oid) for root in roots for class_, oid in inventory.parts[root] if class_ == RELATION)
        cursor.execute("SET LOCAL row_security = off")
        if not oids:
            return
        cursor.execute(LOCKABLE.format(oids=oids))
        found = {int(oid): bool(forced) for oid, forced in cursor.fetchall()}
        names = name_relations(cursor, [oid for oid in found if found[oid] or not only_hiding])
        if names:
            cursor.execute(f"LOCK TABLE {', '.join(f'ONLY {name}' for name in names.values())} IN ACCESS EXCLUSIVE MODE")
        for oid, name in names.items():
            if found[oid]:
                cursor.execute(f"ALTER TABLE ONLY {name} NO FORCE ROW LEVEL SECURITY")

    def _judge(self, cursor: Any, inventory: Inventory, roots: Collection[Address]) -> tuple[ClearanceResult, set[Address]]:
        """Judge by the rows as well: a table that holds rows of others is not the run's own any more, nor what it needs."""
        rows = count_rows(cursor, self._journal, inventory, roots)
        free = set(inventory.own) - rows.keys()
        kept = set(inventory.kept)
        if rows:
            needed = DependencyGraph(cursor, self._journal).needed_by(rows, free)
            free, kept = free - needed, kept | needed
        others = describe(cursor, inventory.others | rows.keys(), inventory.changed)
        return (
            ClearanceResult(
                own=tuple(describe(cursor, free)),
                others=tuple(replace(item, rows=rows.get(item.address, 0)) for item in others),
                kept=tuple(describe(cursor, kept - rows.keys())),
            ),
            free & set(roots),
        )
