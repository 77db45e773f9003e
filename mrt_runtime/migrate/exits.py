"""Ways out of the process, barred while env.py runs: each would end the run with nothing verified, some with exit code 0."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

WAYS_OUT = ("_exit", "abort", "execv", "execve", "kill")
"""Functions of `os`; the other members of the exec family call one of the two."""
DEADLY = {
    int(getattr(signal, name))
    for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGSTOP")
    if hasattr(signal, name)
}


class ExitError(SystemExit):
    """The project's code was about to end the process, or to put another program in its place."""

    def __init__(self, call: str) -> None:
        super().__init__(1)
        self.call = call

    def __str__(self) -> str:
        return f"it called {self.call}, which would have ended the whole run"


@contextlib.contextmanager
def barred() -> Iterator[None]:
    """Make a call that ends the process raise ExitError in this thread. A forked child ends at the end of the body."""
    process, thread = os.getpid(), threading.get_ident()
    originals: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in WAYS_OUT if hasattr(os, name)}

    def bar(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            is_ours = os.getpid() == process and threading.get_ident() == thread
            if is_ours and (name != "kill" or (args[:1] == (process,) and int(args[1]) in DEADLY)):
                raise ExitError(spell(name, args))
            return original(*args, **named)

        return call

    for name, original in originals.items():
        setattr(os, name, bar(name, original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)
        if os.getpid() != process:  # what is behind the body belongs to the parent: its database, its report
            originals["_exit"](1)


def spell(name: str, args: tuple[Any, ...]) -> str:
    """Write a call as a person would."""
    if name == "kill":
        return f"os.kill(os.getpid(), {signal.Signals(args[1]).name})"
    return f"os.{name}({', '.join(map(repr, args[:1]))})"
