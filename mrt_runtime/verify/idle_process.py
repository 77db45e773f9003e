"""Processes that wait for an order. Standard library only: they start while this process still imports what they import, too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from configparser import Error, RawConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

Process: TypeAlias = "subprocess.Popen[bytes]"
LEAST = 8
"""Revisions for which a process of their own pays: it starts in the time that it takes to check some of them."""
CODE = "import sys; sys.path[:] = {path!r}; from mrt_runtime.verify.worker import main; sys.exit(main())"


def start_process() -> Process:
    """Start a process that does what its standard input says, and ends without a word where that says nothing."""
    return subprocess.Popen(  # noqa: S603  our own
        [sys.executable, "-c", CODE.format(path=sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, who end it
    )


@contextmanager
def idle_processes(count: int) -> Iterator[list[Process]]:
    """Start processes; those that are still in the list after the body have no order, and are ended."""
    idle: list[Process] = []
    try:
        for _ in range(count):
            idle.append(start_process())  # noqa: PERF401  so that those that were started are known where one fails
        yield idle
    finally:
        for process in idle:
            process.kill()
            process.communicate()


def count_files(ini: str) -> int:
    """Count the migrations where most projects have them, without importing Alembic; 0 where they are elsewhere."""
    reader = RawConfigParser()
    try:
        reader.read(ini, encoding="utf-8")
        location = reader.get("alembic", "script_location", fallback="")
    except (OSError, UnicodeError, Error):  # which is reported where it is read to be used
        return 0
    home = Path(ini).resolve().parent
    return len(list((home / location.replace("%(here)s", str(home)) / "versions").glob("*.py")))
