"""What downgrade() drops for good although upgrade() did not make it."""

from __future__ import annotations

from typing import TypeAlias

from mrt_lint.analysis.downgrade.analysis import DowngradeAnalysis
from mrt_lint.analysis.downgrade.tracked_objects import ObjectEffect, TrackedTable
from mrt_lint.history.effects import effects_of
from mrt_lint.model.ops import DropColumn, DropConstraint, DropIndex, DropTable
from mrt_lint.model.values import UNKNOWN

_Drop: TypeAlias = DropTable | DropColumn | DropConstraint | DropIndex


def destroys(analysis: DowngradeAnalysis, op: _Drop) -> bool:
    """Return whether an operation of downgrade() drops for good what existed before upgrade() and upgrade() did not change."""
    effect = _drop(analysis, op)
    if effect is None or effect.tracked is None or effect.tracked.creator is not None:
        return False
    is_part = isinstance(op, DropConstraint | DropIndex)
    # what is known to have been there is not what upgrade() has made without a name
    doubts = analysis.upgrade_doubts
    if doubts.anything or (not is_part and any(map(doubts.concern_thing, effects_of(op).drops))):
        return False
    if isinstance(effect.tracked.table, TrackedTable) and effect.tracked.table.creator is not None:
        return False
    return effect.namespace.now.get(effect.key) is None


def is_known(analysis: DowngradeAnalysis, op: _Drop) -> bool:
    """Return whether the history shows what an operation drops, or upgrade() has used it."""
    effect = _drop(analysis, op)
    if effect is None or effect.tracked is None:
        return False
    table = effect.tracked if isinstance(op, DropTable) else effect.tracked.table
    if not isinstance(table, TrackedTable):
        return False
    if isinstance(op, DropConstraint | DropIndex):
        return getattr(effect.tracked.definition, "columns", UNKNOWN) is not UNKNOWN
    former = analysis.simulated.known_schema.table(table.origin)
    shown = former is not None if isinstance(op, DropTable) else effect.tracked.definition is not None
    return shown or effect.key in effect.namespace.seen_in_upgrade


def _drop(analysis: DowngradeAnalysis, op: _Drop) -> ObjectEffect | None:
    return next((effect for effect in analysis.effects.get(id(op), ()) if effect.action == "dropped"), None)
