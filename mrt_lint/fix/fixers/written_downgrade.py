"""MRT101, MRT102: a `downgrade()` that is missing or does nothing is written whole, or not at all."""

from __future__ import annotations

from mrt_lint.fix.downgrade_body import DowngradeBody
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.fixer import Fixer
from mrt_lint.fix.proposed_fix import NoFix, ProposedFix
from mrt_lint.fix.whole_downgrade import write_whole_downgrade
from mrt_lint.model.finding import Finding


class WholeDowngradeFixer(Fixer):
    """Writes the reverse of every operation, last first.

    It is unsafe where rows do not come back with what held them (MRT201 and MRT202 go on saying so), where what is dropped may have
    been there before, and where a comment or docstring of the empty function may say why it is empty.
    """

    codes = ("MRT101", "MRT102")

    def propose(self, context: FixContext, finding: Finding) -> ProposedFix:
        """Return the whole function. Raises NoFix if one operation cannot be undone for certain."""
        body = None if finding.code == "MRT101" else DowngradeBody(context.text, context.names)
        if body is not None and not body.is_empty:
            raise NoFix("downgrade() has statements of its own")
        return write_whole_downgrade(context, body)
