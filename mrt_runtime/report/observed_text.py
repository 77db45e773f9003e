"""What a step took, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mrt_lint.escape import printable
from mrt_lint.report.style import TextStyle
from mrt_runtime.config_discovery import LOCK_MODES
from mrt_runtime.databases.observation import TrafficWait
from mrt_runtime.databases.sentences import cut, name_some
from mrt_runtime.migrate.observer import HeldLock, ObservedStatement, ObservedStep
from mrt_runtime.secret import conceal

MOST_STATEMENTS = 8  # shown of one step, the slowest
MOST_NAMES = 4
WIDTH = 72  # characters shown of a statement
NOTABLE = LOCK_MODES.index("SHARE UPDATE EXCLUSIVE")
"""Weaker locks are those of every query and every write."""
NOTABLE_GROWTH = 1e6
NOTABLE_WAIT = 0.01
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
YELLOW, DIM = "yellow", "dim"


class StatementView(NamedTuple):
    """A statement as it is shown: where, how long, what, and what others notice of it."""

    place: str
    time: str
    text: str
    notes: tuple[str, ...]


def draw_step(step: ObservedStep, style: TextStyle) -> Iterator[str]:
    """Yield the lines for one run of upgrade() or downgrade()."""
    growth = (
        f"   {'+' if step.growth > 0 else '-'}{spell_size(abs(step.growth))} on the disk"
        if abs(step.growth) >= NOTABLE_GROWTH
        else ""
    )
    yield f"     {step.name:<14} {spell_time(step.seconds)}{growth}"
    # what is done a second time is known from the first
    shown = view_statements(step, MOST_STATEMENTS) if step.name != "second upgrade" else ()
    for one in shown:
        yield f"       {style.paint(printable(one.place), DIM)}  {one.time}  {printable(one.text)}"
        for note in one.notes:
            yield f"         {style.paint(printable(note), YELLOW)}"
    if len(shown) < len(step.statements) and shown:
        yield style.paint(f"       and {len(step.statements) - len(shown)} faster statements", DIM)


def view_statements(step: ObservedStep, most: int) -> tuple[StatementView, ...]:
    """Return the slowest statements of a step, so many at the most, in the order in which they were executed."""
    slowest = sorted(step.statements, key=lambda one: -one.seconds)[:most]
    return tuple(_view(step, one) for one in step.statements if one in slowest)


def _view(step: ObservedStep, statement: ObservedStatement) -> StatementView:
    times = f" ({statement.count:,} times)" if statement.count > 1 else ""
    return StatementView(
        place=f"{Path(step.file).name}:{statement.line}",
        time=spell_time(statement.seconds) + times,
        text=cut(conceal(statement.text), WIDTH),
        notes=tuple(describe(statement)),
    )


def describe(statement: ObservedStatement) -> Iterator[str]:
    """Describe what others notice of a statement: its locks on tables, and what was read or written as a whole."""
    notable = [held for held in (statement.locks or {}).values() if held.lock.strength >= NOTABLE and held.lock.kind != "index"]
    for mode in reversed(LOCK_MODES):
        held = [one for one in notable if one.lock.mode == mode]
        if held:
            yield f"{mode} on {name_some([one.lock.relation for one in held], MOST_NAMES)} for {spell_time(longest(held))}"
    if statement.algorithm:
        yield f"ALGORITHM={statement.algorithm}"
    if statement.rewritten:
        yield f"rewrites {name_some(statement.rewritten, MOST_NAMES)}"
    if statement.scanned:
        # a look for one row in a table of twelve is not worth a line
        read = [f"{rows:,} rows of {table}" for table, rows in statement.scanned.items() if rows >= 1000]  # noqa: PLR2004  see above
        if read:
            yield f"reads {', '.join(read)}"
    yield from describe_waits(statement.waits or [])


def describe_waits(waits: Sequence[TrafficWait]) -> Iterator[str]:
    """Describe how long readers and writers of each table waited, where it was long enough to be noticed."""
    notable = [one for one in waits if one.gave_up or one.seconds >= NOTABLE_WAIT]
    for table in dict.fromkeys(one.table for one in notable):
        said = [
            f"a {one.who} {'gave up after' if one.gave_up else 'waited'} {spell_time(one.seconds)}"
            for one in sorted(notable, key=lambda one: one.who)
            if one.table == table
        ]
        yield f"traffic on {table}: {', '.join(said)}"


def longest(held: Sequence[HeldLock]) -> float:
    """Return the longest time that one of the locks was held."""
    return max(one.seconds for one in held)


def spell_time(seconds: float) -> str:
    """Return a time as people read it."""
    if seconds >= 90:  # noqa: PLR2004  below that seconds are read at a glance
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def spell_size(size: float) -> str:
    """Return a number of bytes as people read it."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size:.0f} bytes"
