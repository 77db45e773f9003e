"""What downgrade() drops by a name, or as a kind of thing, that it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.values import UNKNOWN

_KINDS = frozenset({"unique", "foreignkey", "primary"})
_OF_INNODB = re.compile(r".+_ibfk_\d+")
"""The names that InnoDB gives to foreign keys without one, by the numbers that it has used before."""


_UNDONE_BY = {
    ops.CreateTable: ops.DropTable,
    ops.AddColumn: ops.DropColumn,
    ops.CreateIndex: ops.DropIndex | ops.DropConstraint,
    ops.CreateConstraint: ops.DropConstraint | ops.DropIndex,
}
_DROPS = (ops.DropTable, ops.DropColumn, ops.DropIndex, ops.DropConstraint)


def runs_for_sure(case: MigrationCase, op: ops.DropConstraint | ops.DropIndex) -> bool:
    """Return whether an operation runs under no condition, and stops the migration where there is nothing to drop."""
    return op.certain and not op.caught and op.if_exists is False and case.runs(op)


def names_instead(case: MigrationCase, op: ops.DropConstraint) -> str | None:
    """Return the names that a table's constraints have where one is dropped by a name that provably none of them has."""
    table, tracked, dialect = case.state_before(op).table, case.tracked(op), case.dialect(op)
    # MySQL drops by kind; elsewhere SQL names none
    is_any = op.kind is None and dialect == "postgresql"
    kind = op.kind if readable(op.kind) else None
    if dialect == "sqlite" or not (is_any or kind in _KINDS) or (kind == "primary" and dialect in FAMILY):
        return None
    if (
        not readable(op.constraint)
        or not isinstance(table, TrackedTable)
        or table.creator is not None
        or (tracked and tracked.creator)
    ):
        return None
    if id(op) in case.analysis(op).order_conflicts:  # it had the name until the operation before
        return None
    known_schema = case.known_schema(dialect)
    former, name = known_schema.table(table.origin), fold(op.constraint)
    if dialect in FAMILY and _OF_INNODB.fullmatch(name):
        return None
    if former is None or not known_schema.lacks(table.origin, name, kind):
        return None
    made = (str(key) for key, part in table.constraints.now.items() if part is not None and part.creator is not None)
    # what goes with a column is gone at the end, and was there
    upgraded = case.analysis(op).after_upgrade.table(op.table, op.schema) if readable(op.table) else None
    there = upgraded.constraints if isinstance(upgraded, ReplayedTable) else ()
    known = {*former.constraints, *former.indexes, *made, *there}
    # the rest may be a naming convention's: ck_users_positive is `positive`
    if any(name.endswith(other) or other.endswith(name) for other in known):
        return None
    return ", ".join(sorted(known)) or "it makes none for this table"


def left_by_failed_drops(case: MigrationCase, left: Sequence[ops.Op]) -> set[int]:
    """Return the id() of each operation whose object is left because its drop fails for the name, which is reported there.

    That is so of what has the name, and where a table keeps no more parts of a kind than there are such drops.
    """
    found: set[int] = set()
    failed = [op for op in case.migration.downgrade_ops if isinstance(op, _DROPS) and _fails(case, op)]
    by_name = {(_subject(case, drop), _name(drop)) for drop in failed}
    named = [op for op in left if (_subject(case, op), _name(op)) in by_name]
    others = [drop for drop in failed if not any(_name(drop) == _name(op) for op in named)]
    for op in left:
        undone_by = next(kinds for made, kinds in _UNDONE_BY.items() if isinstance(op, made))
        mine = [drop for drop in others if isinstance(drop, undone_by) and _subject(case, drop) == _subject(case, op)]
        alike = [other for other in left if type(other) is type(op) and _subject(case, other) == _subject(case, op)]
        if op in named or (len(alike) <= len(mine) and not isinstance(op, ops.CreateTable)):
            found.add(id(op))
    return found


def right_names(case: MigrationCase) -> Iterator[tuple[ops.Op, ops.Op]]:
    """Yield the drops of downgrade() that fail for the name, each with the one thing of its kind that has no drop by its own."""
    for drop in case.migration.downgrade_ops:
        if not isinstance(drop, (*_DROPS, ops.DropObject)) or not _fails(case, drop):
            continue
        alike = [other for other in case.migration.downgrade_ops if type(other) is type(drop) and _is_alike(case, other, drop)]
        named = {_name(other) for other in alike}
        made = (op for op in case.migration.upgrade_ops if _makes(op, drop) and _is_alike(case, op, drop))
        left = [op for op in made if _name(op) not in {"", *named}]
        if len(left) == 1:
            yield drop, left[0]


def _makes(op: ops.Op, drop: ops.Op) -> bool:
    if isinstance(op, ops.CreateObject):
        return isinstance(drop, ops.DropObject) and op.kind == drop.kind
    return any(isinstance(op, made) and isinstance(drop, kinds) for made, kinds in _UNDONE_BY.items())


def _is_alike(case: MigrationCase, op: ops.Op, drop: ops.Op) -> bool:
    return isinstance(drop, ops.DropObject) or _subject(case, op) == _subject(case, drop)


def _fails(case: MigrationCase, op: ops.Op) -> bool:
    if not case.runs(op) or op.caught:
        return False
    misnamed = isinstance(op, ops.DropConstraint) and runs_for_sure(case, op) and names_instead(case, op) is not None
    return misnamed or id(op) in case.analysis(op).missing_objects


def _subject(case: MigrationCase, op: ops.Op) -> object:
    """Return the table of what is made or dropped, None for a table."""
    return None if isinstance(op, ops.CreateTable | ops.DropTable) else case.state_before(op).table or UNKNOWN


def _name(op: ops.Op) -> str:
    return fold(own_name(op))


def own_name(op: ops.Op) -> str:
    """Return the name of what an operation makes or drops, "" if it has none, or none that could be read."""
    names = (getattr(op, field, None) for field in ("name", "column", "index", "constraint", "table"))
    return next(filter(readable, names), "")
