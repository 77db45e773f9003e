"""The position of what hands out numbers: a sequence, AUTO_INCREMENT, SQLite's AUTOINCREMENT."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencePosition:
    """`next` is the number that is handed out next, `step` how far apart numbers are, `slack` how many may be left out.

    `subject` begins a sentence, `word` calls the number in it. `table` and `column` are what the numbers are for, where that is
    known.
    """

    subject: str
    next: int
    word: str = "next value"
    step: int = 1
    slack: int = 0
    table: str | None = None
    column: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What it is found by: what the numbers are for, for a sequence of a column may have another name by now."""
        return (self.table, self.column) if self.table is not None and self.column is not None else (self.subject,)
