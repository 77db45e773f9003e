"""Every connection that Python's `sqlite3` opens while env.py runs: to the scratch database and with its authorizer, or not at all.

SQLAlchemy's drivers, aiosqlite and migrations look `connect` up in the module when they call it, so it is exchanged there for as
long as env.py runs. What goes around it (`sqlite3.Connection(…)`, a `connect` that was imported before) is refused by an audit
hook, which Python allows no one to remove: https://docs.python.org/3/library/audit_events.html.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mrt_runtime.databases.protocol import Watcher
from mrt_runtime.databases.sqlite.authorizer import INSTEAD_OF_A_FILE, Authorizer, Callback, explain_file
from mrt_runtime.databases.sqlite.filename import is_for_reading, is_inside, is_memory

PARAMETERS = (
    "database",
    "timeout",
    "detect_types",
    "isolation_level",
    "check_same_thread",
    "factory",
    "cached_statements",
    "uri",
)
"""Those of `sqlite3.connect` that may be passed by position, until Python 3.15 forbids it."""
# SQLAlchemy takes `connect` from the second, others from the first
MODULES: tuple[Any, ...] = (sqlite3, sqlite3.dbapi2)


class Enclosure:
    """The files of one scratch database, and what is notified of attempts to open others. `folder` holds nothing else."""

    def __init__(self, folder: Path, watcher: Watcher) -> None:
        self._folder = folder
        self._watcher = watcher

    def concerns(self) -> bool:
        """Whether what this thread opens is to be watched."""
        return self._watcher.concerns()

    def admit(self, name: str, *, uri: bool) -> None:
        """Raise unless this file may be opened."""
        if not (is_memory(name, uri=uri) or is_inside(name, self._folder, uri=uri) or is_for_reading(name, uri=uri)):
            self._watcher.refuse_file(name, INSTEAD_OF_A_FILE)

    def refuse_bypass(self, name: str) -> None:
        """Raise because a file is opened in a way that leaves no room for the authorizer."""
        self._watcher.refuse_file(
            name, "Open it by calling sqlite3.connect(), which allows only the scratch database to be written"
        )

    def make_authorizer(self, *, uri: bool) -> Authorizer:
        """Make an authorizer for a connection. uri: whether the connection takes file names for URIs."""
        return make_authorizer(self._folder, self._report, uri=uri)

    def _report(self, reason: str) -> None:
        if self in ACTIVE:  # otherwise a connection outlived the run
            self._watcher.note_refusal(reason)


ACTIVE: list[Enclosure] = []
"""The enclosures whose blocks are being executed; the last one decides."""


def make_authorizer(folder: Path, report: Callable[[str], None], *, uri: bool) -> Authorizer:
    """Make an authorizer that allows memory and the files of this folder to be attached, and nothing else."""

    def find_outside(name: str) -> str:
        return "" if is_memory(name, uri=uri) or is_inside(name, folder, uri=uri) else explain_file(name)

    return Authorizer(find_outside, report)


def find_enclosure() -> Enclosure | None:
    """Return the enclosure that holds for this thread; None where connections are let alone."""
    return next((enclosure for enclosure in ACTIVE[-1:] if enclosure.concerns()), None)


class AuthorizedConnection(sqlite3.Connection):
    """A connection whose authorizer stays: one that is set later is asked after it, and None takes off only the later one."""

    authorizer: Authorizer | None = None

    def __init__(self, database: Any, *arguments: Any, **settings: Any) -> None:
        settings |= dict(zip(PARAMETERS[1:], arguments, strict=False))
        enclosure = find_enclosure()
        if enclosure is None:
            super().__init__(database, **settings)
            return
        uri = bool(settings.get("uri"))
        enclosure.admit(os.fsdecode(database), uri=uri)
        # the audit hook refuses what opens a file while the door is closed
        with DOOR.opened():
            super().__init__(database, **settings)
        self.authorizer = enclosure.make_authorizer(uri=uri)
        super().set_authorizer(self.authorizer)

    def set_authorizer(self, authorizer_callback: Callback | None) -> None:
        """Ask a further callback, too."""
        if self.authorizer is None:
            super().set_authorizer(authorizer_callback)
        else:
            self.authorizer.further = authorizer_callback
            super().set_authorizer(self.authorizer)  # SQLite compiles its statements again then


def pass_for(authorized_class: Any, factory: type[sqlite3.Connection]) -> Any:
    """Show a class as the one that it replaces: filters of Python's warnings name it ("unclosed database in …")."""
    authorized_class.__module__, authorized_class.__qualname__ = factory.__module__, factory.__qualname__
    authorized_class.__name__ = factory.__name__
    return authorized_class


pass_for(AuthorizedConnection, sqlite3.Connection)


class Door(threading.local):
    """Whether this thread is opening a connection that gets an authorizer."""

    is_open = False

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Allow one connection to be opened."""
        former, self.is_open = self.is_open, True
        try:
            yield
        finally:
            self.is_open = former


DOOR = Door()


@contextmanager
def enclose(folder: Path, watcher: Watcher) -> Iterator[None]:
    """Watch what is opened by threads that concern the watcher, for as long as the block lasts."""
    install_hook()
    enclosure = Enclosure(folder, watcher)
    former = [module.connect for module in MODULES]
    ACTIVE.append(enclosure)
    for module, connect in zip(MODULES, former, strict=True):
        module.connect = watch(connect)
    try:
        yield
    finally:
        for module, connect in zip(MODULES, former, strict=True):
            module.connect = connect
        ACTIVE.remove(enclosure)


@functools.cache
def watch(connect: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `sqlite3.connect` so that it makes authorized connections, of the class that is asked for."""

    @functools.wraps(connect)
    def watched(*arguments: Any, **settings: Any) -> Any:
        # too many arguments are for sqlite3 to refuse
        if find_enclosure() is None or len(arguments) > len(PARAMETERS):
            return connect(*arguments, **settings)
        settings |= dict(zip(PARAMETERS, arguments, strict=False))
        settings["factory"] = authorized(settings.get("factory", sqlite3.Connection))
        return connect(**settings)

    return watched


@functools.cache
def authorized(factory: Any) -> Any:
    """Make a class of connections authorized; its own methods go first, and end in the authorized ones."""
    if not (isinstance(factory, type) and issubclass(factory, sqlite3.Connection)):
        return factory  # a function: what it makes without calling `sqlite3.connect` is refused
    if issubclass(factory, AuthorizedConnection):
        return factory
    if factory is sqlite3.Connection:
        return AuthorizedConnection
    return pass_for(type(factory.__name__, (factory, AuthorizedConnection), {}), factory)


@functools.cache
def install_hook() -> None:
    """Watch what this process opens from now on. Without an enclosure nothing is done; an audit hook cannot be taken off."""

    def refuse_bypass(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect" and ACTIVE and not DOOR.is_open:
            enclosure = find_enclosure()
            if enclosure is not None:
                enclosure.refuse_bypass(os.fsdecode(arguments[0]))

    sys.addaudithook(refuse_bypass)
