"""Sequences and counters that hand out other numbers after a rollback than they would have before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mrt_runtime.compare.blame import shorten
from mrt_runtime.compare.rows import Rows, TableRows
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.verdict import Failure, Outcome

SETTING = re.compile(r"\b(setval|restart|auto_increment|sqlite_sequence)\b", re.IGNORECASE)
"""What a migration says that sets a position by itself; numbers that it merely uses up are gone on every database."""


def find_moved(before: Rows, first: Rows, after: Rows, file: str) -> Iterator[Failure]:
    """Yield a failure for each position that a migration moved and did not move back.

    One that went on was used, unless the migration sets positions and no row holds the number before it. One that went back hands
    out numbers a second time, unless it is right behind the highest that is there.
    """
    now = {position.key: position for position in after.positions}
    line = find_setting(file)
    for old in before.positions:
        new = now.get(old.key)
        if new is None or new.next == old.next:
            continue
        is_ahead = (new.next - old.next) * new.step > 0
        if is_ahead and (line is None or is_used(new, (first, after))):
            continue
        # InnoDB and setval(max(id)) are there after any restart, whatever was handed out before
        if not is_ahead and new.next - new.step == find_furthest(new, after):
            continue
        message = f"{new.subject}: {new.word} {old.next} became {new.next} after rollback"
        yield Failure(
            kind=Outcome.DATA_LOSS.value, message=message, table=new.table, column=new.column, file=shorten(file), line=line
        )


def find_setting(file: str) -> int | None:
    """Return the first line of a migration that sets a position; None where there is none."""
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    found = SETTING.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def is_used(position: SequencePosition, readings: Iterable[Rows]) -> bool:
    """Whether the last number that was handed out is in a row; of a sequence that is no column's, in any row of any table."""
    far = (position.slack + 1) * position.step
    span = range(position.next - far, position.next, 1) if far > 0 else range(position.next + 1, position.next - far + 1)
    return any(number in span for rows in readings for number in read_numbers(position, rows))


def find_furthest(position: SequencePosition, rows: Rows) -> int | None:
    """Return the highest number in the rows, the lowest of a sequence that counts down; None where there is none."""
    numbers = list(read_numbers(position, rows)) if position.column is not None else []
    return (max if position.step > 0 else min)(numbers) if numbers else None


def read_numbers(position: SequencePosition, rows: Rows) -> Iterator[int]:
    """Yield the whole numbers of the position's column, or of all columns."""
    table = rows.tables.get(position.table or "")
    tables: Iterable[TableRows] = [table] if table is not None else [] if position.table else rows.tables.values()
    for one in tables:
        places = [at for at, name in enumerate(one.columns) if position.column in (None, name)]
        for row in one.rows:
            yield from (int(str(row[at])) for at in places if is_whole(row[at]))


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, as text or not."""
    return isinstance(value, int | str) and re.fullmatch(r"-?\d{1,30}", str(value), re.ASCII) is not None
