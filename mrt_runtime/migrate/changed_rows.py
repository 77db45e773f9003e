"""How many rows each line of a migration changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

DATA_CHANGE = re.compile(
    r"\s*(?:UPDATE\b|DELETE\b|INSERT\b(?=.*\bSELECT\b)|WITH\b(?=.*\b(?:UPDATE|DELETE|INSERT)\b))", re.IGNORECASE | re.DOTALL
)
INSERTS = re.compile(r"\s*(?:INSERT|REPLACE|MERGE|WITH\b(?=.*\bINSERT\b))\b", re.IGNORECASE | re.DOTALL)
MOST_INSERTS = 8  # different ones that are kept of a line
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

    `caught` are the errors on each line, which the migration caught where it went on. `inserts` are the statements on each line
    that insert rows.
    """

    lines: dict[int, dict[str, int]] = field(default_factory=dict)
    inserts: dict[int, set[str]] = field(default_factory=dict)
    caught: dict[int, CaughtError] = field(default_factory=dict)

    def catch(self, line: int | None, error: BaseException, *, is_own: bool) -> None:
        """Record an error; the first one on a line counts."""
        if line is not None:
            self.caught.setdefault(line, CaughtError(error=error, is_own=is_own))

    def record(self, line: int | None, statement: str, rowcount: int) -> None:
        """Record a statement; a driver that cannot count (-1) is taken to have changed something."""
        if line is not None and rowcount and INSERTS.match(statement) and len(self.inserts.get(line, ())) < MOST_INSERTS:
            self.inserts.setdefault(line, set()).add(statement)
        is_several = SEVERAL.search(statement) is not None
        # Alembic's batch mode copies whole tables, which may be empty without saying anything about the migration.
        if line is None or OF_A_BATCH in statement or not (is_several or DATA_CHANGE.match(statement)):
            return
        counts = self.lines.setdefault(line, {})
        counts[statement] = max(counts.get(statement, 0), 1 if rowcount < 0 or is_several else rowcount)
