"""What the database in `db_url` is like, so that scratch databases can be like it. It is only read."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from mrt_runtime.databases.postgresql.quoting import literal, quote

HOLDS_TABLES = """
SELECT EXISTS (
  SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg_toast%' AND n.nspname NOT LIKE 'pg_temp%' AND n.nspname !~ '^lent_mrt_[0-9a-f]{20}$'
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
"""
EXTENSIONS = """
SELECT e.extname, n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY e.oid
"""
SCHEMAS = """
SELECT nspname FROM pg_catalog.pg_namespace
WHERE nspname NOT IN ('information_schema', 'public') AND nspname NOT LIKE 'pg\\_%' AND nspname !~ '^lent_mrt_[0-9a-f]{20}$'
ORDER BY oid
"""
SETTINGS = """
SELECT unnest(s.setconfig) FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
WHERE d.datname = current_database() AND s.setrole = 0
"""
HOME = """
SELECT current_schema() WHERE current_schema() IS NOT NULL AND 'public' <> ALL (current_schemas(false))
"""
USER = '"$user"'
PATH = """
SELECT current_setting('search_path') WHERE strpos(current_setting('search_path'), '"$user"') > 0
AND EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = current_user)
"""
READ_ONLY = "default_transaction_read_only"
"""What keeps a database from being written to is not for a scratch database."""
OPTIONS = """
SELECT d.*, pg_catalog.pg_encoding_to_char(d.encoding) AS encoding_name FROM pg_catalog.pg_database d
WHERE d.datname = current_database()
"""
LISTS = {"search_path", "session_preload_libraries", "local_preload_libraries", "temp_tablespaces"}
"""Settings whose values are lists of identifiers, quoted already. Source: PostgreSQL's guc_tables.c, GUC_LIST_QUOTE."""


@dataclass(frozen=True, slots=True)
class SourceDatabase:
    """The given database; by default, one that does not exist yet."""

    name: str
    exists: bool = False
    holds_tables: bool = False
    options: str = ""
    extensions: tuple[tuple[str, str], ...] = ()
    schemas: tuple[str, ...] = ()
    settings: tuple[str, ...] = field(default=())
    home: tuple[str, ...] = ()
    """The schema without which there would be none to create the first table in: the only one on the search_path."""
    path: str = ""
    """The search_path, where `"$user"` in it means a schema that is there."""

    def preparation(self) -> list[str]:
        """Write the statements that make an empty database ready for the migrations as this one is; each may be refused."""
        before_tables = () if self.holds_tables else self.schemas
        schemas = dict.fromkeys((*(schema for _, schema in self.extensions), *before_tables, *self.home))
        return [
            *(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}" for schema in schemas if schema not in {"public", "pg_catalog"}),
            *(f"CREATE EXTENSION IF NOT EXISTS {quote(name)} SCHEMA {quote(schema)} CASCADE" for name, schema in self.extensions),
        ]

    def settings_for(self, database: str, user: str = "") -> list[str]:
        """Write the statements that copy this one's settings to another database; each may be refused.

        user: whom `"$user"` in a search_path means, where migrations run as another role.
        """
        statements = []
        path = (f"search_path={self.path}",) if user and self.path else ()  # in front of what is set for this database
        for setting in (*path, *self.settings):
            name, _, value = setting.partition("=")
            if name == READ_ONLY:
                continue
            shown = value if name in LISTS and value else literal(value)
            shown = shown.replace(USER, quote(user)) if user and name == "search_path" else shown
            statements.append(f"ALTER DATABASE {quote(database)} SET {name} TO {shown}")
        return statements


def read_source(connection: Connection, name: str) -> SourceDatabase:
    """Look at the database that this connection is to."""

    def read(statement: str) -> list[tuple[str, ...]]:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]

    return SourceDatabase(
        name=name,
        exists=True,
        holds_tables=bool(read(HOLDS_TABLES)[0][0]),
        options=read_options(connection),
        extensions=tuple((extension, schema) for extension, schema in read(EXTENSIONS)),
        schemas=tuple(schema for (schema,) in read(SCHEMAS)),
        settings=tuple(setting for (setting,) in read(SETTINGS)),
        home=tuple(schema for (schema,) in read(HOME)),
        path="".join(path for (path,) in read(PATH)),
    )


def read_options(connection: Connection) -> str:
    """Write the options of CREATE DATABASE that set the same encoding and collation; the columns differ by server version."""
    found = connection.exec_driver_sql(OPTIONS).mappings().one()
    row, encoding = {name: None if value is None else str(value) for name, value in found.items()}, str(found["encoding_name"])
    collate, ctype = row["datcollate"] or "C", row["datctype"] or "C"
    options = f"ENCODING {literal(encoding)} LC_COLLATE {literal(collate)} LC_CTYPE {literal(ctype)}"
    locale = row.get("datlocale") or row.get("daticulocale")
    if locale is not None and row.get("datlocprovider") == "i":
        options += f" LOCALE_PROVIDER icu ICU_LOCALE {literal(locale)}"
    elif locale is not None and row.get("datlocprovider") == "b":
        options += f" LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(locale)}"
    return options
