"""How large PostgreSQL believes its tables to be: pg_class and the statistics collector, in a transaction that may only read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.engine import URL, Connection

from mrt_lint.model.table_size import TableSize
from mrt_runtime.databases.address import choose_driver
from mrt_runtime.databases.postgresql.database import DRIVERS
from mrt_runtime.databases.postgresql.server import SETTINGS
from mrt_runtime.databases.statistics import VERSIONS, DatabaseStatistics, reading

BEGIN = (
    "BEGIN READ ONLY",
    # the size of a table cannot be read while another session locks it exclusively, and other statements queue behind the wait
    "SET LOCAL lock_timeout = '5s'",
    "SET LOCAL statement_timeout = '60s'",
)
TABLES = """
SELECT c.oid, n.nspname, n.nspname = pg_catalog.current_schema(), c.relname, c.relispartition, c.relkind = 'p',
    c.reltuples::float8, c.relpages, pg_catalog.pg_stat_get_live_tuples(c.oid),
    pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int, pg_catalog.pg_total_relation_size(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\\_toast%'
"""
CHILDREN = "SELECT inhparent, inhrelid FROM pg_catalog.pg_inherits"
MAY_READ = f"SELECT pg_catalog.has_table_privilege('{VERSIONS}', 'SELECT')"


@dataclass(frozen=True, slots=True)
class PostgresRelation:
    """A table as the catalogue has it; `pages` are those of its rows now, `counted_pages` those that `tuples` were counted in."""

    oid: int
    schema: str
    is_default: bool
    name: str
    is_partition: bool
    is_partitioned: bool
    tuples: float
    counted_pages: int
    live: int | None
    pages: int | None
    size: int | None

    def estimate(self) -> int | None:
        """Return about how many rows it holds itself, as the planner does it: the density then, over the pages of now."""
        if self.pages is None:  # dropped meanwhile
            return None
        if self.is_partitioned or self.pages == 0:
            return 0
        if self.tuples > 0 and self.counted_pages > 0:
            return round(self.tuples / self.counted_pages * self.pages)
        if self.tuples == 0 and self.counted_pages > 0:  # it was empty, but for what came since
            return self.live or 0
        return self.live or None


def read_statistics(url: URL) -> DatabaseStatistics:
    """See `DatabaseBackend`."""
    own = choose_driver(url, DRIVERS, "postgres", "psycopg2-binary")
    with reading(url, own, BEGIN, **SETTINGS) as connection:
        relations = {row[0]: PostgresRelation(*row) for row in connection.exec_driver_sql(TABLES)}
        children = defaultdict(list)
        for parent, child in connection.exec_driver_sql(CHILDREN):
            children[parent].append(child)
        version = str(connection.exec_driver_sql("SHOW server_version").scalar_one()).partition(" ")[0]
        revisions = read_revisions(connection, relations.values())
    found, unknown = [], []
    # a partition is no table that migrations name, its rows are those of the whole
    for relation in sorted(relations.values(), key=lambda relation: (relation.schema, relation.name)):
        if relation.is_partition or relation.name == VERSIONS:
            continue
        family = [relations[oid] for oid in with_children(relation.oid, children) if oid in relations]
        rows = [member.estimate() for member in family]
        if None in rows:
            unknown.append(relation.name if relation.is_default else f"{relation.schema}.{relation.name}")
            continue
        schema = None if relation.is_default else relation.schema
        size = sum(member.size or 0 for member in family)
        found.append(TableSize(schema=schema, name=relation.name, rows=sum(row or 0 for row in rows), size=size))
    return DatabaseStatistics("postgresql", version, revisions, tuple(found), tuple(unknown))


def with_children(oid: int, children: dict[int, list[int]]) -> set[int]:
    """Return a table with those that hold rows of it: its partitions, and what inherits from it."""
    found, left = set[int](), [oid]
    while left:
        if (here := left.pop()) not in found:
            found.add(here)
            left += children.get(here, ())
    return found


def read_revisions(connection: Connection, relations: Iterable[PostgresRelation]) -> tuple[str, ...]:
    """Return the revisions that the database has run, none where they cannot be read."""
    known = any(one.is_default and one.name == VERSIONS for one in relations)
    if not known or not connection.exec_driver_sql(MAY_READ).scalar_one():
        return ()
    return tuple(str(version) for (version,) in connection.exec_driver_sql(f"SELECT version_num FROM {VERSIONS}"))
