"""The whole of `downgrade()`: written where it is missing or empty."""

from __future__ import annotations

from dataclasses import replace

from mrt_lint.fix.downgrade_body import DowngradeBody, new_function
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.proposed_fix import FixSafety, NoFix, ProposedFix
from mrt_lint.fix.reverse import plan_reverse
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import AlterColumn, CreateIndex, CreatePrimaryKey, CreateUniqueConstraint, Op
from mrt_lint.model.values import DIALECTS, UNSET


def write_whole_downgrade(context: FixContext, body: DowngradeBody | None) -> ProposedFix:
    """Offer the reverse of all that upgrade() does, in an empty body or a new function (None).

    Raises NoFix if one operation cannot be undone for certain.
    """
    steps = plan_reverse(context)
    unsafe = [step.unsafe for step in steps if step.unsafe]
    if body is not None and body.remarks:
        unsafe.append("a comment or docstring of downgrade() may say why it is empty")
    edit = new_function(context.text, context.names, steps) if body is None else body.written(steps)
    return ProposedFix(
        edits=(edit, *context.names.edits()),
        safety=FixSafety.UNSAFE if unsafe else FixSafety.SAFE,
        why=unsafe[0] if unsafe else "",
        keeps_upgrade=True,
        proof=lambda again: prove(again, steps),
        leaves=refused_by_rows(steps),
    )


def refused_by_rows(steps: list[DowngradeStep]) -> frozenset[str]:
    """Return the codes of what is reported of steps that rows may refuse, and yet they are the way back."""
    for op in (step.op for step in steps):
        is_unique = op.unique is True if isinstance(op, CreateIndex) else isinstance(op, CreateUniqueConstraint | CreatePrimaryKey)
        if is_unique or (isinstance(op, AlterColumn) and op.type is not UNSET):
            return frozenset({"MRT120"})
    return frozenset()


def prove(again: Migration, steps: list[DowngradeStep], before: tuple[Op, ...] = (), after: tuple[Op, ...] = ()) -> None:
    """Raise NoFix unless downgrade() as it was read does the steps, on every database, between what it did before."""
    guards = [op.dialects for op in (*again.downgrade_ops, *before, *after)] + [step.dialects for step in steps]
    # database by database: steps under guards come in another order than their operations
    for dialect in {*DIALECTS, *(dialect for guard in guards for dialect in guard or ())}:
        read = _on(again.downgrade_ops, dialect)
        first, last = _on(before, dialect), _on(after, dialect)
        meant = [step for step in steps if step.dialects is None or dialect in step.dialects]
        new = read[len(first) : len(read) - len(last)]
        stays = read[: len(first)] == first and read[len(read) - len(last) :] == last
        if not stays or len(new) != len(meant) or not all(step.is_done_by(op) for step, op in zip(meant, new, strict=True)):
            raise NoFix("what was written does not read as what was meant")


def _on(ops: tuple[Op, ...], dialect: str) -> list[Op]:
    """Return what runs on a database, without what its SQL means and without its guards."""
    return [replace(op, dialects=None) for op in ops if not op.sql and (op.dialects is None or dialect in op.dialects)]
