"""How many rows each line of a migration changed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

DATA_CHANGE = re.compile(
    r"\s*(?:UPDATE\b|DELETE\b|INSERT\b(?=.*\bSELECT\b)|WITH\b(?=.*\b(?:UPDATE|DELETE|INSERT)\b))", re.IGNORECASE | re.DOTALL
)
INSERTS = re.compile(r"\s*(?:INSERT|REPLACE|MERGE|WITH\b(?=.*\bINSERT\b))\b", re.IGNORECASE | re.DOTALL)
MOST_INSERTS, MOST_STATEMENTS = 8, 64  # different ones that are kept of a line; those that insert are many and alike
SEVERAL = re.compile(r";\s*(?:UPDATE|DELETE|INSERT|WITH)\b|^\s*DO\b(?=.*\b(?:UPDATE|DELETE)\b)", re.IGNORECASE | re.DOTALL)
"""Drivers count the rows of one of several statements, and none of those in a block."""
# batch mode copies all rows to a table of this name, and changes none
OF_A_BATCH = "_alembic_tmp_"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtError:
    """An error of a database; `is_own` is whether that was on a connection which the migration opened itself."""

    error: BaseException
    is_own: bool


@dataclass(slots=True)
class ChangedRows:
    """The most rows that each statement on a line changed, for statements that may change none: UPDATE, DELETE, INSERT … SELECT.

    `caught` are the errors on each line, which the migration caught where it went on. `executed` are all statements, each with its
    line, in the order in which they were executed first, and the most rows that each changed. `values` are the parameters of those
    in `lines` that had the same ones each time.
    """

    lines: dict[int, dict[str, int]] = field(default_factory=dict)
    executed: dict[tuple[int, str], int] = field(default_factory=dict)
    values: dict[tuple[int, str], object] = field(default_factory=dict)
    kept: Counter[tuple[int, bool]] = field(default_factory=Counter)
    caught: dict[int, CaughtError] = field(default_factory=dict)

    def catch(self, line: int | None, error: BaseException, *, is_own: bool) -> None:
        """Record an error; the first one on a line counts."""
        if line is not None:
            self.caught.setdefault(line, CaughtError(error=error, is_own=is_own))

    def record(self, line: int | None, statement: str, rowcount: int, parameters: object = None) -> None:
        """Record a statement; a driver that cannot count (-1) is taken to have changed something."""
        if line is not None:
            self._keep(line, statement, rowcount)
        is_several = SEVERAL.search(statement) is not None
        # Alembic's batch mode copies whole tables, which may be empty without saying anything about the migration.
        if line is None or OF_A_BATCH in statement or not (is_several or DATA_CHANGE.match(statement)):
            return
        counts = self.lines.setdefault(line, {})
        known = (
            self.values.setdefault((line, statement), parameters) if statement not in counts else self.values.get((line, statement))
        )
        if known != parameters:
            self.values[line, statement] = None
        counts[statement] = max(counts.get(statement, 0), 1 if rowcount < 0 or is_several else rowcount)

    def _keep(self, line: int, statement: str, rowcount: int) -> None:
        is_insert = INSERTS.match(statement) is not None
        if (line, statement) not in self.executed:
            if self.kept[line, is_insert] >= (MOST_INSERTS if is_insert else MOST_STATEMENTS):
                return
            self.kept[line, is_insert] += 1
        rows = 1 if rowcount < 0 else rowcount
        self.executed[line, statement] = max(self.executed.get((line, statement), 0), rows)
