"""Traffic on MySQL and MariaDB. See `TrafficDialect`.

A session waits there for whole seconds. A migration that changes a table commits first, so a session that waits for one of its rows
and has the table's metadata lock meanwhile is let through before the migration waits for it.
"""

from __future__ import annotations

from typing import Any

from mrt_runtime.compare.schema import Table
from mrt_runtime.databases.driver_error import list_causes, read_state
from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.traffic import TrafficEnd, find_row, list_keys

MEASURE = "SELECT TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) / 1000000"
"""NOW() is when a statement began, SYSDATE() when it is evaluated, which is once the row is found and locked."""
TIMED_OUT = 1205
REPEATABLE = frozenset({1213, 1317, 1412})
"""Of a deadlock, an interruption and a table that has changed meanwhile. Source: MySQL's server error message reference."""


class MySQLTraffic:
    """The statements."""

    patience = 1.0

    def limit(self) -> tuple[str, ...]:
        return ("SET SESSION lock_wait_timeout = 1", "SET SESSION innodb_lock_wait_timeout = 1")

    def find_row(self, cursor: Any, table: Table, *, last: bool) -> str:
        keys = [quote(name) for name in list_keys(table)]
        return find_row(cursor, quote(table.name), keys, last=last, show="{}".format, write=write_value)

    def read(self, table: Table, row: str) -> str:
        return f"{MEASURE} FROM {quote(table.name)} WHERE {row} LIMIT 1"

    def write(self, table: Table, row: str) -> str:
        return f"{MEASURE} FROM {quote(table.name)} WHERE {row} LIMIT 1 FOR UPDATE"

    def judge(self, error: BaseException) -> TrafficEnd:
        numbers = {read_state(cause)[1] for cause in list_causes(error)}
        if TIMED_OUT in numbers:
            return TrafficEnd.BUSY
        return TrafficEnd.GONE if numbers.isdisjoint(REPEATABLE) else TrafficEnd.AGAIN


def write_value(value: Any) -> str:
    """Write a value of a key as a literal."""
    if isinstance(value, bytes | bytearray):
        return f"X'{bytes(value).hex()}'"
    return str(value) if isinstance(value, int) else literal(str(value))
