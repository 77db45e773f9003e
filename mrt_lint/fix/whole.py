"""The whole of `downgrade()`: written where it is missing or empty."""

from __future__ import annotations

from mrt_lint.fix.body import Body, new_function
from mrt_lint.fix.offer import Fix, NoFix, Offer
from mrt_lint.fix.reverse import plan_reverse
from mrt_lint.fix.scene import Scene
from mrt_lint.fix.step import Step
from mrt_lint.migration import Migration
from mrt_lint.ops import Op


def whole(scene: Scene, body: Body | None) -> Offer:
    """Offer the reverse of all that upgrade() does, in an empty body or a new function (None).

    Raises NoFix where one operation cannot be undone for certain.
    """
    steps = plan_reverse(scene)
    unsafe = [step.unsafe for step in steps if step.unsafe]
    if body is not None and body.remarks:
        unsafe.append("a comment in downgrade() may say why it is empty")
    edit = new_function(scene.text, scene.names, steps) if body is None else body.written(steps)
    return Offer(
        edits=(edit, *scene.names.edits()),
        safety=Fix.UNSAFE if unsafe else Fix.SAFE,
        why=unsafe[0] if unsafe else "",
        keeps_upgrade=True,
        proof=lambda again: prove(again, steps),
    )


def prove(again: Migration, steps: list[Step], before: tuple[Op, ...] = (), after: tuple[Op, ...] = ()) -> None:
    """Raise NoFix unless what was read of downgrade() is what was meant, step by step, between what stood there."""
    read = [op for op in again.downgrade_ops if not op.sql]
    old = [[op for op in ops if not op.sql] for ops in (before, after)]
    new = read[len(old[0]) : len(read) - len(old[1])]
    stays = read[: len(old[0])] == old[0] and read[len(read) - len(old[1]) :] == old[1]
    if not stays or len(new) != len(steps) or not all(step.is_done_by(op) for step, op in zip(steps, new, strict=True)):
        raise NoFix("what was written does not read as what was meant")
