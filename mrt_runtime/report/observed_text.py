"""What a step took, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mrt_lint.escape import printable
from mrt_lint.report.style import TextStyle
from mrt_runtime.config_discovery import LOCK_MODES
from mrt_runtime.databases.observation import TrafficWait
from mrt_runtime.migrate.observer import HeldLock, ObservedStatement, ObservedStep
from mrt_runtime.secret import conceal

MOST_STATEMENTS = 8  # shown of one step, the slowest
WIDTH = 72  # characters shown of a statement
NOTABLE = LOCK_MODES.index("SHARE UPDATE EXCLUSIVE")
"""Weaker locks are those of every query and every write."""
NOTABLE_GROWTH = 1e6
NOTABLE_WAIT = 0.01
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
YELLOW, DIM = "yellow", "dim"


def draw_step(step: ObservedStep, style: TextStyle) -> Iterator[str]:
    """Yield the lines for one run of upgrade() or downgrade()."""
    file = Path(step.file).name
    growth = (
        f"   {'+' if step.growth > 0 else '-'}{spell_size(abs(step.growth))} on the disk"
        if abs(step.growth) >= NOTABLE_GROWTH
        else ""
    )
    yield f"     {step.name:<14} {spell_time(step.seconds)}{growth}"
    slowest = sorted(step.statements, key=lambda one: -one.seconds)[:MOST_STATEMENTS]
    # what is done a second time is known from the first
    shown = [one for one in step.statements if one in slowest] if step.name != "second upgrade" else []
    for statement in shown:
        place = style.paint(f"{printable(file)}:{statement.line}", DIM)
        times = f" ({statement.count:,} times)" if statement.count > 1 else ""
        yield f"       {place}  {spell_time(statement.seconds)}{times}  {cut(printable(conceal(statement.text)))}"
        for note in describe(statement):
            yield f"         {style.paint(printable(note), YELLOW)}"
    if len(shown) < len(step.statements) and shown:
        yield style.paint(f"       and {len(step.statements) - len(shown)} faster statements", DIM)


def describe(statement: ObservedStatement) -> Iterator[str]:
    """Describe what others notice of a statement: its locks on tables, and what was read or written as a whole."""
    notable = [held for held in (statement.locks or {}).values() if held.lock.strength >= NOTABLE and held.lock.kind != "index"]
    for mode in reversed(LOCK_MODES):
        held = [one for one in notable if one.lock.mode == mode]
        if held:
            yield f"{mode} on {join_names([one.lock.relation for one in held])} for {spell_time(longest(held))}"
    if statement.algorithm:
        yield f"ALGORITHM={statement.algorithm}"
    if statement.rewritten:
        yield f"rewrites {join_names(statement.rewritten)}"
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


def join_names(names: Sequence[str]) -> str:
    """Return names in a row, the first few of many."""
    rest = len(names) - 4
    return ", ".join(names[:4]) + (f" and {rest} more" if rest > 0 else "")


def cut(text: str) -> str:
    """Return a statement as it fits in a line."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


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
