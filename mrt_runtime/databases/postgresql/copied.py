"""A scratch database that holds what the given database holds: copied by the server, or dumped and restored."""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.pipeline import transfer
from mrt_runtime.databases.postgresql.answers import install
from mrt_runtime.databases.postgresql.created import CreatedPostgresContents
from mrt_runtime.databases.postgresql.quoting import literal, quote
from mrt_runtime.databases.postgresql.role import ScratchRole
from mrt_runtime.databases.postgresql.server import SETTINGS, PostgresServer, silence
from mrt_runtime.databases.postgresql.source import SourceDatabase
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.databases.server_connection import make_engine
from mrt_runtime.secret import scrub

BY_FILES = 150000
"""Version since which a copy by files is asked for; by default all of it goes through the log. Source: CREATE DATABASE."""
LARGE = 64 * 1024 * 1024  # bytes from which on that pays
LOCAL = {None, "", "localhost", "127.0.0.1", "::1"}
PROGRAMS = ("pg_dump", "psql")
SESSIONS = (
    "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = {name} AND pid <> pg_catalog.pg_backend_pid()"
    " AND coalesce(backend_type, 'client backend') = 'client backend'"
)
READ_ONLY = "-c default_transaction_read_only=on"
OWNED = """
WITH kept AS (SELECT objid FROM pg_catalog.pg_depend
  WHERE (deptype IN ('e', 'i') AND objsubid = 0) OR (deptype = 'a' AND refobjsubid > 0))
SELECT format('ALTER SCHEMA %I', n.nspname) FROM pg_catalog.pg_namespace AS n WHERE n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND n.nspowner <> 'pg_database_owner'::regrole AND n.oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER TABLE %s', c.oid::regclass) FROM pg_catalog.pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.oid >= 16384 AND c.oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER SEQUENCE %s', c.oid::regclass) FROM pg_catalog.pg_class AS c
WHERE c.relkind = 'S' AND c.oid >= 16384 AND c.oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER ROUTINE %s', p.oid::regprocedure) FROM pg_catalog.pg_proc AS p
WHERE p.oid >= 16384 AND p.oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER TYPE %s', t.oid::regtype) FROM pg_catalog.pg_type AS t
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND t.oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER STATISTICS %I.%I', n.nspname, s.stxname) FROM pg_catalog.pg_statistic_ext AS s
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
UNION ALL SELECT format('ALTER COLLATION %s', c.oid::regcollation) FROM pg_catalog.pg_collation AS c
WHERE c.oid >= 16384 AND c.oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER TEXT SEARCH CONFIGURATION %s', c.oid::regconfig) FROM pg_catalog.pg_ts_config AS c
WHERE c.oid >= 16384 AND c.oid NOT IN (SELECT objid FROM kept)
UNION ALL SELECT format('ALTER TEXT SEARCH DICTIONARY %s', d.oid::regdictionary) FROM pg_catalog.pg_ts_dict AS d
WHERE d.oid >= 16384 AND d.oid NOT IN (SELECT objid FROM kept)
"""
"""Everything in a copy that has an owner and reaches nothing outside: all but foreign tables, publications and event triggers."""
DOORS = """
SELECT format('DROP USER MAPPING IF EXISTS FOR %s SERVER %I',
  CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END, srvname)
FROM pg_catalog.pg_user_mappings
UNION ALL SELECT format('REVOKE ALL ON %s FROM PUBLIC', oid::regclass) FROM pg_catalog.pg_class WHERE relkind = 'f'
"""
"""What leads from a copy to other servers, and goes."""


@dataclass(frozen=True, slots=True)
class CopySource:
    """Where the rows come from. `url` is for our own driver; `is_near` is whether it is on the server of the scratch database.

    subset: how many rows of each table are copied, with all that they refer to; None for all.
    """

    url: URL
    is_near: bool
    size: int
    subset: int | None = None


