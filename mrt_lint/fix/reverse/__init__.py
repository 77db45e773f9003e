"""The operations that undo those of `upgrade()`, each with the source that performs it."""

from mrt_lint.fix.reverse.plan import ReversePlan, plan_reverse

__all__ = ["ReversePlan", "plan_reverse"]
