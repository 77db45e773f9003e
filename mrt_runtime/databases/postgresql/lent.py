"""The given database itself, empty, used by a role that may not create databases."""

from __future__ import annotations

from sqlalchemy import URL, Connection

from mrt_runtime.databases.link import literal, make_engine
from mrt_runtime.databases.postgresql.given import read_given
from mrt_runtime.databases.postgresql.server import SETTINGS, Server, key_of, quote, silence
from mrt_runtime.databases.protocol import Checkpoint
from mrt_runtime.databases.token import find_token

LEFTOVERS = """
SELECT 'SCHEMA ' || quote_ident(n.nspname) FROM pg_catalog.pg_namespace n
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.oid::text <> ALL ({known})
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = n.oid AND d.deptype = 'e')
UNION ALL
SELECT CASE c.relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW ' WHEN 'S' THEN 'SEQUENCE '
  WHEN 'f' THEN 'FOREIGN TABLE ' ELSE 'TABLE ' END || c.oid::regclass FROM pg_catalog.pg_class c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.oid::text <> ALL ({known})
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i'))
UNION ALL
SELECT CASE p.prokind WHEN 'a' THEN 'AGGREGATE ' WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || p.oid::regprocedure
FROM pg_catalog.pg_proc p WHERE p.oid::text <> ALL ({known})
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype IN ('e', 'i'))
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN ' ELSE 'TYPE ' END || t.oid::regtype FROM pg_catalog.pg_type t
WHERE t.typtype IN ('e', 'd', 'r', 'c') AND t.oid::text <> ALL ({known})
  AND (t.typrelid = 0 OR EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = t.oid AND d.deptype IN ('e', 'i'))
UNION ALL
SELECT 'EXTENSION ' || quote_ident(extname) FROM pg_catalog.pg_extension WHERE oid::text <> ALL ({known})
"""
MARKS = "SELECT oid::text, nspname FROM pg_catalog.pg_namespace WHERE nspname LIKE 'lent%'"
PRESENT = """
SELECT oid::text FROM pg_catalog.pg_namespace UNION ALL SELECT oid::text FROM pg_catalog.pg_class
UNION ALL SELECT oid::text FROM pg_catalog.pg_proc UNION ALL SELECT oid::text FROM pg_catalog.pg_type
UNION ALL SELECT oid::text FROM pg_catalog.pg_extension
"""
MAY_CREATE = """
SELECT has_database_privilege(current_database(), 'CREATE') OR EXISTS (
  SELECT 1 FROM pg_catalog.pg_namespace n
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'CREATE'))
"""
"""Nobody but the owner may by default in schema public, from PostgreSQL 15 on. Source: its release notes."""
UNWRITABLE = "lets this role create no tables"
"""The obstacle that another grant removes too."""


class LentContents:
    """Notes what is there, and afterwards drops everything else. Copies are out of reach for such a role."""

    role = stand_ins = None
    """The given role works in it."""

    def __init__(self, server: Server, own: URL, name: str) -> None:
        self.name = name
        self._server = server
        self._engine = make_engine(own, **SETTINGS)
        self._lock = key_of(f"lent {name}")
        self._known: set[str] = set()

    def find_obstacle(self) -> str | None:
        """Tell why the database cannot be used; where nothing stands against it, keep other runs out and note what is there."""
        if not self._server.run(f"SELECT pg_try_advisory_lock({self._lock})")[0][0]:
            return "is in use by another run"
        self._finish_for_the_dead()
        with self._engine.connect() as connection:
            obstacle = "holds tables" if read_given(connection, self.name).holds_tables else None
            if obstacle is None and not connection.exec_driver_sql(MAY_CREATE).scalar():
                obstacle = UNWRITABLE
            if obstacle is not None:
                self._server.run(f"SELECT pg_advisory_unlock({self._lock})")
                return obstacle
            silence(connection, f"CREATE SCHEMA {quote(f'lent_mrt_{self._server.token}')}")
            self._known = {oid for (oid,) in connection.exec_driver_sql(PRESENT)}
            return None

    def make(self) -> None:
        """Drop what was made since the database was lent."""
        self._server.empty_of_sessions(self.name)
        with self._engine.connect() as connection:
            while leftovers := find_leftovers(connection, self._known):
                connection.exec_driver_sql(f"DROP {leftovers[0]} CASCADE")

    def copy(self) -> Checkpoint | None:
        """Keep nothing: it would take the right to create databases."""
        return None

    def replace_by(self, copy: Checkpoint) -> None:
        """Refuse: there are no copies."""
        raise TypeError(f"{copy!r} is not a checkpoint of this database, which has none")

    def remove(self) -> None:
        """Give the database back as it was."""
        self.make()
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {quote(f'lent_mrt_{self._server.token}')}")
        self._server.run(f"SELECT pg_advisory_unlock({self._lock})")

    def _finish_for_the_dead(self) -> None:
        """Drop what a killed run made: all that came after its mark, an empty schema made when there were no tables."""
        with self._engine.connect() as connection:
            marks = [int(oid) for oid, name in connection.exec_driver_sql(MARKS) if find_token(name) is not None]
            present = [oid for (oid,) in connection.exec_driver_sql(PRESENT)]
        if marks:
            self._known = {oid for oid in present if int(oid) < min(marks)}
            self.make()


def find_leftovers(connection: Connection, known: set[str]) -> list[str]:
    """List what was made since, each as DROP names it."""
    array = "ARRAY[" + ", ".join(map(literal, sorted(known))) + "]::text[]"
    return [name for (name,) in connection.exec_driver_sql(LEFTOVERS.format(known=array))]
