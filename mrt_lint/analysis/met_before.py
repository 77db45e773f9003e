"""UPDATEs of downgrade() that meet rows which upgrade() did not change, by a value that these have, too."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.changed_values import ConstantUpdate, changes_of
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.held_before import held_before
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Update

_NEUTRAL = frozenset({"", "0"})
"""What columns hold that hold nothing: rows with it are there where others have NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetValue:
    """A column that downgrade() sets to `given` where it holds `met`, which rows held before for a `reason`."""

    column: str
    met: str | None
    given: str | None
    reason: str


def met_before(case: MigrationCase, op: Update) -> Iterator[MetValue]:
    """Yield each value by which an UPDATE of downgrade() meets rows that held it before upgrade(), which leaves them alone."""
    table, analysis = case.state_before(op).table, case.analysis(op)
    if not isinstance(table, TrackedTable) or table.creator is not None or not table.exists or not op.certain:
        return
    if analysis.upgrade_doubts.rows or not case.is_readable("upgrade") or analysis.refuses:
        return
    for name in filter(readable, op.columns if isinstance(op.columns, tuple) else ()):
        changes = changes_of(case, analysis.upgrade, table, name)
        answers = changes_of(case, analysis.reverse.values(), table, name) if changes else None
        for answer in answers or ():
            if answer.op is op:
                yield from _met(case, table, name, changes or [], answer)


def _met(
    case: MigrationCase, table: TrackedTable, column: str, changes: list[ConstantUpdate], answer: ConstantUpdate
) -> Iterator[MetValue]:
    asked = answer.asks_of(column)
    if len(asked) != 1 or asked[0].asks not in {"in", "null"} or any(test.asks != "in" for test in answer.asks_beside(column)):
        return
    if any(has_name((test.column,), key) for test in answer.asks_beside(column) for key in _keys(case, answer, table)):
        return
    for value in asked[0].values if asked[0].asks == "in" else (None,):
        mine = [change for change in changes if change.value == value]
        if value == answer.value or not mine or any(each.value != value and each.may_meet(column, value) for each in changes):
            continue
        fills = answer.value is None and all(any(test.asks == "null" for test in each.asks_of(column)) for each in mine)
        reason = held_before(case, answer.op, table, column, value)
        if not reason and fills and value in _NEUTRAL:
            reason = "rows hold that in place of nothing"
        if reason:
            yield MetValue(column=column, met=value, given=answer.value, reason=reason)


def _keys(case: MigrationCase, answer: ConstantUpdate, table: TrackedTable) -> set[str]:
    """Return the columns of keys, by which a row is named."""
    known = case.known_schema(case.dialect(answer.op)).table(table.origin)
    return {str(name) for key in known.known_keys() for name in key} if known is not None else set()
