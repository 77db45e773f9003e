"""One mistake is told once: which of several findings about it speaks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mrt_lint.case import Case
from mrt_lint.ops import AddEnumValue, Delete, Execute, Op, Statement, Truncate, Update
from mrt_lint.rule import Finding, Rule, Severity

_NO_DOWNGRADE = "MRT101"
_NOOP_DOWNGRADE = "MRT102"


def told_once(case: Case, found: Collection[Finding], rules: Sequence[Rule]) -> Iterator[Finding]:
    """Give the findings in one migration without those that another one makes needless.

    A rule gives way to the codes that it names, at the same place. Where downgrade() is missing or does nothing, that is said
    once, and not again of each thing that is not undone. But where other rules name all that a downgrade() without effect leaves
    behind, and it is rows, values of enums or an error by itself, they speak and MRT102 is silent.
    """
    by_code = {rule.code: rule for rule in rules}
    codes = {finding.code for finding in found}
    at = {(finding.place, finding.code) for finding in found}
    nothing_undone = bool(codes & {_NO_DOWNGRADE, _NOOP_DOWNGRADE})
    named = _NOOP_DOWNGRADE in codes and _is_all_named(case, found, by_code)
    for finding in found:
        rule = by_code[finding.code]
        if any((finding.place, code) in at for code in rule.gives_way):
            continue
        if nothing_undone and not named and rule.of_undoing:
            continue
        if named and rule.code == _NOOP_DOWNGRADE and not _is_left_changed(case, found):
            continue
        yield finding


def _is_all_named(case: Case, found: Collection[Finding], by_code: dict[str, Rule]) -> bool:
    """Tell whether findings of their own tell of everything that upgrade() leaves behind."""
    told = {finding.place for finding in found if by_code[finding.code].of_undoing or finding.code in _FINAL}
    return case.is_readable("upgrade") and all(op.origin in told for op in case.migration.upgrade_ops if _has_effect(op))


def _is_left_changed(case: Case, found: Collection[Finding]) -> bool:
    """Tell whether the schema is left changed, and nothing but warnings say so."""
    errors = {finding.place for finding in found if finding.severity is Severity.ERROR}
    return any(_has_effect(op) and not isinstance(op, _ROWS) and op.origin not in errors for op in case.migration.upgrade_ops)


def _has_effect(op: Op) -> bool:
    return not isinstance(op, Execute) and not (isinstance(op, Statement) and op.effect is False)


_ROWS = (Update, Delete, Truncate, AddEnumValue, Statement)
_FINAL = frozenset({"MRT203", "MRT214", "MRT304"})
"""Codes of what no downgrade() can undo, so that there is nothing to be written there."""
