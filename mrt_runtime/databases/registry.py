"""The databases that are supported, by SQLAlchemy's names of their dialects.

To add one: a folder whose `backend` module has a class with the members of `DatabaseBackend`, and a line here. mypy names what the
class lacks, most clearly while it inherits from the protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from mrt_runtime.databases.protocol import DatabaseBackend

# Each imports its folder only when it is asked for: a run on SQLite does not wait for PostgreSQL's reader.


def _sqlite() -> DatabaseBackend:
    from mrt_runtime.databases.sqlite.backend import SQLiteBackend  # noqa: PLC0415  see above

    return SQLiteBackend()


def _postgresql() -> DatabaseBackend:
    from mrt_runtime.databases.postgresql.backend import PostgreSQLBackend  # noqa: PLC0415  see above

    return PostgreSQLBackend()


def _mysql() -> DatabaseBackend:
    from mrt_runtime.databases.mysql.backend import MySQLBackend  # noqa: PLC0415  see above

    return MySQLBackend()


BACKENDS: Mapping[str, Callable[[], DatabaseBackend]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}


@cache
def backend_of(dialect: str) -> DatabaseBackend:
    """Return what one of the dialects offers; KeyError for a dialect that is not supported."""
    return BACKENDS[dialect]()
