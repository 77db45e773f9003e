"""The roles beside its own that a scratch database needs, and what its own role owns in it from the start."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mrt_runtime.databases.postgresql.answers import install
from mrt_runtime.databases.postgresql.quoting import quote
from mrt_runtime.databases.postgresql.role import ScratchRole
from mrt_runtime.databases.postgresql.server import PostgresServer, silence

HANDED_OVER = """
WITH kept AS (SELECT objid FROM pg_catalog.pg_depend WHERE deptype IN ('e', 'i', 'a') AND (deptype = 'e' OR refobjsubid > 0))
SELECT format('ALTER SCHEMA %I', nspname) FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER SEQUENCE %s', oid::regclass) FROM pg_catalog.pg_class
WHERE relkind = 'S' AND oid >= 16384 AND oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER ROUTINE %s', oid::regprocedure) FROM pg_catalog.pg_proc
WHERE oid >= 16384 AND oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER TYPE %s', oid::regtype) FROM pg_catalog.pg_type
WHERE oid >= 16384 AND typtype IN ('e', 'd', 'c', 'r') AND oid NOT IN (SELECT objid FROM kept)
"""
"""What an empty database may hold beside extensions: its schemas, sequences, routines and types."""


class StandIns:
    """Creates the stand-ins of one scratch database, and brings back those that an earlier state had."""

    def __init__(self, server: PostgresServer, role: ScratchRole) -> None:
        self.role = role
        self._server = server
        self._taken: set[str] = set()
        self._gone = 0

    def take_place_of(self, existing: frozenset[str]) -> None:
        """Make sure that these roles of the server have stand-ins."""
        for role in existing - self._taken:
            self._taken.add(role)
            name = self.role.stand_in(role)
            if name not in self.list():
                self._add(name)

    def list(self) -> frozenset[str]:
        """Return the names of all stand-ins that there are."""
        return frozenset(name for name in self._server.list_roles() if name.endswith(self.role.tail))

    def restore(self, wanted: frozenset[str]) -> None:
        """Make these the only stand-ins, and its own role as it was at first: roles are no part of a database.

        One that is not wanted is renamed, because a database in which it owns something may be dropped later.
        """
        self._taken.clear()
        self.role.set_up(self._server)
        present = self.list()
        for name in present - wanted:
            self._gone += 1
            self._server.run(f"ALTER ROLE {quote(name)} RENAME TO {quote(f'{self._gone}{self.role.tail}_gone')}")
        for name in wanted - present:
            self._add(name)

    def remove(self) -> None:
        """Drop the scratch role and all stand-ins; their databases are gone."""
        names = self._server.list_roles()
        self._server.drop_roles(name for name in names if name == self.role.name or self.role.tail in name)

    def _add(self, name: str) -> None:
        self._server.run(f"CREATE ROLE {quote(name)} NOLOGIN")
        self._server.run(f"GRANT {quote(name)} TO {quote(self.role.name)}")


def hand_over(connection: Connection, role: ScratchRole) -> None:
    """Make the scratch role the owner of what the given database brought, as the given role is there."""
    for (statement,) in connection.exec_driver_sql(HANDED_OVER).all():
        silence(connection, f"{statement} OWNER TO {quote(role.name)}")
    install(connection, role)
