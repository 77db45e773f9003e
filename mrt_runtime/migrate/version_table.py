"""What Alembic asks of its version table, in cheap queries: SQLAlchemy's take longer to write than a server to answer."""

from __future__ import annotations

from typing import Any

from alembic.runtime.migration import MigrationContext

PLACE = "mrt_version_table"
"""Name under which a context keeps what is known of its version table."""


class VersionTable:
    """The version table of one context."""

    def __init__(self, context: MigrationContext) -> None:
        self._context = context
        self._connection: Any = context.connection
        self._has, self._read = context._has_version_table, context.get_current_heads  # noqa: SLF001  there is no hook for it
        self._is_asked = False
        self._current_schema: str | None = None

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(part for part in (self._context.version_table_schema, self._context.version_table) if part)

    @property
    def _quoted(self) -> str:
        """Its name in a statement; empty where it would have to be written otherwise."""
        is_plain = not set("'%\\") & set("".join(self._names))
        is_translated = self._connection.get_execution_options().get("schema_translate_map")
        quote = self._connection.dialect.identifier_preparer.quote
        return ".".join(map(quote, self._names)) if is_plain and not is_translated else ""

    def is_there(self) -> bool:
        """Whether Alembic finds it through the search path; where it is not found so, Alembic's own question follows."""
        known = {"postgresql": self._is_on_postgresql, "mysql": self._is_on_mysql, "mariadb": self._is_on_mysql}
        ask = known.get(self._connection.dialect.name)
        return bool(self._quoted and ask and ask()) or self._has()

    def _is_on_postgresql(self) -> bool:
        query = f"SELECT pg_catalog.to_regclass('{self._quoted}') IS NOT NULL, pg_catalog.current_schema()"
        found, self._current_schema = self._connection.exec_driver_sql(query).one()
        self._is_asked = True
        return bool(found)

    def _is_on_mysql(self) -> bool:
        *schema, name = self._names
        place = f"'{schema[0]}'" if schema else "DATABASE()"
        query = f"SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {place} AND TABLE_NAME = '{name}'"
        return bool(self._connection.exec_driver_sql(query).scalar())

    def read_heads(self) -> tuple[str, ...]:
        """Return what it holds; nothing where it is not there."""
        context, name = self._context, self._quoted
        if context.as_sql or context._start_from_rev or not name:  # noqa: SLF001  as above
            return self._read()
        if not context._has_version_table():  # noqa: SLF001  as above
            return ()
        return tuple(self._connection.exec_driver_sql(f"SELECT version_num FROM {name}").scalars())

    @property
    def current_schema(self) -> str | None:
        """Where a table without a schema of its own is on PostgreSQL."""
        if not self._is_asked:
            self._current_schema = self._connection.exec_driver_sql("SELECT pg_catalog.current_schema()").scalar()
        return self._current_schema


def ask_at_once(context: MigrationContext) -> None:
    """Have Alembic ask the cheap queries."""
    if context.connection is not None:
        table = vars(context)[PLACE] = VersionTable(context)
        context._has_version_table = table.is_there  # type: ignore[method-assign]  # noqa: SLF001  as above
        context.get_current_heads = table.read_heads  # type: ignore[method-assign]  # as above


def find_current_schema(context: MigrationContext) -> str | None:
    """Return where a version table without a schema of its own is: where env.py has led the connection, a tenant's perhaps."""
    table: VersionTable = vars(context)[PLACE]
    return table.current_schema
