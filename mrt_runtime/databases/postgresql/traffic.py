"""Traffic on PostgreSQL. See `TrafficDialect`.

Each attempt is one message to the server, and so one transaction that the client cannot hold up. It waits for a table while it has
no lock yet, and for a row never: a session that held the table's lock meanwhile could be waited for by the migration in turn.
"""

from __future__ import annotations

from typing import Any

from mrt_runtime.compare.schema import Table
from mrt_runtime.databases.driver_error import list_causes, read_state
from mrt_runtime.databases.postgresql.quoting import literal, name_in_schema, quote
from mrt_runtime.databases.traffic import TrafficEnd, find_row, list_keys

MEASURE = "SELECT extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp())::float8"
NOT_AVAILABLE = "55P03"
CANCELED = "57014"
REPEATABLE = frozenset({CANCELED, "40001", "40P01"})
"""SQLSTATEs: query_canceled, serialization_failure, deadlock_detected. Source: PostgreSQL's manual, appendix A."""


class PostgresTraffic:
    """The statements."""

    patience = 0.5  # below deadlock_timeout, whose default is a second

    def limit(self) -> tuple[str, ...]:
        return (f"SET lock_timeout = {int(self.patience * 1000)}",)

    def find_row(self, cursor: Any, table: Table, *, last: bool) -> str:
        keys = [quote(name) for name in list_keys(table)]
        return find_row(cursor, name_in_schema(table), keys, last=last, show="{}::text".format, write=literal)

    def read(self, table: Table, row: str) -> str:
        return f"SELECT 1 FROM {name_in_schema(table)} WHERE {row} LIMIT 1; {MEASURE}"

    def write(self, table: Table, row: str) -> str:
        name = name_in_schema(table)
        lock = f"SELECT 1 FROM {name} WHERE {row} LIMIT 1 FOR NO KEY UPDATE NOWAIT"
        return f"LOCK TABLE ONLY {name} IN ROW EXCLUSIVE MODE; {lock}; {MEASURE}"

    def judge(self, error: BaseException) -> TrafficEnd:
        states = {read_state(cause)[0] for cause in list_causes(error)}
        if NOT_AVAILABLE in states:
            return TrafficEnd.BUSY
        return TrafficEnd.GONE if states.isdisjoint(REPEATABLE) else TrafficEnd.AGAIN
