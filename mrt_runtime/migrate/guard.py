"""The guard in front of the first statement: what env.py opens is proved to be the scratch database, or nothing runs."""

from __future__ import annotations

import contextlib
import copy
import functools
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.pool import Pool

from mrt_runtime.databases import ConnectionTarget, Scratch
from mrt_runtime.databases.address import mask
from mrt_runtime.databases.driver_error import is_consequence
from mrt_runtime.databases.isolation import ROLE
from mrt_runtime.databases.journal import NO_JOURNAL, Journal, listen
from mrt_runtime.databases.kept_session import KeptSession
from mrt_runtime.databases.sqlalchemy_version import FIRST
from mrt_runtime.migrate import kept_connection
from mrt_runtime.migrate.call_site import find_line, trace_calls
from mrt_runtime.migrate.changed_rows import ChangedRows
from mrt_runtime.migrate.connection_target import read_target
from mrt_runtime.migrate.error import OutsideError, WrongDatabaseError, suggest_setting
from mrt_runtime.migrate.first_connect import FirstConnects, install, note_arguments
from mrt_runtime.migrate.kept_connection import find_kept
from mrt_runtime.secret import follow

if TYPE_CHECKING:
    from typing_extensions import Self

PROVED = "pytest-mrt proved"
"""Key in a connection's `info`, which lives exactly as long as the connection to the server does; so is OWN."""
OWN = "opened by a migration"
OTHER_USER = (
    " It has to connect as the user in the scratch database's URL, who may change nothing else; to let it connect as another, set "
    'isolation = "statements" under [tool.mrt].'
)


