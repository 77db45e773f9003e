"""Upgrades that only write rows and values where there were none: what a downgrade may leave."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import starts_with_null
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.raw_sql import statement_of
from mrt_lint.history.schema import fold, place
from mrt_lint.model.ops import AddColumn, BatchAlterTable, BulkInsert, Execute, Insert, Op, SetSequenceValue, Statement, Update
from mrt_lint.model.values import UNKNOWN

_WORD: Final = re.compile(r"\w+")


def is_pure_backfill(case: MigrationCase) -> bool:
    """Return whether upgrade() does nothing but insert rows and fill columns that held NULL, so that nothing is overwritten."""
    if not case.is_readable("upgrade"):
        return False
    changes = [op for op in case.migration.upgrade_ops if case.runs(op) and not is_idle(op)]
    return bool(changes) and all(
        isinstance(op, Insert | BulkInsert) or (isinstance(op, Update) and fills_only(case, op)) for op in changes
    )


def fills_only(case: MigrationCase, update: Update) -> bool:
    """Return whether an UPDATE sets nothing but NULLs, or to a column that an earlier revision added empty for that.

    One whose former values it reads, in SET or in WHERE, is not empty any more.
    """
    if update.columns is UNKNOWN:
        return False
    kept = _kept(update)
    flows = update.flows if update.flows is not UNKNOWN else ()
    changed = {
        fold(flow.column)
        for flow in flows
        if readable(flow.column) and flow.source == flow.column and flow.table in {None, update.table}
    }
    words = [fold(word) for word in _WORD.findall(statement_of(case.migration.upgrade_ops, update))]
    return all(
        readable(name)
        and (
            fold(name) in kept
            or (fold(name) not in changed and words.count(fold(name)) <= 1 and is_still_empty(case, update, name))
        )
        for name in update.columns
    )


def overwrites_nothing(update: Update) -> bool:
    """Return whether an UPDATE itself sees to it that every column which it sets held NULL."""
    kept = _kept(update)
    return update.columns is not UNKNOWN and all(readable(name) and fold(name) in kept for name in update.columns)


def _kept(update: Update) -> set[str]:
    """Return the columns whose values stay, but for NULL."""
    kept = {fold(name) for name in update.fills if readable(name)}
    if update.where is not False or update.repeated:  # of the row in which Python has found it to be None
        kept |= set(map(fold, update.found_none))
    return kept


def is_still_empty(case: MigrationCase, update: Update, column: str) -> bool:
    """Return whether an earlier revision added a column to a table that was there, and no revision has given it values since."""
    if case.history is None or not readable(update.table) or not isinstance(case.migration.revision, str):
        return False
    is_empty = False
    for op in case.history.ops_before(case.migration.revision, place(update.schema, update.table)):
        if isinstance(op, AddColumn) and fold(str(op.column)) == fold(column):
            is_empty = starts_with_null(op.definition)
        elif isinstance(op, Update | Insert | BulkInsert) and fold(column) in _written(op):
            is_empty = False
    return is_empty


def _written(op: Update | Insert | BulkInsert) -> set[str]:
    return {fold(name) for name in op.columns if readable(name)} if op.columns is not UNKNOWN else set()


def is_idle(op: Op) -> bool:
    """Return whether an operation of itself changes neither schema nor rows, or only where a sequence goes on."""
    return isinstance(op, Execute | BatchAlterTable | SetSequenceValue) or (isinstance(op, Statement) and op.effect is False)
