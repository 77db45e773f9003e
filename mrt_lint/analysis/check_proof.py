"""What a validated CHECK constraint proves."""

from __future__ import annotations

import re

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import fold
from mrt_lint.model.ops import AlterColumn, CreateCheckConstraint, Op, ValidateConstraint
from mrt_lint.model.values import Constraint

_MARKS = re.compile(r'[\s()"`]+')


def is_proved(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether a validated check, of this upgrade or an earlier one, proves that a column holds no NULL."""
    table = case.state_before(op).table
    if table is None or not readable(op.column):
        return False
    validated: set[str] = set()
    made: list[Constraint] = list(case.former_checks(op))
    for other in _before(case, op):
        if isinstance(other, ValidateConstraint) and readable(other.constraint):
            validated.add(fold(other.constraint))
        elif isinstance(other, CreateCheckConstraint) and case.state_before(other).table is table:
            made.append(other.definition)
    return any(_says(check, op.column) and _is_valid(check, validated) for check in made)


def _before(case: MigrationCase, op: Op) -> list[Op]:
    ops = case.migration.upgrade_ops
    return list(ops[: next(place for place, other in enumerate(ops) if other is op)])


def _is_valid(check: Constraint, validated: set[str]) -> bool:
    return check.not_valid is False or (readable(check.name) and fold(check.name) in validated)


def _says(check: Constraint, column: str) -> bool:
    words = _MARKS.sub(" ", check.condition).strip().casefold() if readable(check.condition) else ""
    return any(part.rpartition(".")[2] == f"{fold(column)} is not null" for part in words.split(" and "))
