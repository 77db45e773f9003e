"""Which guards and declarations speak of which databases."""

from __future__ import annotations

_SAME_DRIVERS = {"mysql": "mariadb", "mariadb": "mysql"}


def admits(guard: tuple[str, ...] | None, dialect: str) -> bool:
    """Tell whether what stands under a guard (None: no guard) runs on a dialect.

    SQLAlchemy calls a MariaDB server "mysql" or "mariadb" after the URL it was reached by, so either name admits the other.
    """
    return guard is None or dialect in guard or _SAME_DRIVERS.get(dialect) in guard
