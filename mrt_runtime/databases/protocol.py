"""What every dialect offers: a database server (or SQLite's folder), scratch databases in it, and how they are read and seeded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.engine import URL, Connection, Engine

from mrt_runtime.databases.isolation import Isolation, Translation
from mrt_runtime.databases.journal import Journal
from mrt_runtime.databases.kept_session import KeptSession
from mrt_runtime.databases.observation import LockWatch
from mrt_runtime.databases.statistics import DatabaseStatistics
from mrt_runtime.databases.traffic import TrafficDialect

if TYPE_CHECKING:
    from typing_extensions import Self

    from mrt_runtime.compare.fingerprint import DatabaseFingerprint
    from mrt_runtime.compare.rows import Rows
    from mrt_runtime.compare.schema import Schema, Table
    from mrt_runtime.seed.seed_dialect import SeedDialect


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTarget:
    """Where a driver is about to connect to, as far as its arguments show; None where they do not."""

    dialect: str
    database: str | None = None
    host: str | None = None
    port: int | None = None
    user: str | None = None

    def __str__(self) -> str:
        return URL.create(
            self.dialect, username=self.user, host=self.host, port=self.port, database=self.database
        ).render_as_string()


class Watcher(Protocol):
    """What is notified of attempts to leave a scratch database that its engine refuses. Called from any thread."""

    def concerns(self) -> bool:
        """Whether what this thread does is to be watched."""

    def note_refusal(self, reason: str) -> None:
        """Note why the engine refused a statement, one sentence: what runs now has failed, even if it goes on."""

    def refuse_file(self, file: str, instead: str) -> None:
        """Raise, and note, that a file was about to be opened by other ways than SQLAlchemy's. instead: what to do."""


class Checkpoint(Protocol):
    """The state of a scratch database at one moment. Belongs to its scratch database and is dropped with it."""

    def drop(self) -> None:
        """Free what it occupies, or leave it to the next one; a second time does nothing."""


class Scratch(Protocol):
    """A database of this run alone. It keeps its name and URL as long as it lives, through every `restore` and `reset`.

    That is needed because a project's settings module, imported once, remembers the URL that it read.
    """

    @property
    def database(self) -> Database:
        """Where it was made."""

    @property
    def url(self) -> URL:
        """Its URL with a sync driver, as `engine` uses it."""

    @property
    def generation(self) -> int:
        """How many times its content was replaced by `restore` or `reset`: what was known of it before is void."""

    @property
    def env_url(self) -> URL:
        """Its URL with the driver that the user named, sync or async: what env.py is handed."""

    @property
    def engine(self) -> Engine:
        """An engine without a pool: when a connection is closed, nothing stays open that could block a checkpoint."""

    @property
    def allows_idle_connections(self) -> bool:
        """Whether a connection of ours that is idle may stay open while env.py's works: it blocks nothing then."""

    def is_mine(self, connection: Connection) -> bool:
        """Whether this connection is to this scratch database: asked of the database, not of the URL. Only reads."""

    def owns(self, cursor: Any) -> bool:
        """Return the same as `is_mine`, through a DBAPI cursor. Only reads; the caller ends the transaction."""

    def is_elsewhere(self, target: ConnectionTarget) -> bool:
        """Whether this target is certainly another database, decidable before anything connects to it."""

    @property
    def kept_session(self) -> KeptSession:
        """The session that env.py's runs take over from each other, where that is quicker and no different."""

    @property
    def journal(self) -> Journal:
        """What notes the run's own work, where others may work in this database, too."""

    @property
    def isolation(self) -> Isolation:
        """What keeps migrations from changing anything outside of this database."""

    def translate(self, statement: str) -> Translation:
        """Return what is executed in place of a statement of env.py or a migration: nearly always the statement itself."""

    def explain_refusal(self, error: BaseException) -> str:
        """Return a sentence for an error by which the engine refused to reach outside of this database; empty for any other."""

    def enclose(self, watcher: Watcher) -> AbstractContextManager[object]:
        """Make the engine itself refuse what leaves this database, on every connection that is opened within the block."""

    def find_open(self, dbapi_connection: Any) -> str:
        """Return what a connection has opened outside of this database in spite of all; empty where nothing. Only reads."""

    def is_lost(self) -> bool:
        """Whether the server has gone away from under this run: an error that says so is not the migration's then."""

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Complete the arguments with which env.py is about to connect here: it gets faster and its outcome stays the same."""

    def admit(self, dbapi_connection: Any) -> None:
        """Prepare a connection that env.py opened here: settings that make it faster and change no outcome."""

    def interrupt(self, dbapi_connections: Iterable[Any]) -> None:
        """Cancel what env.py's connections are executing, from another thread. Never raises."""

    def waits_for_itself(self, dbapi_connections: Iterable[Any]) -> bool:
        """Whether a statement of env.py's connections waits for a lock of another one of them, on which nothing is executed.

        Asked from another thread, after some seconds. Never raises.
        """

    def watch_locks(self, connect: Callable[[], Connection]) -> LockWatch | None:
        """Return what looks at the locks of migrations; None where the database does not show them.

        connect: returns a connection of ours, for what is looked at beside the migration.
        """

    def find_algorithm(self, statement: str) -> str:
        """Return how the database is going to change a table, in its own words, where it has several ways; empty where unknown."""

    def read_transaction(self, dbapi_connection: Any) -> str:
        """Return what identifies the transaction that a session has open: "" for none, "idle" for one that has written nothing.

        What a statement did is final where none is open after it, or another one than before.
        """

    @property
    def traffic(self) -> TrafficDialect | None:
        """What traffic executes beside a migration; None where a migration locks everything."""

    def measure(self) -> int:
        """Return how many bytes it takes on the disk."""

    def checkpoint(self) -> Checkpoint | None:
        """Keep the present state; None where the server does not allow it (then `reset` and run the migrations again).

        Cost: SQLite a file copy, under 2 ms; PostgreSQL a CREATE DATABASE … TEMPLATE, 30 to 100 ms; MySQL and MariaDB a
        few statements for each table, 5 to 30 ms a table. So: where something broke, not at every step.
        """

    def restore(self, checkpoint: Checkpoint) -> None:
        """Bring that state back; the checkpoint stays usable.

        Costs as much as taking it; MySQL and MariaDB read all rows, and make only the tables again that differ.
        """

    def reset(self) -> None:
        """Bring it back to how it was made: no tables, extensions in place."""

    def drop(self) -> None:
        """Remove it with its checkpoints; a second time does nothing."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        """Drop it."""


class Database(Protocol):
    """The database in `db_url`, beside which scratch databases are made. It is never written to."""

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the dialect: "sqlite", "postgresql", "mysql" or "mariadb"."""

    @property
    def url(self) -> str:
        """The user's URL with the password masked, for messages and reports."""

    def version(self) -> str:
        """Return the server's version, such as "15.4" or "10.11.6-MariaDB"."""

    def make_scratch(self, worker: str = "main") -> Scratch:
        """Make a scratch database, after dropping those that killed runs left behind.

        worker: goes into the name, so that an administrator sees which pytest-xdist worker it belongs to.
        Raises ConfigurationError where none can be made, saying what to grant.
        """

    def sweep(self) -> None:
        """Drop the scratch databases of runs that are dead; those of living runs, here or on other hosts, stay."""

    def close(self) -> None:
        """Close the connections to the server; scratch databases are to be dropped before."""


