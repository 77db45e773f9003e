"""How large MySQL or MariaDB believes its tables to be: information_schema.TABLES, in a transaction that may only read."""

from __future__ import annotations

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection

from mrt_lint.model.table_size import TableSize
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import choose_driver, mask
from mrt_runtime.databases.mysql.database import DRIVERS
from mrt_runtime.databases.statistics import VERSIONS, DatabaseStatistics, reading

TABLES = """
SELECT table_name, table_rows, data_length, coalesce(data_length, 0) + coalesce(index_length, 0) FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name
"""
BEGIN = (
    # a migration that is running may hold a table for long
    "SET SESSION lock_wait_timeout = 5",
    "START TRANSACTION READ ONLY",
)
OWN_FIGURES = "SET SESSION information_schema_stats_expiry = 0"
"""MySQL alone keeps figures for a day, and a session that finds them too old writes them again: this one asks the engine."""
NOT_EMPTY = 1_000_000
"""Bytes of rows from which on a table is not believed to hold none: its statistics are older than its rows."""


def read_statistics(url: URL) -> DatabaseStatistics:
    """See `DatabaseBackend`."""
    if not url.database:
        raise ConfigurationError(f"{mask(url)} names no database: write it behind the last slash.")
    own = choose_driver(url, DRIVERS, "mysql")
    with reading(url, own, BEGIN) as connection:
        version = str(connection.exec_driver_sql("SELECT VERSION()").scalar_one())
        dialect = "mariadb" if "mariadb" in version.lower() else "mysql"
        if dialect == "mysql":
            connection.exec_driver_sql(OWN_FIGURES)
        rows = connection.exec_driver_sql(TABLES).all()
        revisions = read_revisions(connection) if any(row[0] == VERSIONS for row in rows) else ()
    found, unknown = [], []
    for name, count, length, size in rows:
        if str(name) == VERSIONS:
            continue
        if count is None or (int(count) == 0 and int(length or 0) > NOT_EMPTY):
            unknown.append(str(name))
        else:
            found.append(TableSize(schema=None, name=str(name), rows=int(count), size=int(size)))
    return DatabaseStatistics(dialect, version.partition("-")[0], revisions, tuple(found), tuple(unknown))


def read_revisions(connection: Connection) -> tuple[str, ...]:
    """Return the revisions that the database has run, none where the account may not see that."""
    try:
        return tuple(str(version) for (version,) in connection.exec_driver_sql(f"SELECT version_num FROM {VERSIONS}"))
    except exc.DBAPIError:
        return ()
