"""Whether an upgrade makes sure that no two rows hold the same, before that is demanded of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Final, TypeGuard

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import fills_itself, may_set, starts_with_null
from mrt_lint.analysis.downgrade.replacement import dropped_before, was_unique
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.followed_key import follows_a_key
from mrt_lint.analysis.index_sql import condition_parts
from mrt_lint.analysis.raw_sql import statement_of
from mrt_lint.analysis.returning_rows import holds_others
from mrt_lint.analysis.volatile_default import is_computed, is_volatile
from mrt_lint.history.doubt import is_opaque
from mrt_lint.history.schema import fold
from mrt_lint.model.ops import (
    AddColumn,
    AlterColumn,
    BulkInsert,
    CreateConstraint,
    CreateIndex,
    CreatePrimaryKey,
    CreateUniqueConstraint,
    Delete,
    DropConstraint,
    DropIndex,
    Insert,
    Op,
    Truncate,
    Update,
)
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Name, ValueFlow

_WORD: Final = re.compile(r"\w+")
_CLASS: Final = re.compile(r"\s+\w+_ops\b")
_ORDER: Final = re.compile(r"(\s+(asc|desc|nulls\s+(first|last)))+\s*$", re.IGNORECASE)
_CALLED: Final = re.compile(r"\w+(?=\s*\()")
_IN_GROUPS: Final = re.compile(r"\b(PARTITION\s+BY|GROUP\s+BY|EXISTS|JOIN|FROM)\b", re.IGNORECASE)


def holds_no_duplicates(case: MigrationCase, op: AddColumn | CreateIndex | CreateConstraint) -> bool:
    """Return whether no two rows can hold the same in what becomes unique, or upgrade() has seen to it.

    SQL Server takes NULLs for alike.
    """
    if not isinstance(op, AddColumn) and (
        was_unique(case.analysis(op), op)
        or _follows_unknown_key(case, op)
        or _is_implied(case, op)
        or _is_demanded_before(case, op)
    ):
        return True
    if thinks_of_duplicates(case, op) or _is_numbered(case, op) or _is_refilled_in_python(case, op) or follows_a_key(case, op):
        return True
    return case.dialect(op) != "mssql" and case.is_readable("upgrade") and _holds_nulls(case, op)


def _is_implied(case: MigrationCase, op: CreateIndex | CreateConstraint) -> bool:
    """Return whether rows that are alike for what becomes unique are alike for a unique index that the table had before."""
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    indexes = known.known_indexes() if known is not None else ()
    words = set(map(fold, _WORD.findall(" ".join(map(str, op.columns))))) if isinstance(op.columns, tuple) else set()
    for other in case.migration.upgrade_ops:  # a name may be another column's by now
        renamed = {fold(str(getattr(other, name, ""))) for name in ("column", "new_column")}
        is_other = isinstance(other, AddColumn) or (isinstance(other, AlterColumn) and other.new_column is not UNSET)
        if is_other and case.state_before(other).table is table and not renamed.isdisjoint(words):
            return False
    return any(old.unique is True and _implies(old, op) for old in indexes)


def _is_demanded_before(case: MigrationCase, op: CreateIndex | CreateConstraint) -> bool:
    """Return whether MySQL has taken a column out of a key, and demands with what is left of it all that `op` does."""
    table = case.state_before(op).table
    if not isinstance(op.columns, tuple) or table is None or op.along_with:
        return False
    wanted = {fold(str(name)) for name in op.columns}
    earlier = takewhile(lambda other: other is not op, case.operations("upgrade"))
    left = (other for other in earlier if isinstance(other, CreateConstraint) and other.along_with and demands_unique(other))
    return any(
        isinstance(other.columns, tuple) and {fold(str(name)) for name in other.columns} <= wanted
        for other in left
        if case.state_before(other).table is table
    )


def _implies(old: CreateIndex, new: CreateIndex | CreateConstraint) -> bool:
    if not isinstance(old.columns, tuple) or not isinstance(new.columns, tuple) or UNKNOWN in (*old.columns, *new.columns):
        return False
    items = {_item(name) for name in new.columns}
    known = {item for item in items if item.isidentifier()}
    # each value of the old index is one of the new, or computed from columns of it
    alike = all(item in items or set(_WORD.findall(_CALLED.sub("", item))) <= known for item in map(_item, old.columns))
    condition = new.where if isinstance(new, CreateIndex) else None
    return alike and (old.where is None or condition_parts(old.where) <= condition_parts(condition))


def _item(name: Name) -> str:
    """Return a column or expression of an index without the class of its operators and its order."""
    text = str(name).replace('"', "").strip()
    # an expression has parentheses around it
    text = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    text = _ORDER.sub("", _CLASS.sub("", text)).strip()
    return fold(re.sub(r"\s+", " ", text))


def _follows_unknown_key(case: MigrationCase, op: CreateIndex | CreateConstraint) -> bool:
    """Return whether a primary key takes the place of one whose columns no migration shows."""
    if not isinstance(op, CreatePrimaryKey):
        return False
    return any(key.kind == "primary" and not isinstance(key.columns, tuple) for key in dropped_before(case.analysis(op), op))


def _is_numbered(case: MigrationCase, op: AddColumn | CreateIndex | CreateConstraint) -> bool:
    """Return whether one of the columns is new and takes a value of its own in each row: a number, or what its default computes."""
    columns, table = getattr(op, "columns", UNKNOWN), case.state_before(op).table
    wanted = (op.column,) if isinstance(op, AddColumn) else columns if columns is not UNKNOWN else ()
    names = {fold(str(name)) for name in wanted}
    added = (other for other in case.analysis(op).upgrade if isinstance(other, AddColumn))
    return any(
        fold(str(other.column)) in names and case.state_before(other).table is table and _differs_by_row(other.definition)
        for other in added
    )


def _differs_by_row(column: Column) -> bool:
    default = column.server_default
    return fills_itself(column) if column.computed is None and not readable(default) else is_volatile(str(default))


def demands_unique(op: Op) -> bool:
    """Return whether an operation demands that no two rows of its table hold the same."""
    return makes_unique(op) or (isinstance(op, CreatePrimaryKey) and op.definition.using_index is None)


def makes_unique(op: Op) -> bool:
    """Return whether an operation demands that no two rows hold the same, and builds an index for it under a lock."""
    if isinstance(op, CreateIndex):
        return op.unique is True and op.concurrently is False
    if isinstance(op, AddColumn):
        return op.definition.unique is True or any(constraint.kind == "unique" for constraint in op.definition.constraints)
    return isinstance(op, CreateUniqueConstraint) and op.definition.using_index is None


def thinks_of_duplicates(case: MigrationCase, op: Op) -> bool:
    """Return whether upgrade() deletes rows of the table before, or fills one of the columns with what differs from row to row.

    That is what Python works out, or a function such as gen_random_uuid(). Or it changes one of the columns in rows that it
    chooses by others of the table. So may a DELETE from a table whose name could not be read, objects of a session that could
    not, and what could not be read at all.
    """
    table = case.state_before(op).table
    line = op.origin.line if op.origin is not None else 0
    calls = (call for call in case.migration.unreadable if call.function == "upgrade" and call.concerns != "objects")
    nameless = {other.origin for other in case.earlier(op) if isinstance(other, DropIndex | DropConstraint)}  # which changes no row
    if any(call.place.line < line and call.place not in nameless for call in calls):
        return True
    columns = getattr(op, "columns", UNKNOWN)
    for other in case.earlier(op):
        if is_opaque(other) or (isinstance(other, Delete) and other.where is not False and not readable(other.table)):
            return True
        if table is None or case.state_before(other).table is not table:
            continue
        if isinstance(other, Truncate) or (isinstance(other, Delete) and other.where is not False):
            return True
        if not isinstance(other, Update) or columns is UNKNOWN:
            continue
        # what leaves the condition of the index is no duplicate any more
        leaving = tuple(_WORD.findall(op.where)) if isinstance(op, CreateIndex) and readable(op.where) else ()
        if _fills(other, columns, _key_of(case, op)) or (_sets(other, (*columns, *leaving)) and _tells_rows_apart(case, other)):
            return True
    return False


def deletes_rows(case: MigrationCase, op: Op) -> bool:
    """Return whether upgrade() deletes some rows of an operation's table before."""
    table = case.state_before(op).table
    deletions = (other for other in case.earlier(op) if isinstance(other, Delete) and other.where is not False)
    return table is not None and any(case.state_before(other).table is table for other in deletions)


