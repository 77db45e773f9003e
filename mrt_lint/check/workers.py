"""Distribute work to other processes, and survive any of them.

The first is forked before anything heavy is imported. It alone imports the parser and then forks the others: what is imported
is paid for once, and the caller imports the rules on another processor meanwhile. That is why it pays for a single file, too (0.29
in place of 0.37 s on two processors; 500 files 1.19 in place of 1.73 s), and why `multiprocessing` would not do. A parser that
crashes or runs out of memory ends its process, not the run: its file is reported as lost and a new process reads the rest.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final, Generic, NoReturn, TypeVar

Task = TypeVar("Task")

# what a pipe of Linux holds
_CHUNK: Final = 1 << 16
_ENOUGH: Final = 6_000
"""Bytes of source that make another process worth while: reading them takes several times as long as a fork."""
_MOST: Final = 8
"""Processes at most, however many processors there are: each holds a parser in memory."""


def sensible_jobs(weights: Sequence[int]) -> int:
    """Return how many processes besides this one pay for reading files of these sizes: with a second processor one always does."""
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

    `work` returns one line of text and raises nothing; `make_ready` imports what it needs. A task whose process died yields None.
    Without jobs, or where there is no fork, the work is done here, as the iterator is asked.
    """
    if not tasks or jobs < 1 or not _may_fork():
        return ((index, work(task)) for index, task in enumerate(tasks))
    return _ForkedWorkers(work, tasks, make_ready, [share for share in _deal(weights, jobs) if share]).lines()


def _may_fork() -> bool:
    """Return whether forking is safe: it copies only the calling thread, and locks that others hold are never released."""
    threading = sys.modules.get("threading")
    return hasattr(os, "fork") and (threading is None or threading.active_count() == 1)


def _deal(weights: Sequence[int], jobs: int) -> list[list[int]]:
    """Distribute tasks, the heaviest first, each to the process with the least work."""
    shares: list[list[int]] = [[] for _ in range(jobs)]
    loads = [0] * jobs
    for index in sorted(range(len(weights)), key=weights.__getitem__, reverse=True):
        least = loads.index(min(loads))
        shares[least].append(index)
        # empty files cost something, too
        loads[least] += weights[index] + 1
    return shares


class _WorkerShare:
    """The tasks of one process; its lines arrive through a pipe, in order, after an empty line once it is ready."""

    def __init__(self, tasks: Iterable[int]) -> None:
        self.pending = deque(tasks)
        self.is_ready = False
        self._rest: list[bytes] = []
        self.pipe, self.write_end = os.pipe()

    def receive(self) -> tuple[list[tuple[int, str | None]], bool]:
        """Take what has come in, and whether there may be more."""
        chunk = os.read(self.pipe, _CHUNK)
        self._rest.append(chunk)
        # joined only once a line is whole: a line of megabytes comes in hundreds of chunks
        if b"\n" not in chunk:
            return [], bool(chunk)
        *lines, rest = b"".join(self._rest).split(b"\n")
        self._rest = [rest]
        if lines and not self.is_ready:
            self.is_ready = True
            del lines[0]
        return [(self.pending.popleft(), line.decode()) for line in lines], bool(chunk)

    def send(self, line: str) -> None:
        """Write a line, in the process that is at the tasks."""
        rest = memoryview(line.encode() + b"\n")
        while rest:
            rest = rest[os.write(self.write_end, rest) :]


class _ForkedWorkers(Generic[Task]):
    """Forked processes that share one kind of work, in groups: the leader of each prepares it and forks the others.

    All stay in the caller's process group, so that they get its signals. None outlives the caller, however it ends:
    only the caller holds the write end of a pipe, and they all wait for that to be closed.
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
        self._active: dict[int, _WorkerShare] = {}
        self._leaders: list[int] = []
        self._left: list[int] = []
        self._lifeline: tuple[int, int] | tuple[()] = ()
        with suppress(OSError):
            self._lifeline = os.pipe()
        self._fork_group(shares)

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
            self._shut_down()

    def _replace(self, share: _WorkerShare) -> Iterator[tuple[int, str | None]]:
        """Find another process for the remaining tasks, and yield the task that ended this one; one that never started had none."""
        if not share.is_ready:
            self._left += share.pending
            return
        if share.pending:
            yield share.pending.popleft(), None
        if share.pending:
            self._fork_group([share.pending])

    def _fork_group(self, shares: Sequence[Sequence[int]]) -> None:
        """Start a group of processes, one for each share; if the system allows no more of them, this process does the work."""
        group: list[_WorkerShare] = []
        try:
            group.extend(map(_WorkerShare, shares))
            leader = os.fork()
        except OSError:
            for share in group:
                os.close(share.pipe)
                os.close(share.write_end)
            self._left += (index for tasks in shares for index in tasks)
            return
        self._active |= {share.pipe: share for share in group}
        if leader == 0:
            self._run_leader(group)
        for share in group:
            os.close(share.write_end)
        self._leaders.append(leader)

    def _run_leader(self, group: Sequence[_WorkerShare]) -> NoReturn:
        """Run as the leader, or as one of those that it forks, and do a share of the tasks.

        All leave by os._exit(), since the caller's buffers and exit handlers are not theirs. None keeps an end of
        another's pipe, so that each notices when the other end is closed.
        """
        import gc  # noqa: PLC0415  only with other processes
        import signal  # noqa: PLC0415  only with other processes

        try:
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is sent to all, and the caller handles it
            for pipe in (*self._active, *self._lifeline[1:]):
                os.close(pipe)
            # trees are large and all live until the file is read: collecting every 700 objects finds nothing
            gc.set_threshold(50_000)
            self._make_ready()
            self._work_off(_divide(group))
            with suppress(ChildProcessError):
                while True:
                    os.wait()
        finally:
            os._exit(0)

    def _work_off(self, shares: Sequence[_WorkerShare]) -> None:
        if self._lifeline:
            import _thread  # noqa: PLC0415  only with other processes

            with suppress(RuntimeError):  # the system may allow no more threads; then a failing write ends this process
                _thread.start_new_thread(_leave_with, (self._lifeline[0],))
        for share in shares:
            share.send("")
            for index in share.pending:
                share.send(self._work(self._tasks[index]))
            os.close(share.write_end)

    def _shut_down(self) -> None:
        """Wait for the leaders, which wait for their groups; if not all results were taken, kill them first."""
        for pipe in (*self._active, *self._lifeline):
            os.close(pipe)
        for leader in self._leaders:
            if self._active:
                import signal  # noqa: PLC0415  only for this

                with suppress(OSError):  # it may have ended
                    os.kill(leader, signal.SIGKILL)
            with suppress(ChildProcessError):  # the parent of this process may ignore SIGCHLD
                os.waitpid(leader, 0)


def _divide(group: Sequence[_WorkerShare]) -> Sequence[_WorkerShare]:
    """Fork a process for each share but the first, and return those that are for this one: more where no other can be had."""
    others: list[_WorkerShare] = []
    mine: Sequence[_WorkerShare] = group
    for share in group[1:]:
        try:
            is_other = os.fork() == 0
        except OSError:
            break
        if is_other:
            # this is the forked process: it keeps its own share, and the leader the rest
            mine, others = [share], [one for one in group if one is not share]
            break
        others.append(share)
        mine = [one for one in group if one not in others]
    for share in others:
        os.close(share.write_end)
    return mine


def _leave_with(lifeline: int) -> NoReturn:
    """Wait until the caller has ended, or wants no more, and leave, whatever the rest of the process is at."""
    try:
        os.read(lifeline, 1)
    finally:
        os._exit(0)
