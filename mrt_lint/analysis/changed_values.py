"""The constants that UPDATEs of a function give to a column, and which rows they may meet."""

from __future__ import annotations

from collections.abc import Iterable

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.doubt import is_opaque
from mrt_lint.history.schema import fold
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import AddColumn, AlterColumn, DropColumn, Op, RenameEnumValue, Update
from mrt_lint.model.values import UNKNOWN, UNSET, Column, ColumnTest, SqlType

_BOOLEANS = {"1": "true", "0": "false", "t": "true", "f": "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantUpdate:
    """A constant that an UPDATE gives to a column, None for NULL, in the rows that meet all of its tests."""

    op: Update
    value: str | None
    tests: tuple[ColumnTest, ...]

    def asks_of(self, column: str) -> tuple[ColumnTest, ...]:
        """Return the tests of a column."""
        return tuple(test for test in self.tests if readable(test.column) and fold(test.column) == fold(column))

    def asks_beside(self, column: str) -> tuple[ColumnTest, ...]:
        """Return the tests of anything but a column."""
        mine = self.asks_of(column)
        return tuple(test for test in self.tests if test not in mine)

    def may_meet(self, column: str, value: str | None) -> bool:
        """Return whether a row with a value in the column may meet the tests."""
        return all(meets(test, value) for test in self.asks_of(column))


def meets(test: ColumnTest, value: str | None) -> bool:
    """Return whether a value of the column meets a test, or may do so."""
    if test.asks in {"null", "not null"}:
        return (value is None) is (test.asks == "null")
    if test.asks == "in":  # collations may take letters of either case for the same
        return value is not None and value.lower() in map(str.lower, test.values)
    return test.asks != "not in" or (value is not None and value not in test.values)


def changes_of(case: MigrationCase, function: Iterable[Op], table: TrackedTable, column: str) -> list[ConstantUpdate] | None:
    """Return what UPDATEs of a function set a column to, None where that is not read, or the column is made or dropped."""
    found: list[ConstantUpdate] = []
    for op in function:
        if is_opaque(op) or isinstance(op, RenameEnumValue):
            return None
        if case.state_before(op).table not in {table, None}:
            continue
        if isinstance(op, AddColumn | DropColumn | AlterColumn) and _remakes(op, column):
            return None
        if not isinstance(op, Update):
            continue
        if op.columns is UNKNOWN or not all(map(readable, op.columns)):
            return None
        if has_name(op.columns, column):
            mine = [write for write in op.writes if has_name((write.column,), column)]
            if not mine or case.state_before(op).table is None:
                return None
            found += (ConstantUpdate(op=op, value=write.value, tests=(*_tests(op), *write.tests)) for write in mine)
    boolean = is_boolean(case, table, column)
    return [_of_boolean(change, column) if boolean else change for change in found]


def _tests(op: Update) -> tuple[ColumnTest, ...]:
    """Return all that a statement asks for, with one that was not read where it may be about fewer rows."""
    is_open = not op.certain or op.repeated or op.source_tables or op.where is UNKNOWN or (op.where is True and not op.tests)
    return (*op.tests, ColumnTest()) if is_open else op.tests


def _remakes(op: AddColumn | DropColumn | AlterColumn, column: str) -> bool:
    is_it = readable(op.column) and fold(op.column) == fold(column)
    if not isinstance(op, AlterColumn):
        return is_it or not readable(op.column)
    is_renamed = op.new_column is not UNSET
    is_it = is_it or not readable(op.column) or (is_renamed and readable(op.new_column) and fold(op.new_column) == fold(column))
    return is_it and (is_renamed or op.using is not None)


def former_column(case: MigrationCase, table: TrackedTable, column: str, dialect: str) -> Column | None:
    """Return a column as it was before upgrade(), None where the history does not know it."""
    known = case.known_schema(dialect).table(table.origin)
    found = known.columns.get(fold(column)) if known is not None else None
    return found if isinstance(found, Column) else None


def is_boolean(case: MigrationCase, table: TrackedTable, column: str) -> bool:
    """Return whether a column holds no other values than true and false."""
    found = former_column(case, table, column, case.target.dialect or "postgresql")
    return found is not None and isinstance(found.type, SqlType) and found.type.name == "BOOLEAN"


def is_choice(case: MigrationCase, table: TrackedTable, column: str) -> bool:
    """Return whether a column is of a type with few values, a boolean or an enum."""
    known = former_column(case, table, column, case.target.dialect or "postgresql")
    kind = known.type if known is not None else None
    return isinstance(kind, SqlType) and (kind.name == "BOOLEAN" or isinstance(kind.members, tuple))


def _of_boolean(change: ConstantUpdate, column: str) -> ConstantUpdate:
    """Return a change with one spelling of each boolean."""
    mine = change.asks_of(column)
    spelled = (_spelled(test) for test in mine)
    value = change.value if change.value is None else _BOOLEANS.get(change.value, change.value)
    return ConstantUpdate(op=change.op, value=value, tests=(*change.asks_beside(column), *spelled))


def _spelled(test: ColumnTest) -> ColumnTest:
    values = {_BOOLEANS.get(value, value) for value in test.values}
    asks, values = ("in", {"true", "false"} - values) if test.asks == "not in" else (test.asks, values)
    return ColumnTest(column=test.column, asks=asks, values=tuple(sorted(values)))
