"""Which databases a dialect guard or a declared dialect means."""

from __future__ import annotations

from mrt_lint.model.values import DIALECTS

FAMILY = frozenset({"mysql", "mariadb"})
"""MySQL and its forks."""


def named(guard: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the databases that a guard means: none if it only excludes some, PostgreSQL without a guard.

    So `if dialect != "postgresql"` does not declare that the database is MySQL.
    """
    if guard is None or "postgresql" in guard:
        return ("postgresql",)
    # a guard of more than half of all dialects was an exclusion when it was written
    return guard if 2 * len(guard) <= len(DIALECTS) else ()


def admits(guard: tuple[str, ...] | None, dialect: str) -> bool:
    """Return whether what is under a guard (None: no guard) runs on a dialect.

    SQLAlchemy calls a MariaDB server "mysql" or "mariadb" after the URL it was reached by. So a guard that names one of them means
    MariaDB, and one that leaves one of them out, as the other branch of such a guard does, leaves MariaDB out.
    """
    if guard is None or dialect != "mariadb":
        return guard is None or dialect in guard
    named = FAMILY & set(guard)
    return bool(named) if 2 * len(guard) <= len(DIALECTS) else named == FAMILY