class DatabaseBackend(Protocol):
    """All that a dialect offers: everything else in the runtime is the same for every database."""

    @property
    def values(self) -> SeedDialect:
        """Which values its types hold and how they are written: what seeding asks."""

    def rows_change_schema(self, schema: Schema) -> bool:
        """Whether writing rows can change this schema: where triggers and functions may."""

    def connect(self, url: URL, isolation: str) -> Database:
        """Open the database that a URL names. Raises ConfigurationError, one sentence, where that is impossible."""

    def read_catalogue(self, connection: Connection, ignored: Collection[str], previous: Schema | None) -> Schema:
        """Return the whole catalogue, as committed.

        ignored: labels of tables that are no part of it (Alembic's version table, our own mark).
        previous: an earlier reading of the same scratch database; what has provably not changed since may be taken from it.
        """

    def read_content(self, connection: Connection, schema: Schema, previous: Rows | None) -> Rows:
        """Return the rows of every table of a catalogue that was just read on the same connection; `previous` as above."""

    def move_reading(self, connection: Connection, schema: Schema, rows: Rows) -> tuple[Schema, Rows] | None:
        """Return a reading of another database as if this copy of it had been read; None where nothing shows what changed since.

        Nothing was written between that reading and the copy that would not be found younger than the reading.
        """

    def connect_copying(self, source: URL, target: URL | None, isolation: str, subset: int | None) -> Database:
        """Open a server (SQLite: a folder) on which every scratch database is a copy of `source`, which is only read.

        target: where the copies are made, for None beside the source. subset: how many rows of each table are copied, with all that
        they refer to; None for all. Raises ConfigurationError, one sentence, where the source
        cannot be read or may not be copied.
        """

    def read_fingerprint(
        self,
        connection: Connection,
        schema: Schema,
        previous: DatabaseFingerprint | None,
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> DatabaseFingerprint:
        """Return the fingerprints of the rows of every table of a catalogue that was just read, whatever their number.

        previous: an earlier one of the same scratch database; what has provably not changed since is taken from it.
        columns: which columns of a table count, as far as it has them, and in which order; for others all of them.
        """

    def read_statistics(self, url: URL) -> DatabaseStatistics:
        """Return how large the tables of a database are, as its statistics estimate it; nothing is written there.

        Raises ConfigurationError, one sentence, where they cannot be read.
        """

    def stream_rows(
        self, connection: Connection, table: Table, order: Sequence[str], columns: Sequence[str]
    ) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Yield of each row what it is ordered by, which Python orders in the same way, and its values in these columns."""

    def set_positions(self, connection: Connection, schema: Schema, numbers: Mapping[tuple[str, ...], int]) -> None:
        """Have what hands out numbers go on with these, by the keys of its positions; it ends the connection's transaction."""

    def keep_positions(self, connection: Connection, schema: Schema) -> AbstractContextManager[object]:
        """Bring what hands out numbers back, after the body, to where it was: no transaction that is rolled back does that."""