class CopiedPostgresContents(CreatedPostgresContents):
    """Fills the scratch database with a copy, which its role owns with all that is in it."""

    keeps_session = False  # a session that goes on has not counted the rows that it changed
    _most_waste = 0  # each is as large as the given database

    def __init__(
        self, server: PostgresServer, given: SourceDatabase, name: str, role: ScratchRole | None, *, source: CopySource
    ) -> None:
        super().__init__(server, given, name, role)
        self._source = source

    def _copy_given(self) -> bool:
        if self._source.subset is not None:
            self._sample(self._source.subset)
            return True
        self._require_room()
        refusal = self._clone() if self._source.is_near else "it is on another server"
        if refusal:
            self._restore(refusal)
        return True

    def _require_room(self) -> None:
        """Raise ConfigurationError where the server is on this machine and its disk has less room than the copy takes."""
        try:
            folder = Path(str(self._server.run("SHOW data_directory")[0][0]))
            free = shutil.disk_usage(folder).free if self._server.url.host in LOCAL else None
        except (exc.DBAPIError, OSError):  # not allowed to know, or another machine's
            return
        if free is not None and free < self._source.size:
            sizes = f"{self._source.size / 1e6:,.0f} MB, and the disk of the server has {free / 1e6:,.0f} MB left"
            raise ConfigurationError(f"The copy would take {sizes}: make room there, or name another server with --db-url.")

    def _clone(self) -> str:
        """Have the server copy the database, and return why it cannot."""
        name = self._given.name
        count = int(self._server.run(SESSIONS.format(name=literal(name)))[0][0])
        if count or self._server.place == name:
            return f"{count or 1} session{'s are' if count > 1 else ' is'} connected to it"
        try:
            self._server.run(f"CREATE DATABASE {quote(self.name)} TEMPLATE {quote(name)} {self._strategy} {self._owner}")
        except exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", getattr(error.orig, "pgcode", None)) in {"53100", "58030"}:
                raise
            return join(scrub(str(error.orig)))
        return ""

    @functools.cached_property
    def _strategy(self) -> str:
        version = int(self._server.run("SHOW server_version_num")[0][0])
        return "STRATEGY file_copy" if version >= BY_FILES and self._source.size >= LARGE else ""

    def _duplicate(self, name: str, copy: str) -> None:
        self._server.run(f"CREATE DATABASE {quote(copy)} TEMPLATE {quote(name)} {self._strategy} {self._owner}")
        self._shut(copy)

    def _shut(self, name: str) -> None:
        """Keep other roles out: these may be real users' rows. Who may connect is not part of what a template passes on."""
        self._server.try_running(f"REVOKE ALL ON DATABASE {quote(name)} FROM PUBLIC")

    def _restore(self, refusal: str) -> None:
        """Dump the given database, in a transaction that can write nothing, into an empty one."""
        missing = find_missing()
        if missing:
            raise ConfigurationError(
                f"{self._given.name} cannot be copied by the server, because {refusal.rstrip('.')}, nor dumped, because "
                f"{missing} cannot be found: end the sessions there, or install PostgreSQL's client programs."
            )
        self._create()
        self._dump()
        with self._server.engine_for(self.name).connect() as connection:
            connection.exec_driver_sql("ANALYZE")  # a dump brings no statistics

    def _dump(self, *parts: str) -> None:
        """Dump the given database, or parts of it, into this one."""
        dump, variables = _describe(self._source.url, READ_ONLY)
        restore, restore_variables = _describe(self._server.url.set(database=self.name), "-c synchronous_commit=off")
        privileges = () if self._source.is_near else ("--no-privileges",)  # roles of another server
        options = ("--no-owner", "--no-subscriptions", "--no-tablespaces", "--no-security-labels", *privileges)
        transfer(
            ["pg_dump", *options, *parts, "-d", dump],
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", restore],
            variables,
            restore_variables,
        )

    def _sample(self, rows: int) -> None:
        """Fill the database with a sample of the given one's rows."""
        from mrt_runtime.databases.postgresql.subset import PostgresSample  # noqa: PLC0415  few want a part

        missing = find_missing()
        if missing:
            raise ConfigurationError(f"A sample takes PostgreSQL's client programs: {missing} cannot be found.")
        self._create()
        source = make_engine(self._source.url, **SETTINGS)
        try:
            with source.connect() as given, self._server.engine_for(self.name).connect() as own:
                sample = PostgresSample(given, own, rows)
                snapshot = f"--snapshot={sample.snapshot}"
                self._dump(snapshot, "--section=pre-data")
                sample.fill()
                self._dump(snapshot, "--section=post-data")
                own.exec_driver_sql("ANALYZE")
        except exc.DBAPIError as error:
            raise ConfigurationError(f"A sample could not be taken: {end(scrub(join(error.orig)))}") from None

    def _hand_over(self) -> None:
        if self.role is None or self.stand_ins is None:
            return
        with self._server.engine_for(self.name).connect() as connection:
            # what the given database has its event triggers do is not to be done here
            for setting in ("session_replication_role = replica", "event_triggers = off"):
                silence(connection, f"SET {setting}")
            run_all(connection, DOORS, "")
            run_all(connection, OWNED, f"OWNER TO {quote(self.role.name)}")
            install(connection, self.role)
        self._shut(self.name)


def find_missing() -> str:
    """Return the client programs that are not installed, in words; empty where none is missing."""
    return " and ".join(name for name in PROGRAMS if shutil.which(name) is None)


def run_all(connection: Connection, question: str, ending: str) -> None:
    """Execute the statements that a query writes, in one go where all succeed, else one by one without those that are refused."""
    statements = [f"{statement} {ending}" for (statement,) in connection.exec_driver_sql(question).all()]
    try:
        connection.exec_driver_sql(";\n".join(statements) or "SELECT 1")
    except exc.DBAPIError:
        for statement in statements:
            silence(connection, statement)


def _describe(url: URL, options: str) -> tuple[str, dict[str, str]]:
    """Return a URL as libpq's programs read it, and the environment that they need: a password is in no list of processes."""
    given = str(url.query.get("options", ""))
    plain = url.set(drivername="postgresql").difference_update_query(("options", "password", "client_encoding"))
    settings = {"PGOPTIONS": " ".join(filter(None, (given, os.environ.get("PGOPTIONS"), options)))}
    password = url.password or url.query.get("password")
    if password:
        settings["PGPASSWORD"] = str(password)
    return plain._replace(password=None).render_as_string(hide_password=False), settings
