"""Garbage collection while one file is read."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Run the body without collecting garbage.

    A syntax tree is thousands of objects that all live until the file is read. A collection every 700 of them finds nothing, and
    takes a fifth of the time of reading the file; how large one may be is limited.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
