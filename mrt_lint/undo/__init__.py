"""Is what upgrade() does undone in downgrade(): per object, with the same definition, in a workable order?"""

from mrt_lint.undo.ledger import Ledger, Moment, Undo

__all__ = ["Ledger", "Moment", "Undo"]
