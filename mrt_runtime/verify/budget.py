"""What a migration may lock and rewrite at most, as the configuration says, against what was observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from mrt_runtime.config_discovery import LOCK_MODES
from mrt_runtime.migrate.observer import HeldLock, ObservedStep
from mrt_runtime.verdict import Failure, Outcome


def find_excess(steps: Sequence[ObservedStep], budget: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield a failure for each statement and relation that is over the budget, in the words of a report."""
    for step in steps:
        # what is done a second time is known from the first
        for statement in step.statements if step.name != "second upgrade" else ():
            fail = partial(Failure, kind=Outcome.OVER_BUDGET.value, file=step.file, line=statement.line)
            reported: set[str] = set()
            # tables first: that their indexes are locked as well says no more
            for held in sorted((statement.locks or {}).values(), key=lambda held: (held.lock.kind == "index", held.lock.relation)):
                words = judge(held, budget)
                if words and held.lock.table not in reported:
                    reported.add(held.lock.table)
                    yield fail(message=f"The {step.name} {words}", table=held.lock.table)
            for relation in statement.rewritten if not budget.get("rewrite", True) else ():
                yield fail(message=f"The {step.name} rewrites {relation}", table=relation)


def judge(held: HeldLock, budget: Mapping[str, Any]) -> str:
    """Return what is too much of a lock, as the rest of a sentence; empty where nothing is."""
    lock, mode, seconds = held.lock, budget.get("lock", LOCK_MODES[-1]), budget.get("seconds")
    if lock.strength > LOCK_MODES.index(mode):
        return f"takes {lock.mode} on {lock.relation}, more than {mode}"
    if seconds is not None and held.seconds > seconds and lock.mode != LOCK_MODES[0]:
        return f"holds {lock.mode} on {lock.relation} for {held.seconds:.2f} s, more than {seconds:g} s"
    return ""
