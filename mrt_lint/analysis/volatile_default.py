"""Server defaults whose value differs from row to row."""

from __future__ import annotations

import re

_VOLATILE = frozenset(
    [
        "random",
        "setseed",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "uuid_generate_v1",
        "uuid_generate_v1mc",
        "uuid_generate_v4",
        "clock_timestamp",
        "timeofday",
        "nextval",
        "currval",
        "lastval",
        "random_normal",
        "gen_random_bytes",
        "gen_salt",
        "txid_current",
        "pg_current_xact_id",
    ]
)
"""Functions that PostgreSQL, uuid-ossp and pgcrypto declare VOLATILE (`SELECT proname FROM pg_proc WHERE provolatile = 'v'`)."""

_MYSQL_STABLE = frozenset({"now", "current_timestamp", "localtime", "localtimestamp"})
"""Functions that MySQL and MariaDB take as a default like a constant."""
_MARIADB_VOLATILE = frozenset({"uuid", "uuid_short", "sys_guid", "nextval", "lastval", "random_bytes"})
"""Functions that MariaDB computes for each row; it takes others, even RAND(), once for the whole statement."""

_STRING = re.compile(r"'(?:[^']|'')*'")
_CALL = re.compile(r"\b(\w+)\s*\(")


def is_volatile(default: str) -> bool:
    """Return whether a DEFAULT's SQL calls a function that is known to be volatile; string literals call nothing."""
    return any(name.lower() in _VOLATILE for name in _CALL.findall(_STRING.sub("''", default)))


def is_computed(default: str, dialect: str) -> bool:
    """Return whether MySQL or MariaDB computes a DEFAULT for each row: MySQL does so with any expression that is no constant."""
    called = {name.lower() for name in _CALL.findall(_STRING.sub("''", default))}
    if dialect == "mariadb":
        return bool(called & _MARIADB_VOLATILE)
    return bool(called - _MYSQL_STABLE)
