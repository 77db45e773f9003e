"""A private temporary folder that lives as long as its run, and that the next run removes if this one is killed."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.token import find_token, make_token

ATTEMPTS = 5
"""Tries to lock a new file; a sweep of another run can come in between, though hardly twice."""


class Folder:
    """A folder "mrt-TOKEN" in the system's temporary folder, with a locked file "mrt-TOKEN.lock" beside it.

    The lock distinguishes the living from the dead: the operating system releases it when the process ends, however it ends.
    It is SQLite's own file lock because that one works on every platform. The lock is taken before the folder is made and
    given up after it is removed, so a folder without a lock is always a dead run's.
    """

    def __init__(self) -> None:
        for _ in range(ATTEMPTS):
            self.path = Path(tempfile.gettempdir(), f"mrt-{make_token()}")
            self._lock = take_lock(lock_of(self.path))
            if self._lock is not None:
                break
        try:
            if self._lock is None:
                raise PermissionError("no file can be locked there")
            self.path.mkdir(mode=0o700)
        except OSError as error:
            words = f"{self.path.parent} cannot be used: {error.strerror or error}"
            raise ConfigurationError(f"The temporary folder {words}. Let TMPDIR name another one.") from None

    def drop(self) -> None:
        """Remove it; a second time does nothing."""
        if self._lock is not None:
            lock, self._lock = self._lock, None
            remove(self.path, lock)


def lock_of(folder: Path) -> Path:
    """Return which file holds a folder's lock."""
    return folder.with_name(f"{folder.name}.lock")


def take_lock(path: Path) -> sqlite3.Connection | None:
    """Lock a file, made if it is not there; None where another run holds it, removed it meanwhile, or it is not ours."""
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN EXCLUSIVE")
        if path.exists():  # otherwise a sweep took the file away between the two lines above
            return connection
    except sqlite3.Error:
        pass
    if connection is not None:
        connection.close()
    return None


def remove(folder: Path, lock: sqlite3.Connection) -> None:
    """Remove a folder and then its lock, in this order, so that nothing is ever left without a lock to find it by."""
    end_server(folder)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # Windows: it is still open
        lock_of(folder).unlink()
    # Windows removes a file only once it is closed: hence the second try below
    lock.close()
    with contextlib.suppress(OSError):
        lock_of(folder).unlink(missing_ok=True)


def end_server(folder: Path) -> None:
    """End the embedded PostgreSQL server that a killed run left running in its folder."""
    file = next(folder.glob("*/postmaster.pid"), None)
    if file is None:
        return
    with contextlib.suppress(Exception):  # gone, another user's, or no psutil; without its files the server ends by itself
        process = importlib.import_module("psutil").Process(int(file.read_text().partition("\n")[0]))
        if str(file.parent) in process.cmdline():
            process.terminate()
            process.wait(timeout=5)


def list_dead() -> list[tuple[Path, sqlite3.Connection]]:
    """Find the folders of dead runs, each with its lock held: the caller removes them."""
    dead = []
    stems = {path.name.partition(".")[0] for path in Path(tempfile.gettempdir()).glob("mrt-*") if find_token(path.name)}
    for stem in sorted(stems):
        folder = Path(tempfile.gettempdir(), stem)
        lock = take_lock(lock_of(folder))
        if lock is not None:
            dead.append((folder, lock))
    return dead


def sweep() -> None:
    """Remove the folders of dead runs."""
    for folder, lock in list_dead():
        remove(folder, lock)
