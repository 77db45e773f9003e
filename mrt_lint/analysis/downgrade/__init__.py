"""Is what upgrade() does undone in downgrade(): per object, with the same definition, in a workable order?"""

from mrt_lint.analysis.downgrade.analysis import DowngradeAnalysis, StateBefore
from mrt_lint.analysis.downgrade.reversal import UndoStatus

__all__ = ["DowngradeAnalysis", "StateBefore", "UndoStatus"]
