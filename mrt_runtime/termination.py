"""Signals that end a run: what was begun is cleaned up, what was found is shown, and the exit code says which signal it was.

Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from typing_extensions import Self

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What a cancelled job and a closed terminal send; Windows has no SIGHUP."""
PATIENCE = 0.3
"""Seconds until a statement that keeps the main thread from noticing a signal is cancelled: some drivers wait in C."""
SHELLS = 128
"""What shells add to a signal's number for the exit code."""


class TerminationError(KeyboardInterrupt):
    """A signal asks the run to end; like Ctrl-C it passes every `except Exception`."""

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)

    @property
    def exit_code(self) -> int:
        """What the process is to exit with."""
        return SHELLS + self.signal


class Termination:
    """From `open` to `close`, makes SIGTERM and SIGHUP end the run as Ctrl-C does; a second one ends the process at once.

    A handler that is there already is left alone, and so are signals that are ignored (nohup). Outside of the main thread, where
    Python allows no handlers, nothing happens. While cleaning up goes on (`held`), a signal waits for its end.

    What a signal raises may meet a finalizer or a callback of a driver, from which nothing comes out: so it is noted, and `check`
    raises it again. Ctrl-C is noted within `catching` only: elsewhere in a test session it is not ours.
    """

    def __init__(self) -> None:
        self._former: dict[int, Any] = {}
        self._process = 0
        self._held = 0
        self._pending: int | None = None
        self._wakes: int | None = None
        self._is_interrupted = False
        self.received: TerminationError | None = None
        self.interrupt: Callable[[], None] | None = None

    def open(self) -> Self:
        """Begin."""
        if threading.current_thread() is not threading.main_thread():
            return self
        for number in ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                self._former[number] = signal.signal(number, self._on_signal)
        self._process = os.getpid()
        if self._former:
            self._watch()
            ACTIVE.append(self)
        return self

    def close(self) -> None:
        """End: the handlers from before are back. A signal that nothing has answered ends the process now."""
        if self not in ACTIVE:
            return
        ACTIVE.remove(self)
        for number, former in self._former.items():
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, former)
        if self._wakes is not None and signal.set_wakeup_fd(-1) == self._wakes:
            os.close(self._wakes)
        if self._pending is not None:
            self._end(self._pending)

    def settle(self) -> int:
        """Answer a signal with the exit code that this returns, though it came while clean-up was going on; 0 for none."""
        number = self.received.signal if self.received is not None else self._pending
        self._pending = None
        return SHELLS + number if number else 0

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextlib.contextmanager
    def held(self, *, raises: bool = True) -> Iterator[None]:
        """Delay the first signal, Ctrl-C too, to the end of the block: half a clean-up would leave things behind.

        raises: at the end of the outermost block; otherwise `close` answers the signal.
        """
        is_outermost, self._held = not self._held, self._held + 1
        with self.catching():
            try:
                yield
            finally:
                self._held -= 1
        if is_outermost and raises and self._pending is not None:
            number, self._pending = self._pending, None
            self._raise(number)

    @contextlib.contextmanager
    def catching(self) -> Iterator[None]:
        """Answer Ctrl-C in the body, where Python would by default."""
        by_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if by_default:
            signal.signal(signal.SIGINT, self._on_signal)
        try:
            yield
        finally:
            if by_default:
                signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise for a signal that was answered where nothing can be raised, or by code that caught it."""
        if self.received is not None:
            raise self.received
        if self._is_interrupted:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # in a process that a migration forked there is nothing of ours to clean up
        if os.getpid() != self._process or self.received is not None or self._pending is not None:
            self._end(number)
        elif self._held:
            self._pending = number
        else:
            self._raise(number)

    def _raise(self, number: int) -> NoReturn:
        if number == signal.SIGINT:
            self._is_interrupted = True
            raise KeyboardInterrupt
        self.received = TerminationError(number)
        raise self.received

    def _end(self, number: int) -> None:
        """End the process by the signal, as if nothing had been there to answer it."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # os.kill is barred while env.py runs

    def _watch(self) -> None:
        """Start a thread that learns of signals even where the main thread waits in a driver's C code."""
        reading, writing = os.pipe()
        # signal.set_wakeup_fd() demands it: a signal must not wait for a full pipe
        os.set_blocking(writing, False)
        former = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        if former != -1:  # an event loop around us needs it
            signal.set_wakeup_fd(former)
            os.close(reading)
            os.close(writing)
            return
        self._wakes = writing
        threading.Thread(target=self._wait, args=(reading,), name="mrt signals", daemon=True).start()

    def _wait(self, reading: int) -> None:
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            while number := pipe.read(1):
                step = self.interrupt
                if step is None or number[0] not in {signal.SIGINT, *self._former}:
                    continue
                threading.Event().wait(PATIENCE)
                # the statement may have ended by itself: the next one is not to blame
                if self.interrupt is step:
                    with contextlib.suppress(Exception):
                        step()


ACTIVE: list[Termination] = []
"""Those that are open; the last one decides."""


def _find_active() -> list[Termination]:
    """Return the one that decides, if there is one and this is the thread in which Python handles signals."""
    return ACTIVE[-1:] if threading.current_thread() is threading.main_thread() else []


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Delay a signal to the end of the block, where signals are handled at all."""
    with contextlib.ExitStack() as stack:
        for termination in _find_active():
            stack.enter_context(termination.held())
        yield


def check() -> None:
    """Raise for a signal that was answered where nothing can be raised, or by code that caught it."""
    for termination in ACTIVE[-1:]:
        termination.check()


@contextlib.contextmanager
def interrupted_by(interrupt: Callable[[], None]) -> Iterator[None]:
    """Run the body, a step of the project's own code; `interrupt`, called from another thread, cancels the statement it is at.

    A signal that the project's code caught is raised again at the end.
    """
    for termination in ACTIVE[-1:]:
        former, termination.interrupt = termination.interrupt, interrupt
        try:
            with catching():
                yield
        finally:
            termination.interrupt = former
            termination.check()
        return
    yield


@contextlib.contextmanager
def catching() -> Iterator[None]:
    """Note Ctrl-C in the body, where signals are handled at all, so that it ends the run wherever it is raised."""
    with contextlib.ExitStack() as stack:
        for termination in _find_active():
            stack.enter_context(termination.catching())
        yield