def _is_refilled_in_python(case: MigrationCase, op: Op) -> bool:
    """Return whether upgrade() empties the table and fills it with what Python works out: it may see to it that rows differ."""
    table, is_emptied = case.state_before(op).table, False
    for other in case.earlier(op):
        if table is None or case.state_before(other).table is not table:
            continue
        is_emptied = is_emptied or (isinstance(other, Delete) and other.where is False)
        if is_emptied and isinstance(other, Insert | BulkInsert) and holds_others(other):
            return not (isinstance(other, Insert) and other.query)
    return False


def _key_of(case: MigrationCase, op: Op) -> set[str]:
    """Return the one column that is the primary key of an operation's table, as far as the history knows."""
    table, simulated = case.state_before(op).table, case.analysis(op).simulated
    known = simulated.known_schema.table(table.origin) if isinstance(table, TrackedTable) else None
    key = known.primary_key if known is not None else None
    return {fold(name) for name in key if readable(name)} if isinstance(key, tuple) and len(key) == 1 else set()


def _sets(update: Update, columns: tuple[Name, ...]) -> bool:
    wanted = {fold(column) for column in columns if readable(column)}
    written = update.columns if update.columns is not UNKNOWN else ()
    return any(fold(name) in wanted for name in written if readable(name))


def _tells_rows_apart(case: MigrationCase, update: Update) -> bool:
    """Return whether an UPDATE computes another value for each row, or chooses rows by others that hold the same."""
    text = statement_of(case.migration.upgrade_ops, update)
    if is_volatile(text) or is_computed(text, "mariadb"):
        return True
    own = re.compile(rf"\b{re.escape(str(update.table))}\b", re.IGNORECASE)
    return update.where is not False and len(own.findall(text)) > 1 and _IN_GROUPS.search(text) is not None


