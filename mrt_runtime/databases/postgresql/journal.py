"""Which transactions of a lent PostgreSQL database are this run's own, proved by what commits together with them.

Every row, of a table or of the catalogue, carries the transaction that wrote it in `xmin`
(https://www.postgresql.org/docs/current/ddl-system-columns.html). Right before a transaction of this run commits, it notes its
own number, and those of its subtransactions, in a table in the run's mark, a schema. So the note is there exactly when the
work is, whenever the run is killed, and a row is the run's own exactly when its `xmin` is noted. A note counts only while it was
written by the transaction that it names: in a copy of the database, restored from a dump, it proves nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.engine import Connection

from mrt_lint.parse.sql.tokens import statements
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.driver_error import read_state
from mrt_runtime.databases.postgresql.catalogues import Address, write_addresses
from mrt_runtime.databases.postgresql.quoting import quote
from mrt_runtime.databases.postgresql.server import holders, key_of
from mrt_runtime.databases.sentences import name_some

PROPER, ENDING = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"}, {"COMMIT", "END"}
"""Words that a statement about transactions begins with, and those by which one is committed."""
BATCH = 200
"""Tables that one statement reads: servers bound how long a union may be."""
REWRITING = {"VACUUM", "CLUSTER", "REINDEX"}
"""Words of statements that put a table or an index into another file, and so rewrite its row in `pg_class`."""
NOT_IN_A_TRANSACTION = {"25001", "2D000"}
"""SQLSTATEs of statements that need to be outside of transactions, or end them. Source: PostgreSQL's manual, appendix A."""
CURRENT = "SELECT pg_current_xact_id_if_assigned()::text"
HORIZON = "SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text"
PROBE, PROBED = "SELECT set_config('mrt.probe', 'in', true)", "SELECT current_setting('mrt.probe', true)"
"""A setting that ends with the transaction: outside of one, the next statement does not see it."""
MINE = """CASE WHEN age(xmin) <= age('{top}'::xid8::xid) THEN
  pg_xact_status((age('{top}'::xid8::xid)::bigint - age(xmin) + {top})::text::xid8) = 'in progress' ELSE false END"""
"""A row that is visible while its transaction is in progress is that transaction's own, or one of its subtransactions'."""
TOUCHED = """SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND NOT c.relisshared AND has_table_privilege(c.oid, 'SELECT') AND (
  current_setting('track_counts') = 'off' OR age(c.xmin) <= age('{top}'::xid8::xid)
  OR pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) > 0)"""
CREATE_JOURNAL = (
    "CREATE SCHEMA {mark}",
    "CREATE TABLE {mark}.journal (kind text, writer xid8 DEFAULT pg_current_xact_id(), class oid, object oid, xid xid)",
    "GRANT USAGE ON SCHEMA {mark} TO PUBLIC",  # a migration may have done SET ROLE
    "GRANT INSERT, SELECT ON {mark}.journal TO PUBLIC",
)
READ_JOURNAL = """SELECT kind, class::bigint, object::bigint, xid::text FROM {mark}.journal AS note
WHERE EXISTS (SELECT 1 FROM {mark}.journal AS proof
  WHERE proof.writer = note.writer AND proof.xid = note.xmin AND proof.xmin = note.xmin)"""
PROVE = "INSERT INTO {mark}.journal (kind, xid) VALUES ('{kind}', pg_current_xact_id()::xid)"


