"""Whether there is a version table, asked in one cheap query: SQLAlchemy's takes longer to write than PostgreSQL to answer."""

from __future__ import annotations

from typing import Any

from alembic.runtime.migration import MigrationContext


def ask_at_once(context: MigrationContext) -> None:
    """Have Alembic find its version table through the search path; where it is not found so, Alembic's own question follows."""
    connection: Any = context.connection
    if connection is None or connection.dialect.name != "postgresql":
        return
    ask, quote = context._has_version_table, connection.dialect.identifier_preparer.quote  # noqa: SLF001  there is no hook for it
    name = ".".join(quote(part) for part in (context.version_table_schema, context.version_table) if part)

    def has_version_table() -> bool:
        query = f"SELECT pg_catalog.to_regclass('{name}') IS NOT NULL"
        is_plain = not set("'%\\") & set(name)
        return bool(is_plain and connection.exec_driver_sql(query).scalar()) or ask()

    context._has_version_table = has_version_table  # type: ignore[method-assign]  # noqa: SLF001  as above
