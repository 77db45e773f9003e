"""Showing an observer the statements of a step, from every engine of the process that the step uses."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext

from mrt_runtime.migrate.call_site import find_line
from mrt_runtime.migrate.guard import find_guard
from mrt_runtime.migrate.observer import StepObserver

OBSERVERS: list[StepObserver] = []
"""Those of the steps that are being observed; the last one is shown what happens."""


@contextlib.contextmanager
def observed(observer: StepObserver) -> Iterator[StepObserver]:
    """Show an observer what the body executes."""
    install_hooks()
    OBSERVERS.append(observer)
    try:
        yield observer
    finally:
        OBSERVERS.remove(observer)
        observer.close()


@functools.cache
def install_hooks() -> None:
    """Watch every engine from now on, behind the guard's hooks. Where nothing is ever observed, nothing is installed."""
    event.listen(Engine, "before_cursor_execute", _before)
    event.listen(Engine, "after_cursor_execute", _after)
    event.listen(Engine, "handle_error", _on_error)
    event.listen(Engine, "commit", _on_end)
    event.listen(Engine, "rollback", _on_end)


def _find() -> list[tuple[StepObserver, str]]:
    """Return the observer and the file of the migration that is running, in a list; an empty one where none is."""
    return [(OBSERVERS[-1], guard.file) for guard in find_guard() if guard.file is not None] if OBSERVERS else []


def _before(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
    for guard in find_guard() if OBSERVERS else ():
        if guard.file is not None:
            line = find_line(guard.file)
            with guard.unwatched():  # what is asked on connections of ours is not the migration's doing
                OBSERVERS[-1].before(connection.connection.dbapi_connection, line, statement)


def _after(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
    for observer, file in _find():
        observer.after(connection.connection.dbapi_connection, find_line(file), statement)


def _on_error(context: ExceptionContext) -> None:
    for observer, _ in _find():
        if context.connection is not None:
            observer.failed(_raw(context.connection))


def _on_end(connection: Connection) -> None:
    for observer, _ in _find():
        observer.ended(_raw(connection))


def _raw(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
