"""A limit on how long a step may take, whatever it is doing: SQL on the server, a loop, a sleep, a socket."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

PATIENCE = 5.0
"""Seconds until it is asked for the first time, and between two times, whether the step waits for itself."""
REPEAT = 0.5
"""Seconds until the next attempt: code may catch the first, and cleaning up after it deserves a moment."""


class ExpiredError(BaseException):
    """Raised in the middle of the step; no `except Exception` of a migration holds it up."""


class MigrationDeadline:
    """Cancels a `with` block when `seconds` are over: the Python code first, so that its place is reported, and the statement.

    interrupt: cancels statements; is_stuck: returns whether they wait for something that never comes, so that no time is left to
    them; both called from another thread. In the main thread of a POSIX system the Python code is reached by a signal, which also
    ends sleeping and waiting for a socket; elsewhere by an exception that takes effect at the next bytecode. After the block,
    `expired` is whether the limit was reached, and `stuck` whether that was not waited for. To be used again and again: the
    watching thread stays for the next block, since starting one each time costs as much as a small migration.
    """

    def __init__(self, seconds: float | None, interrupt: Callable[[], None], is_stuck: Callable[[], bool] = bool) -> None:
        self._seconds = seconds
        self._interrupt = interrupt
        self._is_stuck = is_stuck
        self._began = 0.0
        self._lock = threading.Lock()
        self._due: float | None = None
        self._is_watching = False
        self._is_armed = False
        self._thread = 0
        self._by_signal = False
        self._former: Any = None
        self._told: Any = None
        self.expired = self.stuck = False

    def __enter__(self) -> Self:
        self.expired = self.stuck = False
        if self._seconds is None:
            return self
        self._thread = threading.get_ident()
        self._by_signal = hasattr(signal, "pthread_kill") and threading.current_thread() is threading.main_thread()
        if self._by_signal:
            self._former = signal.signal(signal.SIGALRM, self._on_signal)
            self._told, sys.unraisablehook = sys.unraisablehook, self._on_unraisable
        with self._lock:
            self._is_armed = True
            self._began = time.monotonic()
            self._due = self._began + self._seconds
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, args=(self._seconds,), name="mrt deadline", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.disarm()

    def disarm(self) -> None:
        """Stop watching, and wait for an attempt that is under way; a second time does nothing."""
        self._is_armed = False  # from here on the signal raises nothing
        with self._lock:
            if self._due is None:
                return
            self._due = None
        if self._by_signal:
            signal.signal(signal.SIGALRM, self._former)
            sys.unraisablehook = self._told
        elif self.expired:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), None)

    def _watch(self, idle: float) -> None:
        """Wake up when the block is due; between blocks, often enough to be in time for one that begins meanwhile."""
        wait = min(idle, PATIENCE)
        while True:
            time.sleep(wait)
            with self._lock:
                if self._due is None:
                    self._is_watching = False
                    return
                wait = min(self._due - time.monotonic(), PATIENCE)
                is_long = not self.expired and time.monotonic() - self._began >= PATIENCE
                self.stuck = self.stuck or (wait > 0 and is_long and self._is_stuck())
                if wait <= 0 or self.stuck:
                    self._expire()
                    wait = REPEAT

    def _expire(self) -> None:
        self.expired = True
        self._due = time.monotonic() + REPEAT
        if self._by_signal:
            signal.pthread_kill(self._thread, signal.SIGALRM)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(ExpiredError))
        with contextlib.suppress(Exception):
            self._interrupt()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.expired:
            if self._is_armed:
                raise ExpiredError
        elif callable(self._former):
            self._former(number, frame)  # another library's alarm, such as pytest-timeout's

    def _on_unraisable(self, lost: sys.UnraisableHookArgs) -> None:
        """Ignore an attempt that met a finalizer, from which nothing can be raised: the next one follows."""
        if lost.exc_type is not ExpiredError:
            self._told(lost)
