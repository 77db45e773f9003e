"""A MySQL or MariaDB server on which copies of a given database are made. That database is dumped, and only read."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exc
from sqlalchemy.engine import URL, Connection

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import choose_driver, mask
from mrt_runtime.databases.isolation import ROLE
from mrt_runtime.databases.mysql.created import CreatedMySQLContents
from mrt_runtime.databases.mysql.database import DRIVERS, MySQLDatabase
from mrt_runtime.databases.mysql.existing import ExistingMySQLContents
from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.scratch import MySQLScratch
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.mysql.stored_program import StoredProgram, read_programs, run_in_workable_order
from mrt_runtime.databases.pipeline import transfer
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.databases.server_connection import make_engine
from mrt_runtime.secret import scrub

LOCAL = {None, "localhost", "127.0.0.1", "::1"}
DUMPS, CLIENTS = ("mariadb-dump", "mysqldump"), ("mariadb", "mysql")
FAITHFUL = ("--single-transaction", "--skip-triggers", "--hex-blob", "--no-tablespaces", "--default-character-set=utf8mb4")
OF_MYSQL = ("--set-gtid-purged=OFF", "--column-statistics=0")
TABLES = "SELECT table_name, table_type, coalesce(data_length, 0) + coalesce(index_length, 0) FROM information_schema.tables"
HOW_TO_DO_WITHOUT = 'Or set isolation = "statements" under [tool.mrt]: statements are only read before they run then.'
HOLDS = {"BASE TABLE", "SYSTEM VERSIONED", "SEQUENCE"}


@dataclass(frozen=True, slots=True)
class DumpSource:
    """What is copied: `tables` are those with rows, `size` the bytes that they take, the others what is written in SQL.

    subset: how many rows of each table are copied, with all that they refer to; None for all.
    """

    url: URL
    tables: tuple[str, ...]
    size: int
    views: tuple[str, ...]
    routines: tuple[StoredProgram, ...]
    triggers: tuple[StoredProgram, ...]
    options: str
    subset: int | None = None


class DumpedMySQLContents(CreatedMySQLContents):
    """Fills the scratch database with the tables of another one, and their rows."""

    def __init__(self, server: MySQLServer, name: str, source: DumpSource) -> None:
        super().__init__(server, name, source.options)
        self._source = source

    def make(self) -> None:
        find_programs()
        super().make()
        if not self._source.tables:
            return
        try:
            if self._source.subset is None:
                self._dump(*self._source.tables)
            else:
                self._sample(self._source.subset)
            with self._server.engine_for(self.name).connect() as connection:  # sizes, and what queries are planned by
                connection.exec_driver_sql(f"ANALYZE TABLE {', '.join(map(quote, self._source.tables))}").all()
        except BaseException:  # Ctrl-C among them
            self.remove()
            raise

    def _dump(self, *tables: str, options: Sequence[str] = ()) -> None:
        """Dump tables of the given database into this one."""
        dump, client = find_programs()
        given, target = self._source.url, self._server.url.set(database=self.name)
        own = () if "mariadb" in version_of(dump) else OF_MYSQL
        transfer(
            [dump, *describe(given), *FAITHFUL, *own, *options, str(given.database), *tables],
            [client, *describe(target), "--default-character-set=utf8mb4", self.name],
            log_in(given),
            log_in(target),
        )

    def _sample(self, rows: int) -> None:
        """Fill the database with a sample of the given one's rows."""
        from mrt_runtime.databases.mysql.subset import MySQLSample  # noqa: PLC0415  few want a part

        def dump(table: str, condition: str) -> None:
            self._dump(table, options=("--no-create-info", "--insert-ignore", f"--where={condition}"))

        self._dump(*self._source.tables, options=("--no-data",))
        with make_engine(self._source.url).connect() as given, self._server.engine_for(self.name).connect() as own:
            given.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            MySQLSample(given, own, rows, dump).fill(self._source.tables)


class CopyingMySQLDatabase(MySQLDatabase):
    """Makes scratch databases that hold what another one holds, on its server or on another."""

    def __init__(self, url: URL, own: URL, isolation: str, source: DumpSource) -> None:
        super().__init__(url, own, isolation)
        self._source = source

    def make_scratch(self, worker: str = "main") -> MySQLScratch:
        self._source = read_source(self._source.url, self._source.subset)
        if self._source.subset is None:
            self._require_room()
        made = super().make_scratch(worker)
        try:
            self._require_account(made)
            self._add_programs(made)
        except BaseException:  # Ctrl-C among them
            made.drop()
            raise
        return made

    def _require_account(self, made: MySQLScratch) -> None:
        """Raise ConfigurationError where migrations would run as the given account, though it was not asked for."""
        if self._isolation == ROLE != made.isolation.level:
            raise ConfigurationError(
                "On a copy of real rows migrations run as an account that may do nothing else, and there is none: "
                f"{end(made.isolation.reason)} {HOW_TO_DO_WITHOUT}"
            )

    def _options(self) -> str:
        return self._source.options

    def _fill(self, name: str) -> CreatedMySQLContents:
        return DumpedMySQLContents(self._server, name, self._source)

    def _borrow(self) -> ExistingMySQLContents:
        user, _, host = str(self._server.run("SELECT CURRENT_USER()")[0][0]).partition("@")
        pattern = self._name.replace("_", "\\_") + "\\_mrt\\_%"
        raise ConfigurationError(
            f"The account '{user}'@'{host}' may not create a copy on {self.url}: GRANT ALL ON `{pattern}`.* TO '{user}'@'{host}' "
            "WITH GRANT OPTION allows it, or name another server with --db-url. Nothing was touched."
        )

    def _require_room(self) -> None:
        """Raise ConfigurationError where the server is on this machine and its disk has less room than the copy takes."""
        size = self._source.size
        try:
            folder = Path(str(self._server.run("SELECT @@datadir")[0][0]))
            free = shutil.disk_usage(folder).free if self._server.url.host in LOCAL else size
        except (exc.DBAPIError, OSError):  # another machine's
            return
        if free < size:
            sizes = f"{size / 1e6:,.0f} MB, and the disk of the server has {free / 1e6:,.0f} MB left"
            raise ConfigurationError(f"The copy would take {sizes}: make room there, or name another server with --db-url.")

    def _add_programs(self, made: MySQLScratch) -> None:
        """Create views, routines, triggers and events, as the scratch database's own account."""
        source = self._source
        with self._server.engine_within(str(made.url.database)).connect() as own:
            try:
                for program in source.routines:
                    create(own, made, program)
                run_in_workable_order(own, [translate(made, view) for view in source.views])
                for program in source.triggers:
                    create(own, made, program)
            except exc.DBAPIError as error:
                raise ConfigurationError(f"The copy could not be made: {end(scrub(join(error.orig)))}") from None


