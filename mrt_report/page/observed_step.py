"""What a step took, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from mrt_runtime.report.observed_text import StatementView, spell_time, view_statements

if TYPE_CHECKING:
    from mrt_runtime.migrate.observer import ObservedStep

MOST_STATEMENTS: Final = 20  # shown of one step, the slowest


class StepView(NamedTuple):
    """One run of upgrade() or downgrade(). `omitted` counts the statements that were faster than those shown."""

    name: str
    time: str
    statements: tuple[StatementView, ...]
    omitted: int


def view_steps(steps: Iterable[ObservedStep]) -> Iterator[StepView]:
    """Yield the steps of which a statement was observed."""
    for step in steps:
        shown = view_statements(step, MOST_STATEMENTS)
        if shown:
            yield StepView(step.name, spell_time(step.seconds), shown, len(step.statements) - len(shown))
