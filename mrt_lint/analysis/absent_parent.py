"""Constants that upgrade() writes into a foreign key, and whose row no revision makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.inserted_kinds import rows_of
from mrt_lint.analysis.mysql_alteration import leaves_keys_unchecked
from mrt_lint.history.schema import ReplayedTable, fold, place
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import AddColumn, BulkInsert, Insert, Op, Update
from mrt_lint.model.values import UNKNOWN, Constraint, Name

_CONSTANT: Final = re.compile(r"\(?\s*(?:'([^']+)'|(\d+))\s*\)?(?:::\s*\w+)?")


@dataclass(frozen=True, slots=True)
class AbsentParent:
    """A `value` that every row gets in a `column`, where it refers to no row of `parent` that a revision makes."""

    column: str
    value: str
    parent: str
    key: str


def absent_parents(case: MigrationCase, op: AddColumn | Update) -> Iterator[AbsentParent]:
    """Yield the constants that an operation gives to every row, of columns that refer to a row which nothing has made."""
    state, revision = case.state_before(op), case.migration.revision
    if case.history is None or not isinstance(revision, str) or not op.certain or op.caught or not readable(op.table):
        return
    if state.new_table or state.empty or case.analysis(op).upgrade_doubts.rows or leaves_keys_unchecked(case, op):
        return
    written = list(_written(op))
    table = case.history.at(revision).table(op.table, op.schema) if written else None
    for column, value in written:
        for key in table.known_constraints("foreignkey") if isinstance(table, ReplayedTable) else ():
            if key.columns == (column,) and key.not_valid is False and _is_absent(case, op, key, value):
                yield AbsentParent(str(column), value, str(key.referred_table), str((*_referred(key), "its key")[0]))


def _written(op: AddColumn | Update) -> Iterator[tuple[Name, str]]:
    if isinstance(op, AddColumn):
        default = op.definition.server_default
        found = _CONSTANT.fullmatch(default) if isinstance(default, str) else None
        if found is not None:
            yield op.column, found[1] or found[2]
    elif not op.source_tables and all(test.asks == "null" for test in op.tests) and len(op.conditions) == len(op.tests):
        # a WHERE of other columns may be about rows that only one database has
        yield from ((each.column, each.value) for each in op.writes if each.value is not None and not each.tests)


def _referred(key: Constraint) -> tuple[Name, ...]:
    return key.referred_columns if isinstance(key.referred_columns, tuple) else ()


def _is_absent(case: MigrationCase, op: AddColumn | Update, key: Constraint, value: str) -> bool:
    """Return whether no INSERT of the history, nor of this upgrade(), may make the row that a value refers to."""
    if not readable(key.referred_table) or case.history is None or len(_referred(key)) != 1 or not readable(_referred(key)[0]):
        return False
    parent = place(key.referred_schema or op.schema, key.referred_table)
    if parent == place(op.schema, str(op.table)):
        return False
    own = (other for other in case.migration.upgrade_ops if readable(getattr(other, "table", None)))
    mine = [other for other in own if place(getattr(other, "schema", None), str(getattr(other, "table", ""))) == parent]
    earlier = [*case.history.ops_before(str(case.migration.revision), parent), *mine]
    return bool(earlier) and not any(_may_make(other, fold(str(_referred(key)[0])), value) for other in earlier)


def _may_make(op: Op, column: str, value: str) -> bool:
    if not isinstance(op, Insert | BulkInsert):
        return isinstance(op, Update)  # of the key itself, perhaps
    rows = rows_of(op)
    return rows is None or any(row.get(column, UNKNOWN) in {UNKNOWN, value} for row in rows)
