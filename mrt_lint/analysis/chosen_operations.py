"""The operations of upgrade() that a rule is about."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from mrt_lint.analysis.impossible import does_nothing
from mrt_lint.analysis.table_size import is_known_small, is_unnoticed
from mrt_lint.model.ops import Op

if TYPE_CHECKING:
    from mrt_lint.analysis.case import MigrationCase, RuleScope


def chosen(case: MigrationCase, rule: RuleScope, kinds: tuple[type[Op], ...], *, new_tables: bool, along: bool) -> Iterator[Op]:
    """Yield what `MigrationCase.ops_for` describes."""
    for op in case.operations("upgrade") if along else case.migration.upgrade_ops:
        if not isinstance(op, kinds) or not case.runs(op, rule.dialects):
            continue
        if is_unnoticed(op, rule.consequence, case.small_tables) or is_known_small(case, op, rule):
            continue
        if (new_tables or not case.state_before(op).new_table) and not does_nothing(case, op):
            yield op


@cache
def has_any(found: frozenset[type[Op]], wanted: tuple[type[Op], ...]) -> bool:
    """Return whether any of the kinds of operations that were found is one that is wanted."""
    return any(issubclass(kind, wanted) for kind in found)
