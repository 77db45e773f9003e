"""MRT110, MRT205, MRT207, MRT301, MRT302, MRT402, MRT403, MRT408, MRT409, MRT503: the step that `downgrade()` lacks."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import partial

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.fix.downgrade_body import DowngradeBody
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.fixer import Fixer
from mrt_lint.fix.proposed_fix import FixSafety, NoFix, ProposedFix
from mrt_lint.fix.reverse import ReversePlan
from mrt_lint.fix.whole_downgrade import prove, refused_by_rows, write_whole_downgrade
from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.model import ops
from mrt_lint.model.finding import Finding
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNSET


class MissingStepFixer(Fixer):
    """Adds the reverse of one operation to a downgrade() that undoes others, and writes an empty one whole.

    It comes first where it undoes the last operation, else last; the other way round where the order then cannot run. Dropping a
    table or column that downgrade() leaves alone today is unsafe: rows have been written since. What downgrade() makes itself, but
    differently than it was, is left alone: which of the two its author meant is not known, and both cannot exist.
    """

    codes = ("MRT110", "MRT205", "MRT207", "MRT301", "MRT302", "MRT402", "MRT403", "MRT408", "MRT409", "MRT503")

    def propose(self, context: FixContext, finding: Finding) -> ProposedFix:
        """Return the step for the operation that a finding is about."""
        body = DowngradeBody(context.text, context.names)
        if body.is_empty:
            return write_whole_downgrade(context, body)
        migration = context.migration
        if not migration.readable("upgrade") or not migration.readable("downgrade"):
            raise NoFix("a call in this migration cannot be read")
        number = _number(context, finding)
        op = migration.upgrade_ops[number]
        if isinstance(op, ops.AlterColumn) and len(_set(op)) != 1:
            raise NoFix("alter_column changes more than that")
        if not op.certain:
            raise NoFix("reading cannot decide whether it runs")
        steps = ReversePlan(context).reversed(number)
        if not steps:
            raise NoFix("nothing undoes it for certain")
        # a step that needs a name at the top of the function is for a new function only
        if any(step.above for step in steps):
            raise NoFix("a name is not known")
        _check_name_is_free(steps, migration.downgrade_ops)
        return _placed(context, body, steps, is_last=not any(map(_acts, migration.upgrade_ops[number + 1 :])))


def _number(context: FixContext, finding: Finding) -> int:
    """Return the number of the operation of upgrade() that a finding is about. Raises NoFix if that is not known."""
    found = [
        number
        for number, op in enumerate(context.migration.upgrade_ops)
        if op.origin == finding.place and not isinstance(op, ops.Execute)
    ]
    if len(found) != 1:
        raise NoFix("several operations are written as one" if found else "it is no operation of upgrade()")
    return found[0]


def _check_name_is_free(steps: list[DowngradeStep], old: tuple[Op, ...]) -> None:
    """Raise NoFix if downgrade() itself creates something of a step's name: a second object of that name cannot be created."""
    for step in steps:
        wanted = taken_names(step.op)
        for op in old:
            both = op.dialects is None or step.dialects is None or {*op.dialects} & {*step.dialects}
            twice = next((name for tracked, name in taken_names(op).items() if tracked in wanted), None)
            if both and twice:
                raise NoFix(f"downgrade() makes {twice} itself, otherwise than it was")


def _placed(context: FixContext, body: DowngradeBody, steps: list[DowngradeStep], *, is_last: bool) -> ProposedFix:
    """Offer the steps at one end of downgrade(), and at the other where that does not hold."""
    old = context.migration.downgrade_ops
    unsafe = next((step.unsafe for step in steps if step.unsafe), "")
    if any(isinstance(step.op, ops.DropTable | ops.DropColumn) for step in steps):
        unsafe = "downgrade() leaves it alone, and rows may have been written to it since"
    imports = context.names.edits()
    safety, leaves = FixSafety.UNSAFE if unsafe else FixSafety.SAFE, refused_by_rows(steps)
    proposal = partial(ProposedFix, safety=safety, why=unsafe, keeps_upgrade=True, leaves=leaves)
    first = proposal(edits=(body.at_start(steps), *imports), proof=lambda again: prove(again, steps, after=old))
    try:
        last = proposal(edits=(body.at_end(steps), *imports), proof=lambda again: prove(again, steps, before=old))
    except NoFix:
        return first
    return replace(first, otherwise=last) if is_last else replace(last, otherwise=first)


def _set(op: ops.AlterColumn) -> list[str]:
    """Return the settings that an alter_column changes."""
    settings = ("nullable", "server_default", "new_column", "type", "autoincrement", "identity", "comment")
    return [name for name in settings if getattr(op, name) is not UNSET]


def _acts(op: Op) -> bool:
    return not isinstance(op, ops.Execute | ops.Statement)


def taken_names(op: Op) -> dict[Hashable, str]:
    """Return the places of what an operation makes, as far as its names can be read, each with what it is called in a sentence.

    The indexes and constraints of a table share their names: PostgreSQL and MySQL keep a unique constraint as an index of its name.
    """
    if isinstance(op, ops.CreateObject):
        return {object_place(op.kind, op.schema, op.name): f"{op.kind} '{op.name}'"} if readable(op.name) else {}
    if not isinstance(op, ops.CreateTable | ops.AddColumn | ops.CreateIndex | ops.CreateConstraint) or not readable(op.table):
        return {}
    table = place(op.schema, op.table)
    if isinstance(op, ops.CreateTable):
        made: dict[Hashable, str] = {("table", table): f"table '{op.table}'"}
        made.update((("column", table, fold(part.name)), f"column '{part.name}'") for part in op.columns if readable(part.name))
        parts = ((part.name, fold(part.name)) for part in op.constraints if readable(part.name))
        made.update((("part", table, key), f"constraint '{name}'") for name, key in parts)
        return made
    if isinstance(op, ops.AddColumn):
        return {("column", table, fold(op.column)): f"column '{op.column}'"} if readable(op.column) else {}
    kind, name = ("index", op.index) if isinstance(op, ops.CreateIndex) else ("constraint", op.constraint)
    return {("part", table, fold(name)): f"{kind} '{name}'"} if readable(name) else {}