class PostgresJournal:
    """The transactions of one run, in memory, and where the role may create a schema also in the run's mark."""

    def __init__(self, token: str, database: str) -> None:
        self.token = token
        self.mark = name_mark(token)
        self.database = database
        self.is_marked = False
        self.xids: set[str] = set()
        self.indexes: set[tuple[int, int, str]] = set()
        """Class, OID and transaction of what belongs to an index that was made outside of a transaction."""
        self.known: set[Address] = set()
        self.horizon = "3"
        """The transaction before which nothing needs to be looked at: what it was is known. 3 is the first of all."""
        self._unsettled: tuple[str, str] | None = None
        """Before which transaction a statement began, and its first word, while it is not noted what it has made."""
        self.find_strangers: Callable[[Connection], list[str]] = lambda _: []

    def begin(self, connection: Connection) -> bool:
        """Note what is there, and leave a mark where the role may; to be called in a transaction. False without the right."""
        self.horizon = str(connection.exec_driver_sql(HORIZON).scalar_one())
        with contextlib.suppress(Exception), connection.begin_nested():
            for statement in CREATE_JOURNAL:
                connection.exec_driver_sql(statement.format(mark=quote(self.mark)))
            self.is_marked = True
        present = write_addresses(connection.connection.cursor())
        self.known = {
            (int(kind), int(oid)) for kind, oid in connection.exec_driver_sql(f"SELECT DISTINCT class, object FROM {present}")
        }
        if self.is_marked:
            mark = quote(self.mark)
            connection.exec_driver_sql(PROVE.format(mark=mark, kind="mark"))
            connection.exec_driver_sql(f"INSERT INTO {mark}.journal (kind, xid) VALUES ('horizon', '{self.horizon}')")
            known = f"SELECT DISTINCT 'known', class, object FROM {present}"
            connection.exec_driver_sql(f"INSERT INTO {mark}.journal (kind, class, object) {known}")
        return self.is_marked

    def read(self, connection: Connection) -> None:
        """Read what a killed run noted; its mark may be another program version's, or restored from a dump, and say nothing."""
        self.is_marked = True
        try:
            with connection.begin_nested():
                found = connection.exec_driver_sql(READ_JOURNAL.format(mark=quote(self.mark))).all()
        except Exception:  # noqa: BLE001  without a journal nothing is proved
            return
        for kind, class_, oid, xid in found:
            if kind == "known":
                self.known.add((int(class_), int(oid)))
            elif kind == "horizon":
                self.horizon = str(xid)
            elif kind == "index":
                self.indexes.add((int(class_), int(oid), str(xid)))
            elif kind == "writer":
                self.xids.add(str(xid))

    @property
    def sessions(self) -> str:
        """Write whence to select the `pid` of the run's own sessions: each holds a lock that nothing waits for."""
        return holders(f"session {self.token}")

    @property
    def own(self) -> str:
        """Write the condition that a row, of these columns `class`, `object` and `xmin`, was written by this run."""
        condition = f"xmin = ANY ({write_xids(self.xids)})"
        if self.indexes:
            rows = ", ".join(f"({class_}, {oid}, '{xid}')" for class_, oid, xid in sorted(self.indexes))
            condition = f"({condition} OR (class::bigint, object::bigint, xmin::text) IN (VALUES {rows}))"
        return condition

    def admit(self, dbapi_connection: Any) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute(f"SELECT pg_advisory_lock_shared({key_of(f'session {self.token}')})")
        cursor.close()
        dbapi_connection.rollback()

    def before_commit(self, connection: Connection) -> None:
        cursor = connection.connection.cursor()
        try:
            self.note(cursor)
        finally:
            cursor.close()

    def note(self, cursor: Any) -> None:
        """Note the transaction that this cursor is in, where it has written anything."""
        try:
            cursor.execute(CURRENT)
            [[top]] = cursor.fetchall()
        except Exception:  # noqa: BLE001  the transaction has failed, and nothing of it will be there
            return
        if top is None:
            return
        self._write(cursor, PROVE.format(mark=quote(self.mark), kind="writer"))  # first, to be found as a row of a subtransaction
        xids = self._find_subtransactions(cursor, top) - {str(int(top) % 2**32)}
        self.xids |= xids | {str(int(top) % 2**32)}
        if xids:
            self._write(cursor, f"INSERT INTO {quote(self.mark)}.journal (kind, xid) SELECT 'writer', unnest({write_xids(xids)})")

    def execute(self, connection: Connection, statement: str, run: Callable[[], None]) -> bool:
        word = next((part.tokens[0].key for part in statements(statement, "postgresql") if part.tokens), "")
        cursor = connection.connection.cursor()
        try:
            if word in PROPER or not commits_itself(cursor):
                if word in ENDING:
                    self.note(cursor)
                return False
            self.settle(cursor)
            cursor.execute(HORIZON)
            [[since]] = cursor.fetchall()
            cursor.execute("BEGIN")
            try:
                run()
            except BaseException as error:
                with contextlib.suppress(Exception):
                    cursor.execute("ROLLBACK")
                if read_state(error)[0] not in NOT_IN_A_TRANSACTION:
                    raise
            else:
                self.note(cursor)
                cursor.execute("COMMIT")
                return True
            self._unsettled = since, word
            run()
            self.settle(cursor)
            return True
        finally:
            cursor.close()

    def settle(self, cursor: Any) -> None:
        """Note what the last statement outside of transactions has made, also one that failed half-way or was interrupted."""
        if self._unsettled is not None:
            self._note_rewritten(cursor, *self._unsettled)
            self._unsettled = None

    def require_alone(self, connection: Connection) -> None:
        strangers = self.find_strangers(connection)
        if strangers:
            raise ConfigurationError(
                f"{self.database} is used by others while migrations run in it: {name_some(strangers)} cannot be proved to be this "
                "run's own, so the run was stopped before it touched that. Let db_url name a database that no other uses, or "
                "grant the role CREATEDB."
            )

    def _find_subtransactions(self, cursor: Any, top: str) -> set[str]:
        """Find the numbers under which this transaction wrote rows besides its own: savepoints have numbers, too."""
        cursor.execute("SAVEPOINT mrt_journal")
        try:
            cursor.execute(TOUCHED.format(top=top))
            tables = [name for (name,) in cursor.fetchall()]
            found: set[str] = set()
            selects = [f"SELECT xmin::text FROM ONLY {table} WHERE {MINE.format(top=top)}" for table in tables]
            for start in range(0, len(selects), BATCH):
                cursor.execute(" UNION ".join(selects[start : start + BATCH]))
                found |= {str(xid) for (xid,) in cursor.fetchall()}
        except Exception:  # noqa: BLE001  what cannot be read is not proved
            cursor.execute("ROLLBACK TO SAVEPOINT mrt_journal")
            found = set()
        cursor.execute("RELEASE SAVEPOINT mrt_journal")
        return found

    def _note_rewritten(self, cursor: Any, since: str, word: str) -> None:
        """Note what CONCURRENTLY and VACUUM FULL made: meanwhile the table is locked against others who do the like."""
        files = "SELECT oid FROM pg_catalog.pg_class WHERE relkind IN ('i', 't')"
        rows = f"{write_addresses(cursor)} WHERE class = 1259 AND object IN ({files})"
        selects = [f"SELECT class, object, xmin AS xmin FROM {rows}"]
        if word in REWRITING:
            selects += [
                "SELECT 1259, oid, xmin FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm')",
                "SELECT 2606, oid, xmin FROM pg_catalog.pg_constraint WHERE conindid <> 0",
                "SELECT 2620, oid, xmin FROM pg_catalog.pg_trigger WHERE tgconstrindid <> 0",
            ]
        young = f"age(xmin) <= age('{since}'::xid) AND NOT {self.own}"
        cursor.execute(
            f"SELECT DISTINCT class::bigint, object::bigint, xmin::text FROM ({' UNION ALL '.join(selects)}) AS row WHERE {young}"
        )
        found = {(int(class_), int(oid), str(xid)) for class_, oid, xid in cursor.fetchall()}
        self.indexes |= found
        if found:
            values = ", ".join(f"('index', {class_}, {oid}, '{xid}')" for class_, oid, xid in found)
            cursor.execute("BEGIN")
            self._write(cursor, PROVE.format(mark=quote(self.mark), kind="mark"))
            self._write(cursor, f"INSERT INTO {quote(self.mark)}.journal (kind, class, object, xid) VALUES {values}")
            cursor.execute("COMMIT")

    def _write(self, cursor: Any, statement: str) -> None:
        if not self.is_marked:
            return
        try:
            cursor.execute(statement)
        except Exception as error:  # noqa: BLE001  each driver has its own classes
            raise ConfigurationError(
                f"The mark of this run, the schema {self.mark} in {self.database}, cannot be written to any more, so nothing could "
                f"be proved to be the run's own after this: {' '.join(str(error).split())}"
            ) from None


def name_mark(token: str) -> str:
    """Return the name of the schema which shows that a run uses the database."""
    return f"lent_mrt_{token}"


def write_xids(xids: Iterable[str]) -> str:
    """Write transactions as an array."""
    return "'{" + ",".join(sorted(xids)) + "}'::xid[]"


def commits_itself(cursor: Any) -> bool:
    """Whether the next statement on a connection is a transaction of its own; False where the present one has failed."""
    try:
        for statement in (PROBED, PROBE, PROBED):
            cursor.execute(statement)
            [[answer]] = cursor.fetchall()
            if statement == PROBED and answer == "in":
                return False
    except Exception:  # noqa: BLE001  the statement to come will say why
        return False
    return True
