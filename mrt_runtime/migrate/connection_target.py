"""Where a driver is about to connect to, read from the arguments of its connect()."""

from __future__ import annotations

from typing import Any

from mrt_runtime.databases import ConnectionTarget


def read_target(dialect: str, arguments: list[Any], settings: dict[str, Any]) -> ConnectionTarget:
    """Read a driver's connect() arguments: SQLite's drivers take the file first, the others name what they are given."""
    database = next((settings[name] for name in ("dbname", "database", "db") if settings.get(name)), None)
    if database is None and arguments and isinstance(arguments[0], str):
        database = arguments[0]
    host, port, user = settings.get("host"), str(settings.get("port")), settings.get("user")
    return ConnectionTarget(
        dialect=dialect,
        database=database,
        host=host if isinstance(host, str) else None,
        port=int(port) if port.isdigit() else None,
        user=user if isinstance(user, str) else None,
    )
