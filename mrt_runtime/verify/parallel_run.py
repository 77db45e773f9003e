"""A run of `mrt verify` in several processes, each with a scratch database of its own and one part of the history.

Without Alembic and SQLAlchemy: this process hands on what others find, and they need the processors.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.report.json import from_json
from mrt_runtime.revision_choice import RevisionChoice
from mrt_runtime.shard import Shard
from mrt_runtime.termination import check, held
from mrt_runtime.verdict import ToldObstacles, Verdict
from mrt_runtime.verify.idle_process import LEAST, Process, start_process
from mrt_runtime.verify.work_order import write_order

if TYPE_CHECKING:
    from mrt_runtime.verify.run import Begin

PATIENCE = 1.0
"""Seconds until the wait for an answer begins again: on Windows, Ctrl-C is not noticed within it."""
ONE_MORE = 2


class WorkerProcess:
    """One process, and what it has reported so far."""

    def __init__(self, config: MRTConfig, choice: RevisionChoice, process: Process, answers: Answers) -> None:
        self.job = choice.job
        self.revisions: list[str] | None = None
        self.verdicts: deque[Verdict] = deque()
        self.begun: str | None = None
        self.left = 0
        self.has_ended = False
        self._process = process
        self._listener = threading.Thread(target=self._listen, args=(answers,), name=f"mrt job {self.job}", daemon=True)
        self._listener.start()
        with contextlib.suppress(BrokenPipeError):  # what is wrong with it is reported when it ends
            self._orders.write(write_order(config, choice))
            self._orders.flush()

    @property
    def _orders(self) -> Any:
        return self._process.stdin

    def end(self) -> None:
        """Close its standard input: it ends once it has cleaned up."""
        with contextlib.suppress(BrokenPipeError):
            self._orders.close()

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.wait()
        self.end()
        self._listener.join()

    def describe_end(self) -> str:
        """Describe how it ended though it was not asked to."""
        code = self._process.wait()
        known = {-one.value: one.name for one in signal.Signals}
        how = f"was ended by {known[code]}" if code in known else f"ended with exit code {code}"
        while_what = f" while it verified {self.begun}" if self.begun else " before it verified anything"
        advice = f"Verify that revision alone (mrt verify {self.begun}), or " if self.begun else "To see more, "
        fewer = "take --jobs 1." if self.job.count <= ONE_MORE else "take fewer --jobs."
        return f"Worker {self.job.number} of {self.job.count} {how}{while_what}, and the run was stopped. {advice}{fewer}"

    def _listen(self, answers: Answers) -> None:
        lines: Any = self._process.stdout
        with lines:
            for line in lines:
                answers.put((self, json.loads(line)))
        answers.put((self, None))


Answers: TypeAlias = "queue.SimpleQueue[tuple[WorkerProcess, dict[str, Any] | None]]"


class ParallelRun:
    """Yields the verdicts of several processes in the order of the history."""

    def __init__(self, config: MRTConfig, choice: RevisionChoice, jobs: int, idle: list[Process]) -> None:
        self._config = config
        self._idle = idle
        self._answers: Answers = queue.SimpleQueue()
        self._workers: list[WorkerProcess] = []
        self._obstacles = ToldObstacles()
        self._begin: Begin = str
        self.facts: dict[str, str] = {}
        self.shard: dict[str, Any] | None = None
        self._choices = [replace(choice, job=Shard(number, jobs)) for number in range(1, jobs + 1)]

    @property
    def revisions(self) -> list[str]:
        """See `Run`."""
        return [revision for worker in self._workers for revision in worker.revisions or ()]

    def start(self) -> None:
        """Start the processes, and wait until each has a database. Raises ConfigurationError where one has none."""
        with held():
            for choice in self._choices:
                process = self._idle.pop() if self._idle else start_process()
                self._workers.append(WorkerProcess(self._config, choice, process, self._answers))
        while any(worker.revisions is None for worker in self._workers):
            self._take()

    def check(self, begin: Begin) -> Iterator[Verdict]:
        """See `Run`. Where the run cannot go on, what was found until then is reported before that."""
        self._begin = begin
        try:
            for worker in self._workers:
                while worker.verdicts or worker.left:
                    if worker.verdicts:
                        yield self._obstacles.shorten(worker.verdicts.popleft())
                    else:
                        self._take()
        except ConfigurationError:
            for worker in self._workers:
                yield from map(self._obstacles.shorten, worker.verdicts)
            raise

    def finish(self) -> None:
        """Wait until all have dropped their databases. Raises ConfigurationError where one could not."""
        while not all(worker.has_ended for worker in self._workers):
            self._take()

    def close(self) -> None:
        """End the processes that are still there, each after it has cleaned up."""
        with held():
            for worker in self._workers:
                if not worker.has_ended:
                    worker.end()
            for worker in self._workers:
                worker.wait()

    def _take(self) -> None:
        """Wait for an answer of any process, and note it with that process."""
        check()  # what a signal raised may have met a finalizer
        try:
            worker, answer = self._answers.get(timeout=PATIENCE)
        except queue.Empty:
            return
        if answer is None and not worker.has_ended:
            self._sweep()
            raise ConfigurationError(worker.describe_end())
        match answer or {}:
            case {"revisions": revisions, "facts": facts, "shard": shard}:
                worker.revisions, worker.left = revisions, len(revisions)
                self.facts, self.shard = self.facts or facts, shard
            case {"begun": revision}:
                worker.begun = revision
                self._begin(revision)
            case {"verdict": verdict}:
                worker.verdicts.append(from_json(verdict))
                worker.left -= 1
            case {"ended": _}:
                worker.has_ended = True
            case {"error": sentence}:
                raise ConfigurationError(sentence)

    def _sweep(self) -> None:
        """Drop what a process that crashed has left behind, as the next run would."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  the processes import it, which need not wait for this one

        from mrt_runtime.databases import connect, folder  # noqa: PLC0415  as above

        folder.sweep()
        if not str(self._config.db_url).startswith("embedded:"):
            with (
                contextlib.suppress(ConfigurationError, SQLAlchemyError),
                contextlib.closing(connect(self._config.db_url or "", self._config.isolation)) as database,
            ):
                database.sweep()


@contextlib.contextmanager
def open_parallel(config: MRTConfig, choice: RevisionChoice, jobs: int, idle: list[Process]) -> Iterator[ParallelRun]:
    """Run processes for as long as the body does. idle: processes that were started already, from which it takes its own."""
    run = ParallelRun(config, choice, jobs, idle)
    try:
        run.start()
        yield run
        run.finish()
    finally:
        run.close()


def count_jobs(config: MRTConfig, choice: RevisionChoice, wanted: int) -> int:
    """Return how many processes pay for what is chosen: one where there is little to do, or what is wrong has to be reported."""
    from mrt_runtime.migrate import read_graph  # noqa: PLC0415  brings Alembic

    try:
        return max(1, min(wanted, len(choice.choose(read_graph(config))) // LEAST)) if wanted > 1 else 1
    except ConfigurationError:
        return 1
