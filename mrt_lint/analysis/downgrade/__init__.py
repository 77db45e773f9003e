"""Is what upgrade() does undone in downgrade(): per object, with the same definition, in a workable order?"""

from mrt_lint.analysis.downgrade.analysis import DowngradeAnalysis
from mrt_lint.analysis.downgrade.reversal import UndoStatus
from mrt_lint.analysis.downgrade.state_before import StateBefore

__all__ = ["DowngradeAnalysis", "StateBefore", "UndoStatus"]
