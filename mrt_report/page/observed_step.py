"""What a step took, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mrt_runtime.report.observed_text import cut, describe, spell_time
from mrt_runtime.secret import conceal

if TYPE_CHECKING:
    from mrt_runtime.migrate.observer import ObservedStatement, ObservedStep

MOST_STATEMENTS: Final = 20  # shown of one step, the slowest


class StatementView(NamedTuple):
    """A line of the table: where, how long, what, and what others notice of it."""

    place: str
    time: str
    text: str
    notes: tuple[str, ...]


class StepView(NamedTuple):
    """One run of upgrade() or downgrade(). `omitted` counts the statements that were faster than those shown."""

    name: str
    time: str
    statements: tuple[StatementView, ...]
    omitted: int


def view_steps(steps: Iterable[ObservedStep]) -> Iterator[StepView]:
    """Yield the steps of which a statement was observed."""
    for step in steps:
        slowest = sorted(step.statements, key=lambda one: -one.seconds)[:MOST_STATEMENTS]
        shown = [_view(step, one) for one in step.statements if one in slowest]
        if shown:
            yield StepView(step.name, spell_time(step.seconds), tuple(shown), len(step.statements) - len(shown))


def _view(step: ObservedStep, statement: ObservedStatement) -> StatementView:
    times = f" ({statement.count:,} times)" if statement.count > 1 else ""
    place = f"{Path(step.file).name}:{statement.line}"
    return StatementView(place, spell_time(statement.seconds) + times, cut(conceal(statement.text)), tuple(describe(statement)))
