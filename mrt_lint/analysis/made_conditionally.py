"""What earlier revisions say of a table that they make under a condition, so that the replayed schema does not know it."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, Name


def former_references(case: MigrationCase, op: Op) -> Iterator[Constraint]:
    """Yield the foreign keys that an operation's table has before upgrade(), or may have, the one that was made last last."""
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    if known is not None:
        yield from known.known_constraints("foreignkey")
        return
    for made in _earlier(case, op):
        for column in _columns(made):
            yield from (replace(key, columns=key.columns or (column.name,)) for key in column.constraints if key.is_reference)
        keys = made.constraints if isinstance(made, ops.CreateTable) else ()
        keys = (made.definition,) if isinstance(made, ops.CreateConstraint) else keys
        yield from (key for key in keys if key.is_reference)


def was_required(case: MigrationCase, op: ops.AlterColumn) -> bool:
    """Return whether the last of the earlier operations that set or made a column's nullability made it NOT NULL."""
    said: object = UNKNOWN
    for made in _earlier(case, op):
        said = next((is_nullable(column) for column in _columns(made) if _is(column.name, op.column)), said)
        if isinstance(made, ops.AlterColumn) and _is(made.column, op.column) and made.nullable is not UNSET:
            said = made.nullable
        if isinstance(made, ops.DropTable) or (isinstance(made, ops.DropColumn) and _is(made.column, op.column)):
            said = UNKNOWN
    return said is False


def _earlier(case: MigrationCase, op: Op) -> Iterator[Op]:
    table, revision = case.state_before(op).table, case.migration.revision
    if isinstance(table, TrackedTable) and case.history is not None and isinstance(revision, str):
        yield from case.history.ops_before(revision, table.origin)


def _columns(made: Op) -> tuple[Column, ...]:
    return made.columns if isinstance(made, ops.CreateTable) else (made.definition,) if isinstance(made, ops.AddColumn) else ()


def _is(one: Name, other: Name) -> bool:
    return readable(one) and readable(other) and fold(one) == fold(other)
