"""A PostgreSQL server on which copies of a given database are made. That database is read, in transactions that write nothing."""

from __future__ import annotations

from sqlalchemy import exc
from sqlalchemy.engine import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import choose_driver, mask
from mrt_runtime.databases.isolation import ROLE
from mrt_runtime.databases.postgresql.copied import CopiedPostgresContents, CopySource
from mrt_runtime.databases.postgresql.created import CreatedPostgresContents
from mrt_runtime.databases.postgresql.database import DRIVERS, PostgresDatabase
from mrt_runtime.databases.postgresql.existing import ExistingPostgresContents
from mrt_runtime.databases.postgresql.role import ScratchRole
from mrt_runtime.databases.postgresql.server import SETTINGS
from mrt_runtime.databases.postgresql.source import read_source
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.databases.server_connection import make_engine
from mrt_runtime.secret import scrub

SIZE = "SELECT pg_catalog.pg_database_size(current_database())"


class CopyingPostgresDatabase(PostgresDatabase):
    """Makes scratch databases that hold what another one holds, on its server or on another."""

    _source: CopySource

    def _fill(self, name: str, role: ScratchRole | None = None) -> CreatedPostgresContents:
        return CopiedPostgresContents(self._server, self._given, name, role, source=self._source)

    def _require_role(self, reason: str) -> None:
        if self._isolation == ROLE:
            raise ConfigurationError(
                f"On a copy of real rows migrations run as a role that may do nothing else, and there is none: {end(reason)} "
                'Or set isolation = "statements" under [tool.mrt]: statements are only read before they run then.'
            )

    def _borrow(self) -> ExistingPostgresContents:
        user = self._server.run("SELECT current_user")[0][0]
        raise ConfigurationError(
            f'The role {user!r} may not create a copy on {mask(self._url)}: ALTER ROLE "{user}" CREATEDB CREATEROLE allows it, or '
            "name another server with --db-url. Nothing was touched."
        )


def connect_copying(source: URL, target: URL | None, isolation: str, subset: int | None) -> CopyingPostgresDatabase:
    """See `DatabaseBackend`."""
    url = target if target is not None else source
    own, given_url = (choose_driver(one, DRIVERS, "postgres", "psycopg2-binary") for one in (url, source))
    own, given_url = (one.set(database=one.database or one.username or "postgres") for one in (own, given_url))
    try:
        with make_engine(given_url, **SETTINGS).connect() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = on")
            given = read_source(connection, str(given_url.database))
            size = int(connection.exec_driver_sql(SIZE).scalar_one())
    except exc.DBAPIError as error:
        raise ConfigurationError(f"{mask(source)} cannot be copied: {end(scrub(join(error.orig)))}") from None
    is_near = (own.host, own.port, own.query.get("host")) == (given_url.host, given_url.port, given_url.query.get("host"))
    database = CopyingPostgresDatabase(url, own, given, isolation)
    database._source = CopySource(given_url, is_near, size, subset)  # noqa: SLF001  its own class
    return database
