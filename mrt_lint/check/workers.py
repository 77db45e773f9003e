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
    """Tasks that one process is at; its lines come through a pipe, in order, behind an empty one that says it has begun."""

    def __init__(self, tasks: Iterable[int]) -> None:
        self.pending = deque(tasks)
        self.begun = False
        self._rest: list[bytes] = []
        self.pipe, self.entrance = os.pipe()

    def receive(self) -> tuple[list[tuple[int, str | None]], bool]:
        """Take what has come in, and whether there may be more."""
        chunk = os.read(self.pipe, _CHUNK)
        self._rest.append(chunk)
        if b"\n" not in chunk:
            return [], bool(chunk)
        *lines, rest = b"".join(self._rest).split(b"\n")
        self._rest = [rest]
        if lines and not self.begun:
            self.begun = True
            del lines[0]
        return [(self.pending.popleft(), line.decode()) for line in lines], bool(chunk)

    def send(self, line: str) -> None:
        """Write a line, in the process that is at the tasks."""
        rest = memoryview(line.encode() + b"\n")
        while rest:
            rest = rest[os.write(self.entrance, rest) :]


class _Crew(Generic[Task]):
    """Processes at the same work, in families: the eldest of each makes ready and forks the others.

    All stay in the caller's process group, for what a terminal or a time limit tells it. None outlives the caller, whatever ends
    it: this process alone can write to a pipe of which they all wait to see the end.
    """

    def __init__(
        self,
        work: Callable[[Task], str],
        tasks: Sequence[Task],
        make_ready: Callable[[], object],
        shares: Sequence[Sequence[int]],
    ) -> None:
        self._work = work
        self._tasks = tasks
        self._make_ready = make_ready
        self._active: dict[int, _Share] = {}
        self._eldest: list[int] = []
        self._left: list[int] = []
        self._life: tuple[int, int] | tuple[()] = ()
        with suppress(OSError):
            self._life = os.pipe()
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
                        lines += self._replace(share)
                    yield from lines
            yield from ((index, self._work(self._tasks[index])) for index in self._left)
        finally:
            self._dismiss()

    def _replace(self, share: _Share) -> Iterator[tuple[int, str | None]]:
        """Find somebody for what a process has left over, and give the task that ended it; one that never began had none."""
        if not share.begun:
            self._left += share.pending
            return
        if share.pending:
            yield share.pending.popleft(), None
        if share.pending:
            self._found([share.pending])

    def _found(self, shares: Sequence[Sequence[int]]) -> None:
        """Start a family of processes, one for each share; where the system allows no more of them, all is left to this one."""
        family: list[_Share] = []
        try:
            family.extend(map(_Share, shares))
            eldest = os.fork()
        except OSError:
            for share in family:
                os.close(share.pipe)
                os.close(share.entrance)
            self._left += (index for tasks in shares for index in tasks)
            return
        self._active |= {share.pipe: share for share in family}
        if eldest == 0:
            self._live(family)
        for share in family:
            os.close(share.entrance)
        self._eldest.append(eldest)

    def _live(self, family: Sequence[_Share]) -> NoReturn:
        """Be the eldest, or one of those that it forks, and do a share of the tasks.

        All leave without any of the caller's farewells: its buffers and exit handlers are not theirs. None keeps an end of
        another's pipe, so that each notices when whom it talks to is gone.
        """
        import gc  # noqa: PLC0415  only the crew needs it
        import signal  # noqa: PLC0415  only the crew needs it

        try:
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is for all, and the caller answers it
            for pipe in (*self._active, *self._life[1:]):
                os.close(pipe)
            gc.set_threshold(50_000)
            self._make_ready()
            self._labour(_divide(family))
            with suppress(ChildProcessError):
                while True:
                    os.wait()
        finally:
            os._exit(0)

    def _labour(self, shares: Sequence[_Share]) -> None:
        if self._life:
            import _thread  # noqa: PLC0415  only the crew needs it

            with suppress(RuntimeError):  # the system may allow no more; then a line that nobody takes is what ends this one
                _thread.start_new_thread(_leave_with, (self._life[0],))
        for share in shares:
            share.send("")
            for index in share.pending:
                share.send(self._work(self._tasks[index]))
            os.close(share.entrance)

    def _dismiss(self) -> None:
        """Wait for the eldest, which wait for theirs; where not all was asked for, end them first, whatever they are at."""
        for pipe in (*self._active, *self._life):
            os.close(pipe)
        for eldest in self._eldest:
            if self._active:
                import signal  # noqa: PLC0415  only for this

                with suppress(OSError):  # it may be gone
                    os.kill(eldest, signal.SIGKILL)
            with suppress(ChildProcessError):  # whoever started this one may have chosen that children are not waited for
                os.waitpid(eldest, 0)


def _divide(family: Sequence[_Share]) -> Sequence[_Share]:
    """Fork a process for each share but the first, and give those that are for this one: more where no other can be had."""
    others: list[_Share] = []
    mine: Sequence[_Share] = family
    for share in family[1:]:
        try:
            is_other = os.fork() == 0
        except OSError:
            break
        if is_other:
            mine, others = [share], [one for one in family if one is not share]
            break
        others.append(share)
        mine = [one for one in family if one not in others]
    for share in others:
        os.close(share.entrance)
    return mine


def _leave_with(life: int) -> NoReturn:
    """Wait until the caller has ended, or wants no more, and leave, whatever the rest of the process is at."""
    try:
        os.read(life, 1)
    finally:
        os._exit(0)
