"""A run of `mrt verify`: which revisions it is about, and their verdicts in order, however many processes find them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from mrt_runtime.config import MRTConfig
from mrt_runtime.databases.shortage import explain_shortage, find_shortage
from mrt_runtime.revision_choice import RevisionChoice, digest
from mrt_runtime.shard import WHOLE
from mrt_runtime.verdict import Verdict
from mrt_runtime.verify.session import Verification

RUN_IN = 4
"""Revisions that a part of a history begins earlier with, unreported: tables are rarely built in more."""

Begin = Callable[[str], object]
"""Is called with the name of each revision whose check begins."""


class Run(Protocol):
    """What checks the revisions that were chosen."""

    @property
    def revisions(self) -> list[str]:
        """The revisions in the order of their verdicts."""

    facts: dict[str, str]
    """Which database it is, as `Verification.facts` returns it."""
    shard: dict[str, Any] | None
    """Which part of the history it is, for the caller that merges the parts; None for all of it."""

    def check(self, begin: Begin) -> Iterator[Verdict]:
        """Yield the verdicts in order. Raises ConfigurationError where the run cannot go on."""


class SingleRun:
    """A run in this process."""

    def __init__(self, verification: Verification, choice: RevisionChoice) -> None:
        self._verification = verification
        graph = verification.runner.graph
        whole = choice.choose_whole(graph)
        self._steps = verification.select(choice)
        first = whole.index(self._steps[0]) if self._steps else 0
        self._before = whole[max(0, first - RUN_IN) : first]
        self.revisions = [step.revision for step in self._steps]
        self.facts = verification.facts()
        self.shard = None
        if choice.shard != WHOLE:
            self.shard = {"number": choice.shard.number, "count": choice.shard.count, "history": digest(whole)}

    def check(self, begin: Begin) -> Iterator[Verdict]:
        """See `Run`."""
        self._verification.run_in(self._before)
        for step in self._steps:
            begin(step.revision)
            yield self._verification.check_step(step)


@contextlib.contextmanager
def open_single(config: MRTConfig, choice: RevisionChoice, worker: str = "main") -> Iterator[SingleRun]:
    """Open the database for as long as the body runs. Raises ConfigurationError where it, or the project, cannot be used."""
    with telling_shortage(), Verification(config, worker) as verification:
        yield SingleRun(verification, choice)


@contextlib.contextmanager
def telling_shortage() -> Iterator[None]:
    """Turn the error of a machine that has run out of something, such as files to open, into a ConfigurationError."""
    try:
        yield
    except OSError as error:
        shortage = find_shortage(error)
        if shortage is None:
            raise
        raise explain_shortage(shortage) from None
