"""How large the tables of a SQLite file are: what ANALYZE wrote down, else rows counted up to a limit. The file is only read.

Sizes in bytes are left out: SQLite finds them by reading the whole file.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.engine import URL

from mrt_lint.model.table_size import TableSize
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import mask
from mrt_runtime.databases.sqlite.copying import reading
from mrt_runtime.databases.sqlite.database import locate
from mrt_runtime.databases.statistics import VERSIONS, DatabaseStatistics

MOST_COUNTED = 1_000_000
"""Rows after which counting ends: then the table is written down as one of so many."""
BELIEVED = 100_000
"""Rows from which on ANALYZE is believed: fewer are counted, since ANALYZE may have been long ago."""
TABLES = """
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND coalesce(sql, '') NOT LIKE 'CREATE VIRTUAL%' ORDER BY name
"""
ANALYZED = "SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl"


def read_statistics(url: URL) -> DatabaseStatistics:
    """See `DatabaseBackend`."""
    given = locate(url)
    if given is None:
        raise ConfigurationError(f"{mask(url)} is in memory, where no table has a size yet: name a file.")
    if not given.is_file():
        raise ConfigurationError(f"{mask(url)} cannot be read: {given} {'is a folder' if given.is_dir() else 'does not exist'}.")
    try:
        with reading(given) as connection:
            names = [str(name) for (name,) in connection.execute(TABLES)]
            has_analyzed = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone()
            analyzed = dict(connection.execute(ANALYZED).fetchall()) if has_analyzed else {}
            tables = [
                TableSize(schema=None, name=name, rows=count(connection, name, analyzed.get(name) or 0))
                for name in names
                if name != VERSIONS
            ]
            revisions = connection.execute(f"SELECT version_num FROM {VERSIONS}").fetchall() if VERSIONS in names else []
    except (sqlite3.Error, OSError) as error:
        raise ConfigurationError(f"{given} cannot be read as a SQLite database: {error}.") from None
    return DatabaseStatistics("sqlite", sqlite3.sqlite_version, tuple(str(version) for (version,) in revisions), tuple(tables), ())


def count(connection: sqlite3.Connection, name: str, analyzed: int) -> int:
    """Return how many rows a table has, for many what ANALYZE found or else the limit."""
    if analyzed >= BELIEVED:
        return analyzed
    table = '"' + name.replace('"', '""') + '"'
    return int(connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {MOST_COUNTED})").fetchone()[0])
