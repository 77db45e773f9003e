"""Columns that upgrade() overwrites by values which it gives to another."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.raw_sql import statement_of
from mrt_lint.history.schema import fold
from mrt_lint.model.ops import DropColumn, Update
from mrt_lint.model.values import UNKNOWN

_WORD: Final = re.compile(r"\w+")


def written_by(case: MigrationCase, drop: DropColumn, to: tuple[str, ...]) -> list[str]:
    """Return other columns which upgrade() overwrites by the values that the column which goes has become."""
    found: dict[str, None] = {}
    for op in case.earlier(drop):
        texts = map(fold, _WORD.findall(statement_of(case.migration.upgrade_ops, op))) if isinstance(op, Update) else ()
        is_other = isinstance(op, Update) and op.columns is not UNKNOWN and op.table != drop.table and readable(op.table)
        if isinstance(op, Update) and is_other and not {fold(target) for target in to}.isdisjoint(texts):
            new = case.state_before(op).new_columns
            written = op.columns if op.columns is not UNKNOWN else ()
            found |= dict.fromkeys(f"{op.table}.{name}" for name in written if readable(name) and fold(name) not in new)
    return list(found)