def read_source(url: URL, subset: int | None = None) -> DumpSource:
    """Look at the given database, in a session that may write nothing. Raises ConfigurationError where that is impossible."""
    name = str(url.database)
    try:
        with make_engine(url).connect() as connection:
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            found = connection.exec_driver_sql(f"{TABLES} WHERE table_schema = {literal(name)}").all()
            views = [show_view(connection, str(view)) for view, kind, _ in found if kind == "VIEW"]
            return DumpSource(
                url=url,
                tables=tuple(str(table) for table, kind, _ in found if kind in HOLDS),
                size=sum(int(size) for _, _, size in found),
                views=tuple(views),
                routines=tuple(read_programs(connection, name, "routine")),
                options=read_options(connection, name),
                subset=subset,
                triggers=(*read_programs(connection, name, "trigger"), *read_programs(connection, name, "event")),
            )
    except exc.DBAPIError as error:
        words = error.orig.args[-1] if error.orig is not None and error.orig.args else error
        raise ConfigurationError(f"{mask(url)} cannot be copied: {end(scrub(join(words)))}") from None


def read_options(connection: Connection, name: str) -> str:
    """Write the options of CREATE DATABASE that set the same character set and collation; empty for no database."""
    columns = "default_character_set_name, default_collation_name"
    found = connection.exec_driver_sql(
        f"SELECT {columns} FROM information_schema.schemata WHERE schema_name = {literal(name)}"
    ).first()
    return f"CHARACTER SET {found[0]} COLLATE {found[1]}" if found is not None else ""


def show_view(connection: Connection, name: str) -> str:
    """Return the definition of a view."""
    return str(connection.exec_driver_sql(f"SHOW CREATE VIEW {quote(name)}").one()[1])


def translate(made: MySQLScratch, definition: str) -> str:
    """Return a definition with the scratch account as definer. Raises ConfigurationError where it names another database."""
    translation = made.translate(definition)
    if translation.outside:
        words = " ".join(definition.split())[:80]
        raise ConfigurationError(f"The copy could not be made, because {words} writes to {translation.outside}.")
    return translation.statement


def create(own: Connection, made: MySQLScratch, program: StoredProgram) -> None:
    """Create a program under its own sql_mode, which it keeps."""
    own.exec_driver_sql(f"SET sql_mode = {literal(program.mode)}")
    statement = translate(made, program.definition)
    answer = made.translate(program.definition).answer
    if answer is not None:
        answer(own)
    else:
        own.exec_driver_sql(statement)


def find_programs() -> tuple[str, str]:
    """Return the client programs that dump and restore. Raises ConfigurationError where they are not installed."""
    found = [next(filter(shutil.which, names), "") for names in (DUMPS, CLIENTS)]
    if not all(found):
        missing = " and ".join(names[-1] for names, name in zip((DUMPS, CLIENTS), found, strict=True) if not name)
        raise ConfigurationError(f"A copy takes the client programs of MySQL or MariaDB: {missing} cannot be found. Install them.")
    return found[0], found[1]


@functools.cache
def version_of(program: str) -> str:
    """Return what a program says of its version, in lower case: the two families have other options."""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.lower()  # noqa: S603  found by name


def describe(url: URL) -> Sequence[str]:
    """Return the arguments with which a client program connects; a password is in no list of processes."""
    socket = url.query.get("unix_socket")
    place = (
        [f"--socket={socket}"] if socket else ["--protocol=tcp", f"--host={url.host or '127.0.0.1'}", f"--port={url.port or 3306}"]
    )
    # "no-defaults" would come first of all: what a person's file of options says is for that person's own commands
    return ["--no-defaults", *place, *([f"--user={url.username}"] if url.username else [])]


def log_in(url: URL) -> dict[str, str]:
    """Return the environment variable that a client program reads the password from."""
    return {"MYSQL_PWD": url.password or ""}


def connect_copying(source: URL, target: URL | None, isolation: str, subset: int | None) -> CopyingMySQLDatabase:
    """See `DatabaseBackend`."""
    given, own = (choose_driver(url, DRIVERS, "mysql") for url in (source, target if target is not None else source))
    if not given.database:
        raise ConfigurationError(f"{mask(source)} names no database: write it behind the last slash.")
    given, own = (url.update_query_dict({"charset": "utf8mb4"}) for url in (given, own))
    found = read_source(given, subset)
    return CopyingMySQLDatabase(target or source, own.set(database=own.database or given.database), isolation, found)
