"""Which locks a migration's session holds on PostgreSQL, and which relations it has written to new files.

It is asked on the migration's own connection, after each statement and below SQLAlchemy: only there can be seen what is not
committed. A statement that commits by itself is watched from another connection while it runs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from mrt_runtime.databases.observation import RelationLock, SessionReading

RELATIONS = """SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text,
  pg_catalog.pg_relation_filenode(c.oid)::bigint, i.indrelid::bigint, n.nspname = current_schema()
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm', 'i', 'I', 'S', 'v', 'f') AND n.nspname !~ '^pg_'"""
HELD = """SELECT l.relation::bigint, l.mode::text, pg_catalog.pg_relation_filenode(l.relation)::bigint,
  pg_catalog.pg_stat_get_xact_tuples_returned(l.relation), i.indrelid::bigint, c.reltuples::bigint
FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = l.relation
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
WHERE l.pid = {pid} AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())"""
OWN = "pg_catalog.pg_backend_pid()"
KINDS = {
    "r": "table",
    "p": "table",
    "m": "materialized view",
    "i": "index",
    "I": "index",
    "S": "sequence",
    "v": "view",
    "f": "foreign table",
}
EVERY = 0.002  # seconds between two looks at a statement that commits by itself


@dataclass(frozen=True, slots=True)
class KnownRelation:
    """A relation that was there before the step."""

    label: str
    kind: str
    table: str


class PostgresLockWatch:
    """See `LockWatch`. connect: returns our own connection to the scratch database, which lasts for a step at least."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._known: dict[int, KnownRelation] = {}
        self._files: dict[int, int | None] = {}
        self._scanned: dict[int, dict[int, int]] = {}
        self._indexes: dict[int, int | None] = {}
        self._own: Any = None
        self._poll: LockPoll | None = None

    def begin(self) -> None:
        self._own = self._connect().connection
        cursor = self._own.cursor()
        cursor.execute(RELATIONS)
        rows = cursor.fetchall()
        self._own.rollback()
        labels = {oid: name if is_home else f"{schema}.{name}" for oid, schema, name, _, _, _, is_home in rows}
        self._known = {
            oid: KnownRelation(labels[oid], KINDS[kind], labels.get(table, labels[oid])) for oid, _, _, kind, _, table, _ in rows
        }
        self._files = {row[0]: row[4] for row in rows}
        self._scanned = {}
        self._indexes = {row[0]: row[4] for row in rows if row[5] is not None}

    def before(self, dbapi_connection: Any) -> None:
        if getattr(dbapi_connection, "autocommit", False) is not True:
            return
        pid = int(ask(dbapi_connection, f"SELECT {OWN}")[0][0])
        cursor = self._own.cursor()

        def look() -> list[tuple[int, str]]:
            cursor.execute(HELD.format(pid=pid))
            found = [(row[0], row[1]) for row in cursor.fetchall()]
            self._own.rollback()
            return found

        self._poll = LockPoll(look)

    def after(self, dbapi_connection: Any) -> SessionReading | None:
        if self._poll is not None:
            poll, self._poll = self._poll, None
            locks = poll.stop()
            rewritten = self._find_rewritten([(oid, self._read_file(oid)) for oid in {oid for oid, _ in locks}])
            found = self._name(locks)
            return SessionReading(found, rewritten) if found else None
        rows = ask(dbapi_connection, HELD.format(pid=OWN))
        mine = self._scanned.setdefault(id(dbapi_connection), {})
        scanned, indexed = [], self._find_indexed(rows)
        for oid, count in {row[0]: int(row[3] or 0) for row in rows if row[0] in self._known}.items():
            read = indexed.get(oid, count - mine.get(oid, 0))
            mine[oid] = count
            if read > 0 and self._known[oid].kind == "table":
                scanned.append((self._known[oid].label, read))
        if not rows:  # the transaction has ended, and its counts with it
            mine.clear()
        rewritten = self._find_rewritten([(row[0], row[2]) for row in rows])
        return SessionReading(self._name([(row[0], row[1]) for row in rows]), rewritten, tuple(scanned))

    def forget(self, dbapi_connection: Any) -> None:
        self._scanned.pop(id(dbapi_connection), None)
        if self._poll is not None:
            poll, self._poll = self._poll, None
            poll.stop()

    def _name(self, locks: list[tuple[int, str]]) -> frozenset[RelationLock]:
        known = ((self._known[oid], mode) for oid, mode in locks if oid in self._known)
        return frozenset(RelationLock(one.label, one.kind, one.table, spell(mode)) for one, mode in known)

    def _find_indexed(self, rows: list[tuple[Any, ...]]) -> dict[int, int]:
        """Return the tables of which indexes were built, with their rows: all are read, some of them by workers."""
        built = [row for row in rows if row[4] in self._known and row[2] != self._indexes.get(row[0])]
        self._indexes.update((row[0], row[2]) for row in built)
        return {row[4]: row[5] for row in built}

    def _find_rewritten(self, files: list[tuple[int, int | None]]) -> tuple[str, ...]:
        """Return which relations have other files than before, and remember these; one that was dropped has none."""
        changed = {oid: file for oid, file in files if file and self._files.get(oid) and self._files[oid] != file}
        self._files.update(changed)
        tables = {self._known[oid].label for oid in changed if self._known[oid].kind != "index"}
        # with a table all of its indexes are rebuilt, which is nothing more to report
        alone = {
            self._known[oid].label for oid in changed if self._known[oid].kind == "index" and self._known[oid].table not in tables
        }
        return tuple(sorted(tables | alone))

    def _read_file(self, oid: int) -> int | None:
        file = None
        with contextlib.suppress(Exception):  # our connection was cut by what the migration executed
            cursor = self._own.cursor()
            cursor.execute(f"SELECT pg_catalog.pg_relation_filenode({oid})::bigint")
            file = cursor.fetchone()[0]
            self._own.rollback()
        return None if file is None else int(file)


class LockPoll:
    """Looks at a session's locks again and again, in a thread, until it is stopped."""

    def __init__(self, look: Callable[[], list[tuple[int, str]]]) -> None:
        self._look = look
        self._seen: set[tuple[int, str]] = set(look())  # before the statement begins, so that the next look comes soon
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mrt locks", daemon=True)
        self._thread.start()

    def stop(self) -> list[tuple[int, str]]:
        """Return what was seen."""
        self._done.set()
        self._thread.join()
        return sorted(self._seen)

    def _run(self) -> None:
        with contextlib.suppress(Exception):  # the connection is cut: what was seen so far is reported
            while not self._done.is_set():
                self._seen.update(self._look())
                self._done.wait(EVERY)


def ask(dbapi_connection: Any, question: str) -> list[tuple[Any, ...]]:
    """Return the rows of a question that leaves nothing behind in the session, no prepared statement either."""
    cursor = dbapi_connection.cursor()
    try:
        if type(cursor).__module__.startswith("psycopg."):
            cursor.execute(question, prepare=False)
        else:
            cursor.execute(question)
        return [tuple(row) for row in cursor.fetchall()]
    finally:
        cursor.close()


def spell(mode: str) -> str:
    """Return a lock mode as the manual and LOCK TABLE spell it: "AccessExclusiveLock" is ACCESS EXCLUSIVE."""
    words = ""
    for letter in mode.removesuffix("Lock"):
        words += f" {letter}" if letter.isupper() and words else letter
    return words.upper()
