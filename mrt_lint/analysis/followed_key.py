"""New columns whose values are made of a key, each of another one: no two rows hold the same there."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.every_row import takes_every_row
from mrt_lint.analysis.raw_sql import statement_of
from mrt_lint.history.schema import fold
from mrt_lint.model.ops import AddColumn, AlterColumn, CreateConstraint, CreateIndex, Update
from mrt_lint.model.values import UNKNOWN, UNSET

_TEXT: Final = re.compile(r"'(?:[^']|'')*'")
_CALLED: Final = re.compile(r"(\w+)\s*\(")
_ARITHMETIC: Final = re.compile(r"[%/*&#]")
_KEEPING_WORDS = (
    "cast convert substring substr replace concat unhex hex encode decode uuid_to_bin bin_to_uuid uuid_send text uuid char varchar "
    "binary set"
)
_KEEPING: Final = frozenset(_KEEPING_WORDS.split())
"""Functions that make another value of each one, as they are used of keys: they add and cut off what all of them begin with."""


def follows_a_key(case: MigrationCase, op: AddColumn | CreateIndex | CreateConstraint) -> bool:
    """Return whether upgrade() fills one of the columns in every row with what it makes of a column that is a key by itself."""
    columns = getattr(op, "columns", UNKNOWN)
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    if not isinstance(columns, tuple) or known is None:
        return False
    keys = {fold(key[0]) for key in known.known_keys() if len(key) == 1 and readable(key[0])}
    return any(readable(column) and _follows(case, op, fold(column), keys) for column in columns)


def _follows(case: MigrationCase, op: CreateIndex | CreateConstraint | AddColumn, column: str, keys: set[str]) -> bool:
    table, fills = case.state_before(op).table, []
    for other in reversed(list(case.earlier(op))):
        if case.state_before(other).table is not table:
            continue
        if isinstance(other, AlterColumn) and other.new_column is not UNSET and fold(str(other.new_column)) == column:
            column = fold(str(other.column))
        elif isinstance(other, Update) and (other.columns is UNKNOWN or column in {fold(str(name)) for name in other.columns}):
            fills.append(other)
        elif isinstance(other, AddColumn) and fold(str(other.column)) == column:
            return len(fills) == 1 and _is_made_of(case, fills[0], column, keys)
    return False


def _is_made_of(case: MigrationCase, fill: Update, column: str, keys: set[str]) -> bool:
    if not takes_every_row(case.analysis(fill), fill) or fill.flows is UNKNOWN:
        return False
    mine = [flow for flow in fill.flows if readable(flow.column) and fold(flow.column) == column]
    sources = {fold(flow.source) if readable(flow.source) and flow.table in {None, fill.table} else None for flow in mine}
    if len(sources) != 1 or not sources <= keys:
        return False
    text = _TEXT.sub("", statement_of(case.migration.upgrade_ops, fill))
    keeps = not _ARITHMETIC.search(text) and {fold(name) for name in _CALLED.findall(text)} <= _KEEPING
    return all(flow.plain for flow in mine) or (bool(text) and keeps)
