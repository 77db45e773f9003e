"""Spread work over processes that are forked before anything heavy is imported, and outlive any of them.

A parser that crashes or is killed for its appetite takes its process along, not the run: the file that it was at is reported
as lost and a new process goes on behind it.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

Task = TypeVar("Task")

_CHUNK: Final = 1 << 16
_ENOUGH: Final = 12_000
"""Bytes of source that make another process worth while: reading them takes a third of the time that importing the parser does."""
_MOST: Final = 8
"""Processes at most, however many processors there are: each holds a parser in memory."""


def sensible_jobs(weights: Sequence[int]) -> int:
    """How many processes pay for reading files of these sizes on this machine."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, _MOST, len(weights), 1 + sum(weights) // _ENOUGH))


def spread(
    work: Callable[[Task], str], tasks: Sequence[Task], weights: Sequence[int], jobs: int
) -> Iterator[tuple[int, str | None]]:
    """Start the work at once; the iterator yields (index of the task, its line), as they come in.

    `work` gives one line of text and raises nothing. A task whose process died gives None. With one job, or where there is no
    fork, the work is done here, as the iterator is asked.
    """
    if jobs <= 1 or not _may_fork():
        return ((index, work(task)) for index, task in enumerate(tasks))
    return _gather(work, tasks, [_Worker(work, tasks, share) for share in _deal(weights, jobs) if share])


def _may_fork() -> bool:
    """Forking copies only the calling thread: whoever has others may hold their locks for ever."""
    threading = sys.modules.get("threading")
    return hasattr(os, "fork") and (threading is None or threading.active_count() == 1)


def _deal(weights: Sequence[int], jobs: int) -> list[list[int]]:
    """Deal the heaviest first, each to whoever has least."""
    shares: list[list[int]] = [[] for _ in range(jobs)]
    loads = [0] * jobs
    for index in sorted(range(len(weights)), key=weights.__getitem__, reverse=True):
        least = loads.index(min(loads))
        shares[least].append(index)
        loads[least] += weights[index] + 1
    return shares


class _Worker:
    """A forked process at its share of the tasks; its lines come through a pipe, in order."""

    def __init__(self, work: Callable[[Task], str], tasks: Sequence[Task], share: Sequence[int]) -> None:
        self.pending = deque(share)
        self._rest = b""
        self.pipe, entrance = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            _labour(work, [tasks[index] for index in share], entrance)
        os.close(entrance)

    def receive(self) -> tuple[list[tuple[int, str | None]], bool]:
        """Take what has come in, and whether there may be more."""
        chunk = os.read(self.pipe, _CHUNK)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [(self.pending.popleft(), line.decode()) for line in lines], bool(chunk)

    def dismiss(self) -> None:
        """End the process, whatever it is at, and wait for it."""
        import signal  # noqa: PLC0415  only with workers

        os.close(self.pipe)
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


def _labour(work: Callable[[Task], str], tasks: Sequence[Task], pipe: int) -> None:
    """Do the tasks and leave without any of the parent's farewells: its buffers and exit handlers are not ours."""
    import gc  # noqa: PLC0415  only a worker needs it
    import signal  # noqa: PLC0415  only a worker needs it

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(50_000)
    try:
        for task in tasks:
            line = memoryview(work(task).encode() + b"\n")
            while line:
                line = line[os.write(pipe, line) :]
    finally:
        os._exit(0)


def _gather(work: Callable[[Task], str], tasks: Sequence[Task], workers: list[_Worker]) -> Iterator[tuple[int, str | None]]:
    import select  # noqa: PLC0415  only with workers

    active = {worker.pipe: worker for worker in workers}
    try:
        while active:
            for pipe in select.select(list(active), [], [])[0]:
                worker = active[pipe]
                lines, more = worker.receive()
                if not more:
                    del active[pipe]
                    worker.dismiss()
                    if worker.pending:
                        lines.append((worker.pending.popleft(), None))
                    if worker.pending:
                        successor = _Worker(work, tasks, worker.pending)
                        active[successor.pipe] = successor
                yield from lines
    finally:
        for worker in active.values():
            worker.dismiss()
