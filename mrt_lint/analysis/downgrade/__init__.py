"""Is what upgrade() does undone in downgrade(): per object, with the same definition, in a workable order?"""

from mrt_lint.analysis.downgrade.analysis import Ledger, Moment
from mrt_lint.analysis.downgrade.reversal import Undo

__all__ = ["Ledger", "Moment", "Undo"]
