"""A limit on how long a step may take, whatever it is doing: SQL on the server, a loop, a sleep, a socket."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

REPEAT = 0.5
"""Seconds until the next attempt: code may catch the first, and cleaning up after it deserves a moment."""


class ExpiredError(BaseException):
    """Raised in the middle of the step; no `except Exception` of a migration holds it up."""


class Deadline:
    """Cancels the block when `seconds` are over: the Python code first, so that it is told where it stood, and the statement.

    interrupt: cancels statements; called from another thread. In the main thread of a POSIX system the Python code is reached
    by a signal, which also ends sleeping and waiting for a socket; elsewhere by an exception that takes effect at the next
    bytecode. After the block, `expired` tells whether the limit was reached.
    """

    def __init__(self, seconds: float | None, interrupt: Callable[[], None]) -> None:
        self._seconds = seconds
        self._interrupt = interrupt
        self._done = threading.Event()
        self._thread = threading.get_ident()
        self._by_signal = hasattr(signal, "pthread_kill") and threading.current_thread() is threading.main_thread()
        self._former: Any = None
        self._watcher: threading.Thread | None = None
        self.expired = False

    def __enter__(self) -> Self:
        if self._seconds is not None:
            if self._by_signal:
                self._former = signal.signal(signal.SIGALRM, self._on_signal)
            self._watcher = threading.Thread(target=self._watch, name="mrt deadline", daemon=True)
            self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.disarm()

    def disarm(self) -> None:
        """Stop watching; a second time does nothing."""
        self._done.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
            if self._by_signal:
                signal.signal(signal.SIGALRM, self._former)

    def _watch(self) -> None:
        started = time.monotonic()
        wait = self._seconds or 0
        while not self._done.wait(wait):
            if time.monotonic() - started < (self._seconds or 0):  # pragma: no cover - a spurious wake-up
                continue
            self.expired = True
            if not self._done.is_set():
                self._raise_in_thread()
            with contextlib.suppress(Exception):
                self._interrupt()
            wait = REPEAT

    def _raise_in_thread(self) -> None:
        if self._by_signal:
            signal.pthread_kill(self._thread, signal.SIGALRM)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(ExpiredError))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.expired and callable(self._former):
            self._former(number, frame)  # somebody else's alarm, pytest-timeout's for one
        elif self.expired and not self._done.is_set():
            raise ExpiredError
