"""Spread work over other processes, and outlive any of them.

The first is forked before anything heavy is imported. It alone imports the parser and forks the others with it: what is imported
is paid for once, and the caller has a processor to itself meanwhile. A parser that crashes or is killed for its appetite takes
its process along, not the run: the file that it was at is reported as lost and a new process goes on behind it.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final, Generic, NoReturn, TypeVar

Task = TypeVar("Task")

_CHUNK: Final = 1 << 16
_ENOUGH: Final = 6_000
"""Bytes of source that make another process worth while: reading them takes several times as long as a fork."""
_MOST: Final = 8
"""Processes at most, however many processors there are: each holds a parser in memory."""


def sensible_jobs(weights: Sequence[int]) -> int:
    """How many processes beside this one pay for reading files of these sizes: with a second processor one always does."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, _MOST, len(weights), 1 + sum(weights) // _ENOUGH) if processors > 1 else 0


def spread(
    work: Callable[[Task], str],
    tasks: Sequence[Task],
    weights: Sequence[int],
    jobs: int,
    make_ready: Callable[[], object] = lambda: None,
) -> Iterator[tuple[int, str | None]]:
    """Start the work at once, in so many other processes; the iterator yields (index of the task, its line), as they come in.

    `work` gives one line of text and raises nothing; `make_ready` imports what it needs. A task whose process died gives None.
    Without jobs, or where there is no fork, the work is done here, as the iterator is asked.
    """
    if not tasks or jobs < 1 or not _may_fork():
        return ((index, work(task)) for index, task in enumerate(tasks))
    return _Crew(work, tasks, make_ready, [share for share in _deal(weights, jobs) if share]).lines()


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


class _Share:
    """Tasks that one process is at; its lines come through a pipe, in order."""

    def __init__(self, tasks: Iterable[int]) -> None:
        self.pending = deque(tasks)
        self._rest = b""
        self.pipe, self.entrance = os.pipe()

    def receive(self) -> tuple[list[tuple[int, str | None]], bool]:
        """Take what has come in, and whether there may be more."""
        chunk = os.read(self.pipe, _CHUNK)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [(self.pending.popleft(), line.decode()) for line in lines], bool(chunk)


class _Crew(Generic[Task]):
    """Processes at the same work, in families: the eldest of each makes ready and forks the others, and all are ended as one."""

    def __init__(
        self,
        work: Callable[[Task], str],
        tasks: Sequence[Task],
        make_ready: Callable[[], object],
        shares: Sequence[Iterable[int]],
    ) -> None:
        self._work = work
        self._tasks = tasks
        self._make_ready = make_ready
        self._active: dict[int, _Share] = {}
        self._eldest: list[int] = []
        self._found(shares)

    def lines(self) -> Iterator[tuple[int, str | None]]:
        """Yield what comes in until all has; no process is left when this ends, however it ends."""
        import select  # noqa: PLC0415  only with other processes

        try:
            while self._active:
                for pipe in select.select(list(self._active), [], [])[0]:
                    share = self._active[pipe]
                    lines, more = share.receive()
                    if not more:
                        del self._active[pipe]
                        os.close(pipe)
                        if share.pending:
                            lines.append((share.pending.popleft(), None))
                        if share.pending:
                            self._found([share.pending])
                    yield from lines
        finally:
            self._dismiss()

    def _found(self, shares: Sequence[Iterable[int]]) -> None:
        """Start a family of processes, one for each share."""
        family = [_Share(tasks) for tasks in shares]
        self._active |= {share.pipe: share for share in family}
        eldest = os.fork()
        if eldest == 0:
            self._live(family)
        for share in family:
            os.close(share.entrance)
        self._eldest.append(eldest)
        with suppress(OSError):  # it does so itself, and may already be gone
            os.setpgid(eldest, eldest)

    def _live(self, family: Sequence[_Share]) -> NoReturn:
        """Be the eldest, or one of those that it forks, and do a share of the tasks.

        All leave without any of the caller's farewells: its buffers and exit handlers are not theirs. None keeps an end of
        another's pipe, so that each notices when whom it talks to is gone.
        """
        import gc  # noqa: PLC0415  only the crew needs it

        try:
            os.setpgid(0, 0)
            gc.set_threshold(50_000)
            self._make_ready()
            own, younger = family[0], 0
            for share in family[1:]:
                if os.fork() == 0:
                    own, younger = share, 0
                    break
                younger += 1
            for pipe in (*self._active, *(share.entrance for share in family if share is not own)):
                os.close(pipe)
            self._labour(own)
            for _ in range(younger):
                os.wait()
        finally:
            os._exit(0)

    def _labour(self, share: _Share) -> None:
        for index in share.pending:
            line = memoryview(self._work(self._tasks[index]).encode() + b"\n")
            while line:
                line = line[os.write(share.entrance, line) :]
        os.close(share.entrance)

    def _dismiss(self) -> None:
        """Wait for the eldest, which wait for theirs; where not all was asked for, end them first, whatever they are at."""
        for pipe in self._active:
            os.close(pipe)
        for eldest in self._eldest:
            if self._active:
                import signal  # noqa: PLC0415  only for this

                with suppress(OSError):  # some systems refuse where all are gone
                    os.killpg(eldest, signal.SIGKILL)
            os.waitpid(eldest, 0)
