"""Former values of a column that downgrade() does not give back, though it updates the column."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.backfill import is_still_empty
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.changed_values import ConstantUpdate, changes_of, is_choice, meets
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import fold
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import BulkInsert, Delete, Insert, Truncate, Update
from mrt_lint.model.values import ColumnTest


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreturnedValue:
    """A column whose rows with `left` were others, `former`, before (None for any others), and get `given`, None for nothing."""

    column: str
    left: str | None
    former: tuple[str | None, ...] | None
    given: ConstantUpdate | None


def lost_values(case: MigrationCase, op: Update) -> Iterator[UnreturnedValue]:
    """Yield what an UPDATE of upgrade() overwrites by a constant, and no UPDATE of downgrade() gives back."""
    table, analysis = case.state_before(op).table, case.analysis(op)
    if not isinstance(table, TrackedTable) or not _is_read(case, op, table):
        return
    for name in op.columns if isinstance(op.columns, tuple) else ():
        if not readable(name) or fold(name) in case.state_before(op).new_columns or has_name(op.fills, name):
            continue
        changes = changes_of(case, analysis.upgrade, table, name)
        answers = changes_of(case, analysis.reverse.values(), table, name)
        if changes and answers and not is_still_empty(case, op, name) and not any(_is_unclear(each, name) for each in changes):
            found = {_lost(case, each, name, changes, answers): None for each in changes if each.op is op}
            yield from (loss for loss in found if loss is not None)


def _is_read(case: MigrationCase, op: Update, table: TrackedTable) -> bool:
    """Return whether all is known that both functions do to the rows of a table that stays, and downgrade() only updates them."""
    analysis = case.analysis(op)
    if table.creator is not None or not table.exists or analysis.upgrade_doubts.rows or analysis.downgrade_doubts.rows:
        return False
    moves = (Insert, BulkInsert, Delete, Truncate)
    return not analysis.refuses and not any(
        isinstance(other, moves) and analysis.state_before(other).table in {table, None} for other in analysis.reverse.values()
    )


def _is_unclear(change: ConstantUpdate, column: str) -> bool:
    """Return whether an UPDATE may set what rows hold already: letters of another case may be the same."""
    return any(test.asks == "in" and meets(test, change.value) for test in change.asks_of(column))


def _lost(
    case: MigrationCase, change: ConstantUpdate, column: str, changes: list[ConstantUpdate], answers: list[ConstantUpdate]
) -> UnreturnedValue | None:
    """Return what is lost of the rows of one change, None where it is not known that something is."""
    if not isinstance(change.op.where, bool) or any(_overwrites(other, change, column, changes) for other in changes):
        return None
    lists = (each.op.columns for each in (*changes, *answers) if isinstance(each.op.columns, tuple))
    written = {fold(str(name)) for names in lists for name in names}
    able = [each for each in answers if each.may_meet(column, change.value) and not _are_apart(each, change, written)]
    if not able:
        return UnreturnedValue(column=column, left=change.value, former=None, given=None)
    taken = able[:1] if not able[0].asks_beside(column) else able
    given = {each.value for each in taken}
    same = [each for each in changes if each.value == change.value and not _are_apart(each, change, written)]
    if not taken[0].tests and any(each.tests for each in same):
        return None  # other rows are changed as well, which is more
    if len(given) > 1 or same[-1] is not change or _goes_on(taken[-1], column, answers):
        return None
    former = [_former(each, column) for each in same]
    if any(found is None for found in former):
        return None if any(_is_pinned(case, each, column) for each in same) else _loss(change, column, None, taken[0])
    values = tuple(dict.fromkeys(value for found in former if found is not None for value in found))
    is_same = len(values) == 1 and (taken[0].value in _origins(values[0], column, changes) or None in {values[0], taken[0].value})
    return None if is_same else _loss(change, column, values, taken[0])


def _origins(value: str | None, column: str, changes: list[ConstantUpdate]) -> set[str | None]:
    """Return a value with those from which upgrade() has made it."""
    found = {value}
    for change in reversed(changes):
        found |= set(_former(change, column) or ()) if change.value in found else set()
    return found


def _loss(change: ConstantUpdate, column: str, former: tuple[str | None, ...] | None, given: ConstantUpdate) -> UnreturnedValue:
    return UnreturnedValue(column=column, left=change.value, former=former, given=given)


def _overwrites(other: ConstantUpdate, change: ConstantUpdate, column: str, changes: list[ConstantUpdate]) -> bool:
    """Return whether a later change takes the rows of one further."""
    later = changes[changes.index(change) + 1 :]
    return other in later and other.op is not change.op and other.value != change.value and other.may_meet(column, change.value)


def _goes_on(answer: ConstantUpdate, column: str, answers: list[ConstantUpdate]) -> bool:
    """Return whether a later UPDATE of downgrade() may take what one has set."""
    later = answers[answers.index(answer) + 1 :]
    return any(each.op is not answer.op and each.may_meet(column, answer.value) for each in later)


def _former(change: ConstantUpdate, column: str) -> tuple[str | None, ...] | None:
    """Return the values that rows had before a change, None where these may be any."""
    for test in change.asks_of(column):
        if test.asks == "in":
            return test.values
        if test.asks == "null":
            return (None,)
    return None


def _is_pinned(case: MigrationCase, change: ConstantUpdate, column: str) -> bool:
    """Return whether rows are named by a value of another column: what they held is known to the author.

    A boolean or a label of an enum names no row.
    """
    table = case.state_before(change.op).table
    others = [test for test in change.asks_beside(column) if test.asks in {"in", "same"} and readable(test.column)]
    return any(not (isinstance(table, TrackedTable) and is_choice(case, table, str(test.column))) for test in others)


def _are_apart(one: ConstantUpdate, other: ConstantUpdate, written: set[str]) -> bool:
    """Return whether two statements name other values of a column, which neither function changes."""
    return any(
        mine.asks == theirs.asks == "in" and has_name((mine.column,), theirs.column) and set(mine.values).isdisjoint(theirs.values)
        for mine in _of_others(one, written)
        for theirs in _of_others(other, written)
    )


def _of_others(change: ConstantUpdate, written: set[str]) -> Iterator[ColumnTest]:
    return (test for test in change.tests if readable(test.column) and fold(test.column) not in written)
