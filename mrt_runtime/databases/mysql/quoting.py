"""How MySQL and MariaDB spell names and strings."""

from __future__ import annotations

from sqlalchemy.dialects.mysql.base import MySQLDialect

_PREPARER = MySQLDialect(paramstyle="named").identifier_preparer  # other styles would double a percent sign


def quote(name: str) -> str:
    """Return a name as an identifier."""
    return _PREPARER.quote_identifier(name)


def literal(value: str) -> str:
    """Return a string as a literal that means the same whatever `sql_mode` is.

    Whether a backslash escapes depends on NO_BACKSLASH_ESCAPES, which a project may set for its sessions; bytes have no such rule.
    """
    return f"_utf8mb4 X'{value.encode().hex()}'" if "\\" in value else "'" + value.replace("'", "''") + "'"
