"""The guard in front of the first statement: what env.py opens is proved to be the scratch database, or nothing runs."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Pool, event

from mrt_runtime.databases import Scratch, Target
from mrt_runtime.databases.address import mask
from mrt_runtime.migrate.error import WrongDatabaseError, show_setting
from mrt_runtime.secret import follow

if TYPE_CHECKING:
    from typing_extensions import Self

PROVED = "pytest-mrt proved"
"""Key in a connection's `info`, which lives exactly as long as the connection to the server does."""


class OutsideError(Exception):
    """A statement of a migration names another database; it is that migration's failure."""


class Guard:
    """Watches every engine of the process, sync or async, whoever made it, from `with` to the end of its block.

    A target that is certainly another database is refused before anything connects to it. Any other connection is asked for the
    sentinel before SQLAlchemy's own first statement. Connections of threads that were running before are let alone, they are
    not env.py's. What does not go through SQLAlchemy (`sqlite3.connect`, `psycopg.connect`) cannot be watched.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._opened: list[Any] = []
        self._strangers: set[int] = set()
        self.violation: WrongDatabaseError | None = None
        self.trespass: OutsideError | None = None

    def __enter__(self) -> Self:
        install_hooks()
        self.violation = self.trespass = None
        self._strangers = {thread.ident for thread in threading.enumerate() if thread.ident} - {threading.get_ident()}
        ACTIVE.append(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ACTIVE.remove(self)
        opened, self._opened = self._opened, []
        for record in opened:
            # A deploy's process ends here, and its pools with it. Left open they would block checkpoints, and an async one
            # would be useless in the next event loop.
            if record.dbapi_connection is not None:
                with contextlib.suppress(Exception):
                    record.invalidate()

    @property
    def connections(self) -> list[Any]:
        """The DBAPI connections that are open now."""
        return [record.dbapi_connection for record in self._opened if record.dbapi_connection is not None]

    def prove(self, connection: Connection) -> None:
        """Raise WrongDatabaseError unless this connection stands in the scratch database."""
        if connection.info.get(PROVED) is self._scratch:
            return
        with self._unwatched():
            is_ours = self._scratch.is_mine(connection)
        if not is_ours:
            self._refuse(mask(connection.engine.url))

    def concerns(self) -> bool:
        """Whether what this thread does is to be watched."""
        return threading.get_ident() not in self._strangers

    def let_through(self) -> None:
        """Let this thread alone: it is one of our own."""
        self._strangers.add(threading.get_ident())

    @contextlib.contextmanager
    def _unwatched(self) -> Iterator[None]:
        """Let this thread alone for the time of the body, which may have to take the run's lock anew."""
        thread = threading.get_ident()
        self._strangers.add(thread)
        try:
            yield
        finally:
            self._strangers.discard(thread)

    def before_connect(self, target: Target) -> None:
        """Refuse what is certainly another database."""
        if self._scratch.is_elsewhere(target):
            self._refuse(str(target), target.database)

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Complete the arguments with which the scratch database is about to be connected to."""
        self._scratch.prepare(driver, settings)

    def before_use(self, dbapi_connection: Any, record: Any) -> None:
        """Prove a connection when it is new, or kept open by a pool since before this step; others carry the mark."""
        if record.info.get(PROVED) is not self._scratch:
            self._prove_new(dbapi_connection, record)

    def before_statement(self, connection: Connection, statement: str) -> None:
        """Prove a connection that was taken from its pool before this step, and stop a statement that names another database."""
        self.prove(connection)
        outside = self._scratch.reaches_out(statement)
        if outside is not None:
            self.trespass = OutsideError(
                f"it writes to {outside}, outside of the scratch database, and was stopped before this statement: "
                f"{' '.join(statement.split())[:80]}"
            )
            raise self.trespass

    def _prove_new(self, dbapi_connection: Any, record: Any) -> None:
        cursor = dbapi_connection.cursor()
        try:
            with self._unwatched():
                is_ours = self._scratch.owns(cursor)
        finally:
            cursor.close()
        dbapi_connection.rollback()
        if not is_ours:
            with contextlib.suppress(Exception):
                dbapi_connection.close()
            self._refuse("a database that is not the scratch database")
        record.info[PROVED] = self._scratch
        self._opened.append(record)
        self._scratch.admit(dbapi_connection)

    def _refuse(self, place: str, database: str | None = None) -> None:
        self.violation = WrongDatabaseError(
            f"env.py opens {place} instead of the scratch database {mask(self._scratch.env_url)}; it was stopped before any "
            f"statement ran there. {suggest(database)} Or let env.py take the URL from "
            'config.get_main_option("sqlalchemy.url"), or the connection from config.attributes["connection"].',
            place,
        )
        raise self.violation


ACTIVE: list[Guard] = []
"""The guards whose blocks are being executed; the last one decides."""


@functools.cache
def install_hooks() -> None:
    """Watch every engine from now on. The hooks stay: taking them off and on again costs as much as a migration."""

    def before_connect(dialect: Any, _record: object, arguments: list[Any], settings: dict[str, Any]) -> None:
        for guard in ACTIVE[-1:]:
            if guard.concerns():
                follow(settings)
                guard.before_connect(read_target(dialect.name, arguments, settings))
                guard.prepare(dialect.driver, settings)

    def before_use(dbapi_connection: Any, record: Any, _proxy: object = None) -> None:
        for guard in ACTIVE[-1:]:
            if guard.concerns():
                guard.before_use(dbapi_connection, record)

    def before_statement(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        for guard in ACTIVE[-1:]:
            if guard.concerns():
                guard.before_statement(connection, statement)

    event.listen(Engine, "do_connect", before_connect, insert=True)
    event.listen(Pool, "connect", before_use, insert=True)
    event.listen(Pool, "checkout", before_use, insert=True)
    event.listen(Engine, "before_cursor_execute", before_statement, insert=True)


def read_target(dialect: str, arguments: list[Any], settings: dict[str, Any]) -> Target:
    """Read a driver's connect() arguments: SQLite's drivers take the file first, the others name what they are given."""
    database = next((settings[name] for name in ("dbname", "database", "db") if settings.get(name)), None)
    if database is None and arguments and isinstance(arguments[0], str):
        database = arguments[0]
    host, port = settings.get("host"), str(settings.get("port"))
    return Target(
        dialect=dialect,
        database=database,
        host=host if isinstance(host, str) else None,
        port=int(port) if port.isdigit() else None,
    )


def suggest(database: str | None) -> str:
    """Say which environment variable env.py seems to read, or show the setting with the usual one."""
    urls = {name: value.partition("?")[0] for name, value in os.environ.items() if "://" in value}
    names = [name for name, url in urls.items() if database and url.endswith(f"/{database}")]
    name = names[0] if len(names) == 1 else "DATABASE_URL"
    return f"If env.py reads an environment variable, {show_setting(name)}."
