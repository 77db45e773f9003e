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

_STRING = re.compile(r"'(?:[^']|'')*'")
_CALL = re.compile(r"\b(\w+)\s*\(")


def is_volatile(default: str) -> bool:
    """Tell whether a DEFAULT's SQL calls a function that is known to be volatile; string literals call nothing."""
    return any(name.lower() in _VOLATILE for name in _CALL.findall(_STRING.sub("''", default)))
