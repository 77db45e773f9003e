"""What MySQL and MariaDB offer: the members of `DatabaseBackend`."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.mysql.catalogue import read_catalogue
from mrt_runtime.databases.mysql.content import read_content
from mrt_runtime.databases.mysql.copying import connect_copying
from mrt_runtime.databases.mysql.database import connect
from mrt_runtime.databases.mysql.fingerprint import read_fingerprint, stream_rows
from mrt_runtime.databases.mysql.positions import keep_positions, set_positions
from mrt_runtime.databases.mysql.statistics import read_statistics
from mrt_runtime.databases.mysql.values import MySQLValues


class MySQLBackend:
    """MySQL and MariaDB, as the registry has them."""

    values = MySQLValues()
    # Stored programs that a trigger calls may not commit (https://dev.mysql.com/doc/refman/8.0/en/stored-program-restrictions.html)
    connect = staticmethod(connect)
    read_catalogue = staticmethod(read_catalogue)
    read_content = staticmethod(read_content)
    connect_copying = staticmethod(connect_copying)
    read_fingerprint = staticmethod(read_fingerprint)
    read_statistics = staticmethod(read_statistics)
    stream_rows = staticmethod(stream_rows)
    keep_positions = staticmethod(keep_positions)
    set_positions = staticmethod(set_positions)

    def move_reading(self, connection: Connection, schema: Schema, rows: Rows) -> None:
        """Return None."""

    def rows_change_schema(self, schema: Schema) -> bool:  # noqa: ARG002  its triggers may not
        """Return False."""
        return False
