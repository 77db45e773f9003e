"""Showing watchers the statements of a migration, from every engine of the process that it uses."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext

from mrt_runtime.migrate.call_site import find_line
from mrt_runtime.migrate.guard import ConnectionGuard, find_guard


class StatementWatcher(Protocol):
    """Is shown what a migration executes, and on which line, which is None for what does not come from its file."""

    def before(self, connection: Connection, statement: str, line: int | None) -> None:
        """Note that a statement is about to be executed."""

    def after(self, connection: Connection, cursor: Any, statement: str, line: int | None) -> None:
        """Note that a statement succeeded."""

    def failed(self, connection: Connection) -> None:
        """Note that a statement failed."""

    def ended(self, connection: Connection, *, is_committed: bool) -> None:
        """Note that a transaction ends."""

    def close(self) -> None:
        """End the observation."""


Watcher = TypeVar("Watcher", bound=StatementWatcher)
WATCHERS: list[StatementWatcher] = []
"""Those of the step that is being run."""


@contextlib.contextmanager
def watched(watcher: Watcher) -> Iterator[Watcher]:
    """Show a watcher what the body executes."""
    install_hooks()
    WATCHERS.append(watcher)
    try:
        yield watcher
    finally:
        WATCHERS.remove(watcher)
        watcher.close()


@functools.cache
def install_hooks() -> None:
    """Watch every engine from now on, behind the guard's hooks. Where nothing is ever watched, nothing is installed."""
    event.listen(Engine, "before_cursor_execute", _before)
    event.listen(Engine, "after_cursor_execute", _after)
    event.listen(Engine, "handle_error", _on_error)
    event.listen(Engine, "commit", _on_commit)
    event.listen(Engine, "rollback", _on_rollback)


def _find() -> list[tuple[ConnectionGuard, str]]:
    """Return the guard of the migration that is running, and its file, in a list; an empty one where none is watched."""
    return [(guard, guard.file) for guard in find_guard() if guard.file is not None] if WATCHERS else []


def _before(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
    for guard, file in _find():
        line = find_line(file)
        with guard.unwatched():  # what is asked on connections of ours is not the migration's doing
            for watcher in WATCHERS:
                watcher.before(connection, statement, line)


def _after(connection: Connection, cursor: Any, statement: str, *_rest: object) -> None:
    for _, file in _find():
        line = find_line(file)
        for watcher in WATCHERS:
            watcher.after(connection, cursor, statement, line)


def _on_error(context: ExceptionContext) -> None:
    for watcher in WATCHERS if _find() else ():
        if context.connection is not None:
            watcher.failed(context.connection)


def _on_commit(connection: Connection) -> None:
    for watcher in WATCHERS if _find() else ():
        watcher.ended(connection, is_committed=True)


def _on_rollback(connection: Connection) -> None:
    for watcher in WATCHERS if _find() else ():
        watcher.ended(connection, is_committed=False)