def _fills(update: Update, columns: tuple[Name, ...], key: set[str]) -> bool:
    """Return whether an UPDATE sets one of the columns to what Python works out, or to what it puts together with the row's key."""
    return any(flow.source is UNKNOWN for flow in _flows_to(update, columns)) or _fills_from(update, columns, key)


def _fills_from(update: Update, columns: tuple[Name, ...], key: set[str]) -> bool:
    """Return whether an UPDATE sets one of the columns to what it puts together with the row's own key."""
    return any(
        readable(flow.source) and flow.table in {None, update.table} and fold(flow.source) in key
        for flow in _flows_to(update, columns)
    )


def _flows_to(update: Update, columns: tuple[Name, ...]) -> Iterator[ValueFlow]:
    wanted = {fold(column) for column in columns if readable(column)}
    flows = update.flows if update.flows is not UNKNOWN else ()
    yield from (flow for flow in flows if readable(flow.column) and fold(flow.column) in wanted)


def _holds_nulls(case: MigrationCase, op: AddColumn | CreateIndex | CreateConstraint) -> bool:
    """Return whether every row holds a distinct NULL in a column that becomes unique, is new in upgrade() and never written.

    What is written behind `op` can meet duplicates as well, unless Python or the row's own key makes each another. Calls of
    upgrade() that could not be read are not looked at.
    """
    analysis, columns = case.analysis(op), (op.column,) if isinstance(op, AddColumn) else op.columns
    table = analysis.state_before(op).table
    if columns is UNKNOWN or table is None or _takes_nulls_for_alike(op):
        return False
    key = _key_of(case, op)
    new: set[str] = set()
    is_there = False
    for other in analysis.upgrade:
        if isinstance(other, AddColumn) and not is_there and readable(other.column) and analysis.state_before(other).table is table:
            new |= {fold(other.column)} if starts_with_null(other.definition) else set()
        is_there = is_there or other is op
        if may_set(other) and analysis.state_before(other).table in {table, None}:
            if is_there and isinstance(other, Update) and (_works_out(other) or _fills_from(other, columns, key)):
                continue
            touched = (other.column,) if isinstance(other, AlterColumn) else getattr(other, "columns", UNKNOWN)
            new = new - {fold(name) for name in touched} if _are_readable(touched) else set()
    return any(readable(column) and fold(column) in new for column in columns)


def _takes_nulls_for_alike(op: AddColumn | CreateIndex | CreateConstraint) -> bool:
    """Return whether two NULLs may be one too many: PostgreSQL's NULLS NOT DISTINCT."""
    if isinstance(op, CreateIndex):
        return op.nulls_not_distinct is not False
    constraints = op.definition.constraints if isinstance(op, AddColumn) else (op.definition,)
    return any(constraint.nulls_not_distinct is not False for constraint in constraints)


def _are_readable(columns: object) -> TypeGuard[tuple[str, ...]]:
    return isinstance(columns, tuple) and all(map(readable, columns))


def _works_out(update: Update) -> bool:
    """Return whether Python works out some value of an UPDATE of single rows: it may see to it that they differ."""
    flows = update.flows if update.flows is not UNKNOWN else ()
    return update.where is not False and any(flow.source is UNKNOWN for flow in flows)
