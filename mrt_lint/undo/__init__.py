"""Is what upgrade() does undone in downgrade(): per object, with the same definition, in a workable order?"""

from mrt_lint.undo.fate import Undo
from mrt_lint.undo.ledger import Ledger, Moment

__all__ = ["Ledger", "Moment", "Undo"]
