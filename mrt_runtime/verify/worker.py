"""A process that checks one part of a history for another one, which reads the verdicts from its standard output.

Each line there is a JSON object. First the revisions and the database; then the name of each revision that begins, and its
verdict; at the end that the scratch database is dropped, or a sentence that says why the run cannot go on. It ends early, and
cleans up, once its standard input is closed: then the other process wants no more, or is gone.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import IO, Any

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.report.json import as_json
from mrt_runtime.revision_choice import RevisionChoice
from mrt_runtime.termination import Termination
from mrt_runtime.verify.run import open_single
from mrt_runtime.verify.work_order import read_order


class Answers:
    """Writes to the other process. Standard output itself goes where errors go: whatever the project's code prints is no answer."""

    def __init__(self) -> None:
        self._pipe = os.fdopen(os.dup(1), "w", encoding="ascii")
        os.dup2(2, 1)

    def write(self, **answer: Any) -> None:
        """Write one answer. Raises BrokenPipeError where the reader is gone."""
        print(json.dumps(answer), file=self._pipe, flush=True)


def take_input() -> IO[bytes]:
    """Return standard input, which leads nowhere from now on: a migration that asks a question would wait for ever."""
    taken = os.fdopen(os.dup(0), "rb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return taken


def end_with(orders: IO[bytes]) -> None:
    """Wait until standard input ends, and end this process then as SIGTERM does."""
    orders.read()
    if hasattr(signal, "pthread_kill"):  # it wakes the main thread even from a sleep, and is not barred as os.kill is
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)


def main() -> int:
    """Do what standard input says, and return the exit code."""
    answers, orders = Answers(), take_input()
    line = orders.readline()
    try:
        with Termination():
            threading.Thread(target=end_with, args=(orders,), name="mrt orders", daemon=True).start()
            if line:
                verify(*read_order(line), answers)
    except ConfigurationError as error:
        answers.write(error=str(error))
        return 2
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    return 0


def verify(config: MRTConfig, choice: RevisionChoice, answers: Answers) -> None:
    """Check what was chosen, and report it as it happens."""
    with open_single(config, choice, f"job{choice.job.number}") as run:
        answers.write(revisions=run.revisions, facts=run.facts, shard=run.shard)
        for verdict in run.check(lambda revision: answers.write(begun=revision)):
            answers.write(verdict=as_json(verdict))
    answers.write(ended=True)
