"""What SQLite offers: the members of `DatabaseBackend`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.sqlite.catalogue import read_catalogue
from mrt_runtime.databases.sqlite.content import AUTOINCREMENT, read_content
from mrt_runtime.databases.sqlite.copying import connect_copying
from mrt_runtime.databases.sqlite.database import connect
from mrt_runtime.databases.sqlite.fingerprint import read_fingerprint, stream_rows
from mrt_runtime.databases.sqlite.statistics import read_statistics
from mrt_runtime.databases.sqlite.values import SQLiteValues


class SQLiteBackend:
    """SQLite, as the registry has it."""

    values = SQLiteValues()
    # Triggers hold statements on rows only (https://sqlite.org/lang_createtrigger.html)
    connect = staticmethod(connect)
    read_catalogue = staticmethod(read_catalogue)
    read_content = staticmethod(read_content)
    connect_copying = staticmethod(connect_copying)
    read_fingerprint = staticmethod(read_fingerprint)
    read_statistics = staticmethod(read_statistics)
    stream_rows = staticmethod(stream_rows)

    def keep_positions(self, connection: Connection, schema: Schema) -> AbstractContextManager[object]:  # noqa: ARG002  see below
        """Do nothing: the counters of AUTOINCREMENT are rows of a table."""
        return nullcontext()

    def set_positions(self, connection: Connection, schema: Schema, numbers: Mapping[tuple[str, ...], int]) -> None:
        """See `DatabaseBackend`; each counter is a row with the highest number so far."""
        for table in schema.tables:
            number = next((number for (label, *_), number in numbers.items() if label == table.label), None)
            if number is not None:
                change = f"UPDATE {AUTOINCREMENT} SET seq = ? WHERE name = ?"
                connection.exec_driver_sql(change, (number - 1, table.name))
        connection.commit()

    def move_reading(self, connection: Connection, schema: Schema, rows: Rows) -> None:
        """Return None."""

    def rows_change_schema(self, schema: Schema) -> bool:  # noqa: ARG002  its triggers may not
        """Return False."""
        return False
