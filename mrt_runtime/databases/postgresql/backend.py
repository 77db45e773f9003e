"""What PostgreSQL offers: the members of `DatabaseBackend`."""

from __future__ import annotations

from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.postgresql.catalogue import read_catalogue
from mrt_runtime.databases.postgresql.content import read_content
from mrt_runtime.databases.postgresql.copying import connect_copying
from mrt_runtime.databases.postgresql.database import connect
from mrt_runtime.databases.postgresql.fingerprint import read_fingerprint, stream_rows
from mrt_runtime.databases.postgresql.moved_reading import move_reading
from mrt_runtime.databases.postgresql.positions import keep_positions, set_positions
from mrt_runtime.databases.postgresql.statistics import read_statistics
from mrt_runtime.databases.postgresql.values import PostgreSQLValues

CODE = frozenset({"function", "procedure", "aggregate", "trigger", "rule", "event trigger", "extension"})
"""Kinds of objects that may execute any statement when rows are written, or when a default or a check is computed."""


class PostgreSQLBackend:
    """PostgreSQL, as the registry has it."""

    values = PostgreSQLValues()
    connect = staticmethod(connect)
    read_catalogue = staticmethod(read_catalogue)
    read_content = staticmethod(read_content)
    move_reading = staticmethod(move_reading)
    connect_copying = staticmethod(connect_copying)
    read_fingerprint = staticmethod(read_fingerprint)
    read_statistics = staticmethod(read_statistics)
    stream_rows = staticmethod(stream_rows)
    keep_positions = staticmethod(keep_positions)
    set_positions = staticmethod(set_positions)

    def rows_change_schema(self, schema: Schema) -> bool:
        """See `DatabaseBackend`."""
        return any(one.kind in CODE for one in schema.objects)