class ConnectionGuard:
    """Watches every engine of the process, sync or async, of any origin, from `with` to the end of its block.

    A target that is certainly another database is refused before anything connects to it. Any other connection is asked for the
    sentinel before SQLAlchemy's own first statement. Connections of threads that were running before are let alone, they are
    not env.py's. What does not go through SQLAlchemy (`psycopg.connect`) cannot be watched, except for Python's `sqlite3`.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._opened: list[Any] = []
        self._strangers: set[threading.Thread] = set()  # not their numbers, which a new thread takes over from one that ended
        self._notes: list[tuple[str, int | None]] = []
        self.first_connects = FirstConnects(scratch)
        self.changed_rows = ChangedRows()
        self.file: str | None = None
        """The migration that is running, in which a statement's line is looked for."""
        self.is_configured = False
        self.last_statement: str | None = None
        """The last one before env.py configured Alembic."""
        self._enclosure = contextlib.ExitStack()
        self.violation: WrongDatabaseError | None = None
        self.trespass: OutsideError | None = None
        self.refused: BaseException | None = None
        """The last error of a database that was not the consequence of another, with the calls that led to it."""

    def __enter__(self) -> Self:
        install_hooks()
        self.file = self.violation = self.trespass = self.refused = self.last_statement = None
        self.is_configured = False
        # other tests of the same pytest process may have pools and servers running
        self._strangers = set(threading.enumerate()) - {threading.current_thread()}
        self.kept_session.begin()
        self._enclosure.enter_context(self._scratch.enclose(self))
        ACTIVE.append(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ACTIVE.remove(self)
        self._enclosure.close()
        opened, self._opened = self._opened, []
        if kind is not None or self.violation or self.trespass:
            self.kept_session.close()
        for record in opened:
            # A deploy's process ends here, and its pools with it. Left open they would block checkpoints, and an async one
            # would be useless in the next event loop.
            if record.dbapi_connection is not None:
                self.after_use(record.dbapi_connection)
                with contextlib.suppress(Exception):
                    record.invalidate()

    @property
    def connections(self) -> list[Any]:
        """The DBAPI connections that are open now."""
        return [record.dbapi_connection for record in self._opened if record.dbapi_connection is not None]

    def prove(self, connection: Connection) -> None:
        """Raise WrongDatabaseError unless this connection is to the scratch database."""
        if connection.info.get(PROVED) is self._scratch:
            return
        with self.unwatched():
            is_ours = self._scratch.is_mine(connection)
        if not is_ours:
            self._refuse(mask(connection.engine.url))

    def concerns(self) -> bool:
        """Whether what this thread does is to be watched."""
        return threading.current_thread() not in self._strangers

    def let_through(self) -> None:
        """Stop watching this thread, which is one of our own."""
        self._strangers.add(threading.current_thread())

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """Stop watching this thread within the block, which may have to take the run's lock again."""
        thread = threading.current_thread()
        self._strangers.add(thread)
        try:
            yield
        finally:
            self._strangers.discard(thread)

    def before_connect(self, target: ConnectionTarget) -> None:
        """Refuse what is certainly another database, or another user."""
        if self._scratch.is_elsewhere(target):
            own = self._scratch.env_url
            is_user = self._scratch.isolation.level == ROLE and target.database == own.database and target.user != own.username
            self._refuse(str(target), target.database, OTHER_USER if is_user else "")

    def prepare(self, driver: str, settings: dict[str, Any]) -> None:
        """Complete the arguments with which the scratch database is about to be connected to."""
        self._scratch.prepare(driver, settings)

    @property
    def kept_session(self) -> KeptSession:
        """The session that the scratch database's runs of env.py take over from each other."""
        return self._scratch.kept_session

    def keep(self, dbapi_connection: Any) -> bool:
        """Keep the last proved connection that is about to be closed; False where it has to be closed."""
        return self.connections == [dbapi_connection] and self.kept_session.keep(dbapi_connection)

    def before_use(self, dbapi_connection: Any, record: Any) -> None:
        """Prove a connection when it is new, or kept open by a pool since before this step; others carry the mark."""
        if record.info.get(PROVED) is not self._scratch:
            self._prove_new(dbapi_connection, record)

    def before_statement(self, connection: Connection, statement: str) -> str:
        """Return what is to be executed in place of a statement; stop one that names something outside of the scratch database.

        A connection that was taken from its pool before this step is proved first.
        """
        if not self.is_configured:
            self.last_statement = statement
        self.prove(connection)
        self.first_connects.read(statement)
        translation = self._scratch.translate(statement)
        if translation.outside:
            reason = (
                f"it writes to {translation.outside}, outside of the scratch database, and was stopped before this statement: "
                f"{' '.join(statement.split())[:80]}{translation.instead and f'. {translation.instead}'}"
            )
            self.note_refusal(reason)
            raise OutsideError(reason)
        self._notes += [(note, find_line(self.file)) for note in translation.notes]
        if translation.answer is not None:
            with self.unwatched():
                translation.answer(connection)
        return translation.statement

    def after_use(self, dbapi_connection: Any) -> None:
        """Note what a connection that goes back to its pool has opened outside of the scratch database in spite of all."""
        with contextlib.suppress(Exception):  # it is closed already, or an async one whose event loop has ended
            outside = self._scratch.find_open(dbapi_connection)
            if outside:
                self.note_refusal(outside)

    def note_refusal(self, reason: str) -> None:
        """Note why the engine refused a statement, with the calls that led to it; the first one counts."""
        self.trespass = self.trespass or OutsideError(reason).with_traceback(trace_calls())

    def note_error(self, error: BaseException) -> None:
        """Note an error, unless it only says that an earlier one ended the transaction."""
        if not is_consequence(error):
            self.refused = copy.copy(error).with_traceback(trace_calls())

    def refuse_file(self, file: str, instead: str) -> None:
        """Raise that another file was about to be opened: in a migration its failure, in env.py the end of the run."""
        if self.file is None:
            self._refuse(file, file)
        reason = f"it opens {file}, outside of the scratch database, which is all that it may write to. {instead}"
        self.note_refusal(reason)
        raise OutsideError(reason)

    @contextlib.contextmanager
    def noting(self, connection: Connection) -> Iterator[Journal]:
        """Yield what notes the work of a connection, and let alone what it does itself; one of ours has its own."""
        journal = self._scratch.journal if connection.engine is not self._scratch.engine else NO_JOURNAL
        with self.unwatched() if journal is not NO_JOURNAL else contextlib.nullcontext():
            yield journal

    def take_notes(self) -> list[tuple[str, int | None]]:
        """Return what was changed in statements since the last time, each with its line in the migration."""
        notes, self._notes = self._notes, []
        return list(dict.fromkeys(notes))

    def _is_proved(self, dbapi_connection: Any) -> bool:
        if self.kept_session.is_taken(dbapi_connection):
            return True
        cursor = dbapi_connection.cursor()
        try:
            with self.unwatched():
                return self._scratch.owns(cursor)
        finally:
            cursor.close()
            # the question began a transaction, in which env.py must not find itself
            dbapi_connection.rollback()

    def _prove_new(self, dbapi_connection: Any, record: Any) -> None:
        if not self._is_proved(dbapi_connection):
            with contextlib.suppress(Exception):
                dbapi_connection.close()
            self._refuse("a database that is not the scratch database")
        record.info[PROVED] = self._scratch
        record.info[OWN] = find_line(self.file) is not None
        self._opened.append(record)
        self._scratch.admit(dbapi_connection)
        self.kept_session.watch(dbapi_connection)

    def _refuse(self, place: str, database: str | None = None, more: str = "") -> None:
        self.violation = WrongDatabaseError(
            f"env.py opens {place} instead of the scratch database {mask(self._scratch.env_url)}; it was stopped before any "
            f"statement ran there. {suggest_setting(database)} Or let env.py take the URL from "
            f'config.get_main_option("sqlalchemy.url"), or the connection from config.attributes["connection"].{more}',
            place,
        )
        raise self.violation


ACTIVE: list[ConnectionGuard] = []
"""The guards whose blocks are being executed; the last one decides."""


def noting(connection: Connection) -> AbstractContextManager[Journal]:
    """Return what notes the work of a connection, for as long as it is entered."""
    for guard in find_guard():
        return guard.noting(connection)
    return contextlib.nullcontext(NO_JOURNAL)


def find_guard() -> list[ConnectionGuard]:
    """Return the guard that watches this thread, in a list; an empty one where none does."""
    return [guard for guard in ACTIVE[-1:] if guard.concerns()]


@functools.cache
def install_hooks() -> None:
    """Watch every engine from now on. The hooks stay: taking them off and on again costs as much as a migration."""

    def before_connect(dialect: Any, _record: object, arguments: list[Any], settings: dict[str, Any]) -> Any | None:
        for guard in find_guard():
            follow(settings)
            note_arguments(dialect, arguments, settings)
            guard.before_connect(read_target(dialect.name, arguments, settings))
            guard.prepare(dialect.driver, settings)
            return find_kept(guard.kept_session, dialect, arguments, settings)
        return None

    def before_use(dbapi_connection: Any, record: Any, _proxy: object = None) -> None:
        for guard in find_guard():
            guard.before_use(dbapi_connection, record)

    def before_statement(
        connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object
    ) -> tuple[str, object]:
        for guard in find_guard():
            statement = guard.before_statement(connection, statement)
        return statement, parameters

    def after_use(dbapi_connection: Any, _record: object) -> None:
        for guard in find_guard() if dbapi_connection is not None else ():
            guard.after_use(dbapi_connection)

    # first of all listeners: a project's own may execute statements
    event.listen(Engine, "do_connect", before_connect, **FIRST)
    event.listen(Pool, "connect", before_use, insert=True)
    event.listen(Pool, "checkout", before_use, insert=True)
    event.listen(Pool, "checkin", after_use)

    event.listen(Engine, "handle_error", on_error)
    event.listen(Engine, "before_cursor_execute", before_statement, retval=True, **FIRST)
    event.listen(Engine, "after_cursor_execute", count_rows)
    listen(Engine, noting)
    install(lambda: [guard.first_connects for guard in find_guard()])
    kept_connection.install(lambda: [guard.kept_session for guard in find_guard()], keep)


def keep(dbapi_connection: Any) -> bool:
    """Keep a connection that is about to be closed; False where it has to be closed."""
    return any(guard.keep(dbapi_connection) for guard in find_guard())


def on_error(context: ExceptionContext) -> None:
    """Show an error of a statement to the guard, before the migration may catch it."""
    for guard in find_guard():
        guard.note_error(context.original_exception)
        is_own = context.connection is None or bool(context.connection.info.get(OWN))
        guard.changed_rows.catch(find_line(guard.file), context.original_exception, is_own=is_own)


def count_rows(_connection: Connection, cursor: Any, statement: str, parameters: object, *_rest: object) -> None:
    """Record how many rows a statement of the running migration changed."""
    for guard in find_guard():
        guard.changed_rows.record(find_line(guard.file), statement, getattr(cursor, "rowcount", -1), parameters)
