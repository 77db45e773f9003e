"""The PostgreSQL database in `db_url`, beside which scratch databases are made."""

from __future__ import annotations

from sqlalchemy import exc
from sqlalchemy.engine import URL, Engine

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import choose_driver, keep_driver, mask
from mrt_runtime.databases.isolation import ROLE, STATEMENTS, Isolation
from mrt_runtime.databases.postgresql.created import CreatedPostgresContents
from mrt_runtime.databases.postgresql.existing import UNWRITABLE, ExistingPostgresContents
from mrt_runtime.databases.postgresql.role import ScratchRole, create_role
from mrt_runtime.databases.postgresql.scratch import PostgresScratch
from mrt_runtime.databases.postgresql.server import SETTINGS, PostgresServer
from mrt_runtime.databases.postgresql.source import SourceDatabase, read_source
from mrt_runtime.databases.sentences import join
from mrt_runtime.databases.server_connection import make_engine, refuse
from mrt_runtime.databases.token import make_name
from mrt_runtime.secret import scrub

DRIVERS = {"psycopg": "psycopg", "psycopg2": "psycopg2", "psycopg2cffi": "psycopg2cffi", "pg8000": "pg8000"}
LONGEST_NAME = 63


class PostgresDatabase:
    """Makes databases on the given one's server, like it in encoding, collation, extensions and settings."""

    dialect = "postgresql"

    def __init__(self, url: URL, own: URL, given: SourceDatabase, isolation: str) -> None:
        self._isolation = isolation
        self._url = url
        self._own = own
        self._given = given
        self._server = PostgresServer(own, given_exists=given.exists)
        self._made = 0

    @property
    def url(self) -> str:
        return mask(self._url)

    def version(self) -> str:
        return str(self._server.run("SHOW server_version")[0][0])

    def make_scratch(self, worker: str = "main") -> PostgresScratch:
        self.sweep()
        if not self._server.run("SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")[0][0]:
            return self._open(self._borrow(), "the given database itself serves as the scratch database")
        reason = "it was asked for"
        if self._isolation == ROLE:
            made = self._make_with_role(self._next_name(worker))
            if isinstance(made, PostgresScratch):
                return made
            reason = made
        self._require_role(reason)
        return self._open(self._fill(self._next_name(worker)), reason)

    def _make_with_role(self, name: str) -> PostgresScratch | str:
        """Make a scratch database that a role of its own owns; return why that cannot be had where it cannot."""
        try:
            role = create_role(self._server, name, self._given.name)
            if not isinstance(role, ScratchRole):
                return role
            made = self._open(self._fill(name, role))
        except BaseException:  # Ctrl-C among them
            self._server.drop_roles([name])
            raise
        try:
            # pg_hba.conf may allow only certain roles to connect, and nothing in the catalogue shows that
            refusal = find_refusal(made.engine)
        except BaseException:
            made.drop()
            raise
        if not refusal:
            return made
        made.drop()
        return f"the role of the run cannot connect ({refusal})"

    def _fill(self, name: str, role: ScratchRole | None = None) -> CreatedPostgresContents:
        """Return what fills the scratch database of that name."""
        return CreatedPostgresContents(self._server, self._given, name, role)

    def _require_role(self, reason: str) -> None:
        """Raise ConfigurationError where migrations may not run as the given role, which is what they would do for that reason."""

    def _next_name(self, worker: str) -> str:
        self._made += 1
        return make_name(self._given.name, self._server.token, f"{worker}_{self._made}", LONGEST_NAME - len("_c99999"))

    def _open(self, contents: CreatedPostgresContents | ExistingPostgresContents, reason: str = "") -> PostgresScratch:
        """Fill a scratch database and return it; `reason` is why it has no role of its own."""
        try:
            contents.make()
        except BaseException:  # Ctrl-C among them
            contents.remove()
            raise
        own, given = self._own.set(database=contents.name), self._url.set(database=contents.name)
        if contents.role is not None:
            own, given = (as_role(url, contents.role) for url in (own, given))
        isolation = Isolation(level=STATEMENTS if reason else ROLE, reason=reason, tail=contents.role.tail if contents.role else "")
        return PostgresScratch(self, self._server, contents, urls=(own, keep_driver(given, own)), isolation=isolation)

    def sweep(self) -> None:
        self._server.sweep()

    def close(self) -> None:
        self._server.close()

    def _borrow(self) -> ExistingPostgresContents:
        """Use the given database itself, if it has nothing to lose."""
        contents = ExistingPostgresContents(self._server, self._own, self._given.name)
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


def as_role(url: URL, role: ScratchRole) -> URL:
    """Return the URL with which the role of a scratch database connects; nothing in it names the given role."""
    return url.difference_update_query(("user", "password", "passfile", "service")).set(username=role.name, password=role.password)


def find_refusal(engine: Engine) -> str:
    """Return why the server does not allow a role to connect, in its own words; empty where it does."""
    try:
        engine.connect().close()
    except exc.DBAPIError as error:
        return join(scrub(str(error.orig)))
    return ""


def connect(url: URL, isolation: str) -> PostgresDatabase:
    """Reach the server and look at the given database, which need not exist yet. Raises ConfigurationError where that fails."""
    own = choose_driver(url, DRIVERS, "postgres", "psycopg2-binary")
    # libpq's default is a database named after the user
    own = own.set(database=own.database or own.username or "postgres")
    try:
        with make_engine(own, **SETTINGS).connect() as connection:
            given = read_source(connection, str(own.database))
    except exc.DBAPIError as error:
        # not there yet, or the server is away: reaching the server itself shows which
        given = SourceDatabase(str(own.database))
        try:
            return PostgresDatabase(url, own, given, isolation)
        except ConfigurationError:
            raise refuse(url, error.orig) from None
    return PostgresDatabase(url, own, given, isolation)
