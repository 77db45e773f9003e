"""Foreign keys whose check waits until all rows of a circle are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import ForeignKey, Table
from mrt_runtime.databases.postgresql.quoting import quote

# A partition's key is part of the key of the table that was divided, and changes with that one only.
ROOTS = """WITH RECURSIVE chain AS (
  SELECT c.oid, c.conparentid FROM pg_catalog.pg_constraint c
  WHERE c.contype = 'f' AND NOT c.condeferrable AND c.conname = %s AND c.conrelid = CAST(%s AS regclass)
  UNION SELECT c.oid, c.conparentid FROM pg_catalog.pg_constraint c JOIN chain ON c.oid = chain.conparentid)
SELECT CAST(CAST(c.conrelid AS regclass) AS text), quote_ident(c.conname)
FROM pg_catalog.pg_constraint c JOIN chain ON c.oid = chain.oid WHERE c.conparentid = 0"""


@contextmanager
def deferral(connection: Connection, keys: Iterable[tuple[Table, ForeignKey]]) -> Iterator[None]:
    """Put off all foreign keys that are DEFERRABLE, and make these ones so for as long as it takes.

    Where the body or a key's check fails, the caller's savepoint brings the keys back as they were. Source: PostgreSQL's
    manual, ALTER TABLE (ALTER CONSTRAINT).
    """
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")  # a table that a check waits for cannot be altered
    changed = dict.fromkeys(place for table, key in keys for place in find_roots(connection, table, key))
    for table, name in changed:
        connection.exec_driver_sql(f"ALTER TABLE {table} ALTER CONSTRAINT {name} DEFERRABLE")
    connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
    yield
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for table, name in changed:
        connection.exec_driver_sql(f"ALTER TABLE {table} ALTER CONSTRAINT {name} NOT DEFERRABLE")


def find_roots(connection: Connection, table: Table, key: ForeignKey) -> list[tuple[str, str]]:
    """Find where a key that is not deferrable is defined: the table's and its own name, quoted; none where it is deferrable."""
    name = ".".join(quote(part) for part in (table.schema, table.name) if part)
    found = connection.exec_driver_sql(ROOTS, (key.name, name))
    return [(str(place).replace("%", "%%"), str(constraint).replace("%", "%%")) for place, constraint in found]
