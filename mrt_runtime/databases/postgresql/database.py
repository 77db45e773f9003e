"""The PostgreSQL database in `db_url`, beside which scratch databases are made."""

from __future__ import annotations

from sqlalchemy import URL, exc

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import choose_driver, keep_driver, mask
from mrt_runtime.databases.link import make_engine, refuse
from mrt_runtime.databases.postgresql.given import Given, read_given
from mrt_runtime.databases.postgresql.lent import UNWRITABLE, LentContents
from mrt_runtime.databases.postgresql.own import OwnContents
from mrt_runtime.databases.postgresql.scratch import PostgresScratch
from mrt_runtime.databases.postgresql.server import SETTINGS, Server
from mrt_runtime.databases.token import make_name

DRIVERS = {"psycopg": "psycopg", "psycopg2": "psycopg2", "psycopg2cffi": "psycopg2cffi", "pg8000": "pg8000"}
LONGEST_NAME = 63


class PostgresDatabase:
    """Makes databases on the given one's server, like it in encoding, collation, extensions and settings."""

    dialect = "postgresql"

    def __init__(self, url: URL, own: URL, given: Given, isolation: str) -> None:
        self._isolation = isolation
        self._url = url
        self._own = own
        self._given = given
        self._server = Server(own, given_exists=given.exists)
        self._made = 0

    @property
    def url(self) -> str:
        return mask(self._url)

    @property
    def server_url(self) -> URL:
        """The URL that our own connections use, password included."""
        return self._own

    def version(self) -> str:
        return str(self._server.run("SHOW server_version")[0][0])

    def make_scratch(self, worker: str = "main") -> PostgresScratch:
        self.sweep()
        if self._server.run("SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")[0][0]:
            self._made += 1
            name = make_name(self._given.name, self._server.token, f"{worker}_{self._made}", LONGEST_NAME - len("_c99999"))
            contents: OwnContents | LentContents = OwnContents(self._server, self._given, name)
        else:
            contents = self._borrow()
        try:
            contents.make()
        except BaseException:  # Ctrl-C among them
            contents.remove()
            raise
        own = self._own.set(database=contents.name)
        return PostgresScratch(self, self._server, contents, own, keep_driver(self._url.set(database=contents.name), own))

    def sweep(self) -> None:
        self._server.sweep()

    def close(self) -> None:
        self._server.close()

    def _borrow(self) -> LentContents:
        """Use the given database itself, if it has nothing to lose."""
        contents = LentContents(self._server, self._own, self._given.name)
        obstacle = contents.find_obstacle() if self._given.exists else "does not exist"
        if obstacle is None:
            return contents
        user = self._server.run("SELECT current_user")[0][0]
        otherwise = "let db_url name an empty database"
        if obstacle == UNWRITABLE:
            otherwise = f'run GRANT CREATE ON SCHEMA public TO "{user}" in that database'
        raise ConfigurationError(
            f"The role {user!r} may not create scratch databases, and {self.url} cannot serve as one because it {obstacle}. "
            f'Grant it with ALTER ROLE "{user}" CREATEDB, or {otherwise}. Nothing was touched.'
        )


def connect(url: URL, isolation: str) -> PostgresDatabase:
    """Reach the server and look at the given database, which need not exist yet. Raises ConfigurationError where that fails."""
    own = choose_driver(url, DRIVERS, "postgres", "psycopg2-binary")
    own = own.set(database=own.database or own.username or "postgres")
    try:
        with make_engine(own, **SETTINGS).connect() as connection:
            given = read_given(connection, str(own.database))
    except exc.DBAPIError as error:
        given = Given(str(own.database))
        try:
            return PostgresDatabase(url, own, given, isolation)
        except ConfigurationError:
            raise refuse(url, error.orig) from None
    return PostgresDatabase(url, own, given, isolation)
