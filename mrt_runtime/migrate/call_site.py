"""Where a statement comes from: the calls that are being executed, and their line in a migration."""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import Any

from mrt_runtime.migrate.error import is_same


def trace_calls() -> TracebackType | None:
    """Return the calls that are being executed, as an exception raised here would have them once it came all the way up."""
    trace, frame = None, sys._getframe(1)  # noqa: SLF001  `inspect.stack` reads every file of the stack
    while frame is not None:
        trace = TracebackType(trace, frame, max(frame.f_lasti, 0), frame.f_lineno or 1)
        frame = frame.f_back  # type: ignore[assignment]  # None at the end
    return trace


def find_line(file: str | None) -> int | None:
    """Return the line of a file that the present call comes from; None where it does not come from there."""
    frame = sys._getframe(1) if file is not None else None  # noqa: SLF001  `inspect.stack` reads every file of the stack
    while frame is not None and not is_same(frame.f_code.co_filename, str(file)):
        frame = frame.f_back
    if frame is None and file is not None and "greenlet" in sys.modules:
        frame = _find_outside(file)
    return frame.f_lineno if frame is not None else None


def _find_outside(file: str) -> FrameType | None:
    """Return the call in a file from which SQLAlchemy switched to where its synchronous part is executed for an async engine."""
    outer: Any = sys.modules["greenlet"].getcurrent().parent
    while outer is not None:
        frame: FrameType | None = outer.gr_frame
        while frame is not None:
            if is_same(frame.f_code.co_filename, file):
                return frame
            frame = frame.f_back
        outer = outer.parent
    return None
