"""What downgrade() drops for good although upgrade() did not make it."""

from __future__ import annotations

from mrt_lint.analysis.downgrade.analysis import DowngradeAnalysis
from mrt_lint.analysis.downgrade.tracked_objects import ObjectEffect, TrackedTable
from mrt_lint.history.effects import effects_of
from mrt_lint.model.ops import DropColumn, DropTable


def destroys(analysis: DowngradeAnalysis, op: DropTable | DropColumn) -> bool:
    """Return whether an operation of downgrade() drops for good what existed before upgrade() and upgrade() did not change."""
    effect = _drop(analysis, op)
    if effect is None or effect.tracked is None or effect.tracked.creator is not None:
        return False
    if any(map(analysis.upgrade_doubts.concern_thing, effects_of(op).drops)):
        return False
    if isinstance(effect.tracked.table, TrackedTable) and effect.tracked.table.creator is not None:
        return False
    return effect.namespace.now.get(effect.key) is None


def is_known(analysis: DowngradeAnalysis, op: DropTable | DropColumn) -> bool:
    """Return whether the history shows what an operation drops, or upgrade() has used it."""
    effect = _drop(analysis, op)
    if effect is None or effect.tracked is None:
        return False
    table = effect.tracked.table if isinstance(op, DropColumn) else effect.tracked
    if not isinstance(table, TrackedTable):
        return False
    former = analysis.simulated.known_schema.table(table.origin)
    shown = former is not None if isinstance(op, DropTable) else effect.tracked.definition is not None
    return shown or effect.key in effect.namespace.seen_in_upgrade


def _drop(analysis: DowngradeAnalysis, op: DropTable | DropColumn) -> ObjectEffect | None:
    return next((effect for effect in analysis.effects.get(id(op), ()) if effect.action == "dropped"), None)
